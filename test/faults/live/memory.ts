/**
 * The memory of a process of the program: what it keeps after a full garbage collection.
 *
 * The process is started with `memoryEnv`, which makes it collect and write its figures whenever it gets SIGUSR2.
 */
import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { waitFor } from '../harness/wait.ts';

const SAMPLE_TIMEOUT_MS = 30_000;
const sampleSchema = z.object({ rssBytes: z.number(), heapBytes: z.number() });
export type MemorySample = z.infer<typeof sampleSchema>;

/** Variables for a process whose memory is asked for. @param file where it writes its figures */
export const memoryEnv = (file: string): Record<string, string> => ({
  NODE_OPTIONS: `--expose-gc --import ${fileURLToPath(new URL('tell-memory.ts', import.meta.url))}`,
  MEMORY_FILE: file,
});

/** Collects garbage in the process, then reads what is left. */
export async function memoryOf(pid: number, file: string): Promise<MemorySample> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  return waitFor('the figures of the memory', SAMPLE_TIMEOUT_MS, async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    return text.endsWith('\n') && sampleSchema.parse(JSON.parse(text));
  });
}
