/**
 * BlobStorage in a local folder, by flydrive's file system driver.
 *
 * Writes go to `.incoming/` in the same folder and are renamed into place, so a key never shows half a file. What a kill
 * left in `.incoming/` is never served. The API receives and sends the bytes itself: there are no signed URLs.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FSDriver } from 'flydrive/drivers/fs';
import { BlobNotFoundError, BlobStorageError, BlobStorageUnavailableError, checkBlobKey } from './blob-storage.ts';
import type { BlobStorage } from './blob-storage.ts';
import { deleteOlderFiles, filesIn, unlessGone } from './folder-walk.ts';
import { inFolderOf, spoolToFile } from './spool.ts';

export function createFolderStorage(options: { readonly folderPath: string }): BlobStorage {
  const root = resolve(options.folderPath);
  const driver = new FSDriver({ location: root, visibility: 'private' });
  const pathOf = (key: string): string => {
    checkBlobKey(key);
    return join(root, key);
  };
  const incomingPath = (): string => join(root, '.incoming', randomUUID());

  async function place(from: string, to: string): Promise<void> {
    try {
      await inFolderOf(to, () => rename(from, to));
    } catch (error) {
      await rm(from, { force: true });
      throw error;
    }
  }

  async function openBlob(key: string, signal: AbortSignal | undefined): Promise<Readable> {
    const file = await open(pathOf(key), 'r');
    if ((await file.stat()).isFile()) return file.createReadStream(signal === undefined ? {} : { signal });
    await file.close();
    throw new BlobNotFoundError(key);
  }

  return {
    put: (key, content, limits) =>
      guard(key, async () => {
        const target = pathOf(key);
        const incoming = incomingPath();
        const receipt = await spoolToFile(content, incoming, limits);
        await place(incoming, target);
        return receipt;
      }),
    get: (key, options) => guard(key, () => openBlob(key, options?.signal)),
    getToFile: (key, path, options) =>
      guard(key, async () => {
        await streamToFile(await openBlob(key, undefined), path, options?.signal);
        return { sizeBytes: (await stat(path)).size };
      }),
    stat: (key) =>
      guard(key, async () => {
        checkBlobKey(key);
        if (!(await driver.exists(key))) throw new BlobNotFoundError(key);
        const { contentLength, contentType, lastModified } = await driver.getMetaData(key);
        return { sizeBytes: contentLength, contentType: contentType ?? null, modifiedAt: lastModified };
      }),
    exists: (key) =>
      unlessAbsent(
        key,
        () => {
          checkBlobKey(key);
          return driver.exists(key);
        },
        false,
      ),
    copy: (from, to) =>
      guard(from, async () => {
        const [source, target, incoming] = [pathOf(from), pathOf(to), incomingPath()];
        await mkdir(dirname(incoming), { recursive: true });
        await copyFile(source, incoming);
        await place(incoming, target);
      }),
    move: (from, to) =>
      guard(from, async () => {
        const [source, target] = [pathOf(from), pathOf(to)];
        await stat(source);
        await mkdir(dirname(target), { recursive: true });
        await rename(source, target);
      }),
    delete: (key) =>
      unlessAbsent(
        key,
        () => {
          checkBlobKey(key);
          return driver.delete(key);
        },
        undefined,
      ),
    async *list(folder, options) {
      checkBlobKey(folder);
      for await (const path of filesIn(join(root, folder), options?.signal)) {
        const found = await unlessGone(stat(path));
        if (found?.isFile()) yield { key: relative(root, path).split(sep).join('/'), modifiedAt: found.mtime };
      }
    },
    deleteUnfinished: (before) => deleteOlderFiles(join(root, '.incoming'), before),
    signedPutUrl: () => Promise.resolve(null),
    signedGetUrl: () => Promise.resolve(null),
    async checkHealth() {
      try {
        const probe = incomingPath();
        await mkdir(dirname(probe), { recursive: true });
        await writeFile(probe, '', { flag: 'wx' });
        await rm(probe);
      } catch (error) {
        throw unusable(error);
      }
    },
  };
}

/** Writes a stream to `path`, which appears only when whole. */
export async function streamToFile(source: Readable, path: string, signal: AbortSignal | undefined): Promise<void> {
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(source, createWriteStream(partial, { flags: 'wx' }), signal === undefined ? {} : { signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function guard<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BlobStorageError || !(error instanceof Error)) throw error;
    const code = 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new BlobNotFoundError(key, { cause: error });
    if (typeof code === 'string' && /^(?:ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|EMFILE|ENFILE|EISDIR)$/.test(code)) {
      throw unusable(error);
    }
    throw error;
  }
}

async function unlessAbsent<T>(key: string, work: () => Promise<T>, absent: T): Promise<T> {
  try {
    return await guard(key, work);
  } catch (error) {
    if (error instanceof BlobNotFoundError) return absent;
    throw error;
  }
}

function unusable(cause: unknown): BlobStorageUnavailableError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new BlobStorageUnavailableError(
    `The storage folder cannot be used (${said}). Check its space and permissions.`,
    { cause },
  );
}
