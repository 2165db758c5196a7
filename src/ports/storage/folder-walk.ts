/** Walks through folders that others change meanwhile: what is gone when it is looked at is passed over. */
import { opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file in a folder and in those inside it; none when there is no such folder. */
export async function* filesIn(path: string, signal?: AbortSignal): AsyncIterable<string> {
  const folder = await unlessGone(opendir(path));
  if (!folder) return;
  for await (const entry of folder) {
    signal?.throwIfAborted();
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* filesIn(inside, signal);
    else if (entry.isFile()) yield inside;
  }
}

/**
 * Deletes the files of a folder that were last written before then.
 * @param begins of their names. (Default: any)
 * @returns how many
 */
export async function deleteOlderFiles(path: string, before: Date, begins = ''): Promise<number> {
  const folder = await unlessGone(opendir(path));
  if (!folder) return 0;
  let deleted = 0;
  for await (const entry of folder) {
    if (!entry.isFile() || !entry.name.startsWith(begins)) continue;
    const file = join(path, entry.name);
    const found = await unlessGone(stat(file));
    if (!found || found.mtime >= before) continue;
    await rm(file, { force: true });
    deleted += 1;
  }
  return deleted;
}

/** Null when it is not there any more. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  return work.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
}
