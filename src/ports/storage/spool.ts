/**
 * Writes content of unknown length to a new file, measuring it on the way.
 * Promise: the file is whole and synced to disk when this resolves, and gone when it throws.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { BlobTooLargeError } from './blob-storage.ts';
import type { PutReceipt } from './blob-storage.ts';

/** @throws BlobTooLargeError, or what the source throws */
export async function spoolToFile(
  content: Readable | Uint8Array,
  path: string,
  limits: { readonly sizeBytesMax: number; readonly signal?: AbortSignal | undefined },
): Promise<PutReceipt> {
  const source = content instanceof Readable ? content : Readable.from([content]);
  const onAbort = (): void => {
    source.destroy(limits.signal?.reason instanceof Error ? limits.signal.reason : new Error('The put was aborted.'));
  };
  // An abort or a break before the reading begins: the reading itself tells it.
  source.on('error', () => undefined);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    limits.signal?.throwIfAborted();
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    const file = await inFolderOf(path, () => open(path, 'wx'));
    try {
      for await (const part of source) {
        const bytes = Buffer.from(part);
        sizeBytes += bytes.length;
        if (sizeBytes > limits.sizeBytesMax) throw new BlobTooLargeError(limits.sizeBytesMax);
        hash.update(bytes);
        await file.writeFile(bytes);
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    return { sizeBytes, sha256: hash.digest('hex') };
  } catch (error) {
    source.destroy();
    await rm(path, { force: true });
    throw error;
  } finally {
    limits.signal?.removeEventListener('abort', onAbort);
  }
}

/** Makes the folder of `path` when it turns out to be missing: it nearly never is, and making it costs as much as a write. */
export async function inFolderOf<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true });
    return work();
  }
}
