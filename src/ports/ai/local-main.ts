/** The local enricher's program: describes one text for its parent, which started it by child-processes/child-process.ts. */
import { z } from 'zod';
import { serveTask } from '../../child-processes/serve-task.ts';
import { describeText } from './describe-text.ts';

const taskSchema = z.object({ text: z.string(), language: z.string() });

serveTask(async (raw) => {
  const { text, language } = taskSchema.parse(raw);
  return describeText(text, language);
});
