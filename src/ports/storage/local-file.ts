/** A stored file on local disk for as long as somebody works on it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStorage } from './blob-storage.ts';

/** Fetches the file, hands over its path, and removes it whatever happens. */
export async function withLocalFile<Result>(
  { storage, scratchDir }: { readonly storage: Pick<BlobStorage, 'getToFile'>; readonly scratchDir: string },
  storageKey: string,
  signal: AbortSignal,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(scratchDir, { recursive: true });
  const folder = await mkdtemp(join(scratchDir, 'book-'));
  try {
    const path = join(folder, 'book.epub');
    await storage.getToFile(storageKey, path, { signal });
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
