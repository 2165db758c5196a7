/**
 * The child's program: takes one task from its parent, does it, sends the result, waits to be killed.
 *
 * Runs only as started by child-process.ts; imported by nobody.
 */
import { z } from 'zod';
import { Archive } from './archive.ts';
import { checkStructure } from './structure.ts';
import type { Progress } from './structure.ts';

const PROGRESS_INTERVAL_MS = 100;

const taskSchema = z.discriminatedUnion('task', [
  z.object({ task: z.enum(['validate', 'extract']), path: z.string() }),
  z.object({ task: z.literal('chapter'), path: z.string(), index: z.int(), wordsMax: z.int().nullable() }),
]);

process.once('message', (raw) => {
  void run(taskSchema.parse(raw)).catch((error: unknown) => {
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
// A parent that is gone needs no result.
process.once('disconnect', () => process.exit(0));

async function run(asked: z.infer<typeof taskSchema>): Promise<void> {
  const { task, path } = asked;
  const archive = await Archive.open(path);
  if (task === 'validate') {
    await validate(archive, path);
    return;
  }
  if (task === 'chapter') {
    const { makeChapterPage } = await import('./chapter-page.ts');
    send({ type: 'result', value: await makeChapterPage(archive, asked) });
    return;
  }
  const { extractBook } = await import('./extract-book.ts');
  send({ type: 'result', value: await extractBook(archive, path, sendProgress()) });
}

async function validate(archive: Archive, path: string): Promise<void> {
  const { log, document } = await checkStructure(archive, sendProgress());
  const { hostile, blocking, findings, findingCount } = log;
  // The checker blocks this thread: the verdict must have left before it begins.
  await sent({ type: 'part', value: { hostile, blocking, findings, findingCount } });
  if (hostile.length > 0 || document === null) {
    send({ type: 'result', value: null });
    return;
  }
  await sent({ type: 'progress', step: 'report', doneCount: 0, totalCount: 1 });
  const { runChecker } = await import('./checker.ts');
  send({ type: 'result', value: await runChecker(path) });
}

/** Progress is worth a message ten times a second, not for each of two thousand chapters. */
function sendProgress(): Progress {
  let sentAt = 0;
  return (step, doneCount, totalCount) => {
    const now = performance.now();
    if (now - sentAt < PROGRESS_INTERVAL_MS) return;
    sentAt = now;
    send({ type: 'progress', step, doneCount, totalCount });
  };
}

async function sent(message: object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send?.(message, () => resolve());
  await promise;
}

function send(message: object): void {
  process.send?.(message);
}
