/**
 * Writes content of unknown length to a new file, measuring it on the way.
 * Promise: the file is whole and synced to disk when this resolves, and gone when it throws.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { BlobTooLargeError } from './blob-storage.ts';
import type { PutReceipt } from './blob-storage.ts';

interface Limits {
  readonly sizeBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws BlobTooLargeError, or what the source throws */
export const spoolToFile = (content: Readable | Uint8Array, path: string, limits: Limits): Promise<PutReceipt> =>
  content instanceof Readable ? spoolStream(content, path, limits) : writeBytes(content, path, limits);

const NEW_SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC;

/** What is in memory already is written and synced by one call. */
async function writeBytes(bytes: Uint8Array, path: string, { sizeBytesMax, signal }: Limits): Promise<PutReceipt> {
  signal?.throwIfAborted();
  if (bytes.length > sizeBytesMax) throw new BlobTooLargeError(sizeBytesMax);
  try {
    await inFolderOf(path, () => writeFile(path, bytes, { flag: NEW_SYNCED, signal }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function spoolStream(source: Readable, path: string, limits: Limits): Promise<PutReceipt> {
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
