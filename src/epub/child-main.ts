/**
 * The child's program: reads one book for its parent, which started it by child-processes/child-process.ts.
 */
import { z } from 'zod';
import { serveTask, type ToParent } from '../child-processes/serve-task.ts';
import { Archive } from './archive.ts';
import { checkStructure } from './structure.ts';
import type { Progress } from './structure.ts';

const PROGRESS_INTERVAL_MS = 100;

const taskSchema = z.discriminatedUnion('task', [
  z.object({ task: z.enum(['validate', 'extract']), path: z.string() }),
  z.object({ task: z.literal('chapter'), path: z.string(), index: z.int(), wordsMax: z.int().nullable() }),
]);
/** What this program takes. */
export type BookTask = z.infer<typeof taskSchema>;

serveTask(async (raw, parent) => {
  const asked = taskSchema.parse(raw);
  const archive = await Archive.open(asked.path);
  if (asked.task === 'validate') return validate(archive, asked.path, parent);
  if (asked.task === 'chapter') {
    const { makeChapterPage } = await import('./chapter-page.ts');
    return makeChapterPage(archive, asked);
  }
  const { extractBook } = await import('./extract-book.ts');
  return extractBook(archive, asked.path, sometimes(parent));
});

async function validate(archive: Archive, path: string, parent: ToParent): Promise<unknown> {
  const { log, document } = await checkStructure(archive, sometimes(parent));
  const { hostile, blocking, findings, findingCount } = log;
  // The checker blocks this thread: the verdict must have left before it begins.
  await parent.part({ hostile, blocking, findings, findingCount });
  if (hostile.length > 0 || document === null) return null;
  await parent.progress('report', 0, 1);
  const { runChecker } = await import('./checker.ts');
  return runChecker(path);
}

/** Progress is worth a message ten times a second, not for each of two thousand chapters. */
function sometimes(parent: ToParent): Progress {
  let sentAt = 0;
  return (step, doneCount, totalCount) => {
    const now = performance.now();
    if (now - sentAt < PROGRESS_INTERVAL_MS) return;
    sentAt = now;
    void parent.progress(step, doneCount, totalCount);
  };
}
