/** One reading of one book in a child process that can be killed (child-main.ts is its program). */
import { type ChildOutcome, runInChild } from '../child-processes/index.ts';
import type { BookTask } from './child-main.ts';

const program = new URL('child-main.ts', import.meta.url);

export const runInBookChild = (
  task: BookTask,
  options: Omit<Parameters<typeof runInChild>[1], 'program'>,
): Promise<ChildOutcome> => runInChild(task, { ...options, program });
