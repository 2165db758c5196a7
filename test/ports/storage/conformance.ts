/** What every storage adapter must do, as a suite to call with a factory. A new adapter passes it unchanged. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobKeyInvalidError, BlobNotFoundError, BlobTooLargeError } from '../../../src/ports/storage/blob-storage.ts';
import type { BlobStorage } from '../../../src/ports/storage/blob-storage.ts';

export interface StorageUnderTest {
  readonly storage: BlobStorage;
  stop(): Promise<void>;
}

export function describeBlobStorage(name: string, start: () => Promise<StorageUnderTest>): void {
  describe(`storage port: ${name}`, () => {
    let under: StorageUnderTest;
    let folder: string;
    beforeAll(async () => {
      under = await start();
      folder = await mkdtemp(join(tmpdir(), 'booky-blobs-'));
    });
    afterAll(async () => {
      await under.stop();
      await rm(folder, { recursive: true });
    });
    const limits = { contentType: 'application/epub+zip', sizeBytesMax: 4_000_000 };
    const read = async (key: string): Promise<string> => (await buffer(await under.storage.get(key))).toString();

    it('stores a buffer and tells its size and SHA-256', async () => {
      const content = randomBytes(100_000);
      const receipt = await under.storage.put('books/a.epub', content, limits);
      expect(receipt).toEqual({ sizeBytes: 100_000, sha256: createHash('sha256').update(content).digest('hex') });
      expect((await buffer(await under.storage.get('books/a.epub'))).equals(content)).toBe(true);
    });

    it('stores a stream of many parts', async () => {
      const part = randomBytes(64 * 1024);
      const stream = Readable.from(Array.from({ length: 40 }, () => part));
      const receipt = await under.storage.put('books/stream.epub', stream, limits);
      expect(receipt.sizeBytes).toBe(40 * part.length);
      const stat = await under.storage.stat('books/stream.epub');
      expect(stat).toMatchObject({ sizeBytes: 40 * part.length, contentType: 'application/epub+zip' });
      expect(Math.abs(Date.now() - stat.modifiedAt.getTime())).toBeLessThan(60_000);
    });

    it('lists what a folder holds, however deep and however much', async () => {
      const keys = ['listed/a.epub', 'listed/b/c.epub', 'listed/b/d/e.epub', 'listed/f', 'listed/g'];
      for (const key of keys) await under.storage.put(key, Buffer.from('x'), limits);
      await under.storage.put('listed-not/a.epub', Buffer.from('x'), limits);
      const found = await Array.fromAsync(under.storage.list('listed'));
      expect(found.map(({ key }) => key).toSorted()).toEqual(keys);
      for (const { modifiedAt } of found) expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(60_000);
      expect(await Array.fromAsync(under.storage.list('nothing'))).toEqual([]);
    });

    it('takes an abort that comes before the first byte is read', async () => {
      const leaving = new AbortController();
      const source = new Readable({ read: () => undefined });
      const put = under.storage.put('aborted.epub', source, { ...limits, signal: leaving.signal });
      leaving.abort();
      await expect(put).rejects.toThrow(/abort/i);
      expect(await under.storage.exists('aborted.epub')).toBe(false);
    });

    it('deletes nothing that is still being put', async () => {
      expect(await under.storage.deleteUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    });

    it('stores an empty file', async () => {
      expect(await under.storage.put('empty.epub', Buffer.alloc(0), limits)).toMatchObject({ sizeBytes: 0 });
      expect(await read('empty.epub')).toBe('');
    });

    it('refuses one byte more than allowed and keeps what was there', async () => {
      await under.storage.put('capped.epub', Buffer.from('old'), limits);
      const put = under.storage.put('capped.epub', Readable.from([Buffer.alloc(6), Buffer.alloc(5)]), {
        ...limits,
        sizeBytesMax: 10,
      });
      await expect(put).rejects.toThrow(BlobTooLargeError);
      expect(await read('capped.epub')).toBe('old');
    });

    it('keeps what was there when the source breaks or the caller aborts', async () => {
      await under.storage.put('broken.epub', Buffer.from('old'), limits);
      const broken = Readable.from(
        (function* parts() {
          yield Buffer.from('half');
          throw new Error('the client went away');
        })(),
      );
      await expect(under.storage.put('broken.epub', broken, limits)).rejects.toThrow('the client went away');
      const endless = new Readable({ read: () => undefined });
      const signal = AbortSignal.timeout(20);
      await expect(under.storage.put('broken.epub', endless, { ...limits, signal })).rejects.toThrow(/abort/);
      expect(await read('broken.epub')).toBe('old');
    });

    it('copies, moves over what is there, and deletes', async () => {
      await under.storage.put('one.epub', Buffer.from('one'), limits);
      await under.storage.put('two.epub', Buffer.from('two'), limits);
      await under.storage.copy('one.epub', 'deep/er/copy.epub');
      expect(await read('deep/er/copy.epub')).toBe('one');
      await under.storage.move('one.epub', 'two.epub');
      expect(await read('two.epub')).toBe('one');
      expect(await under.storage.exists('one.epub')).toBe(false);
      await under.storage.delete('two.epub');
      await under.storage.delete('two.epub');
      expect(await under.storage.exists('two.epub')).toBe(false);
    });

    it('reads into a file that appears whole, and leaves nothing behind when there is nothing to read', async () => {
      await under.storage.put('file.epub', Buffer.from('bytes'), limits);
      const path = join(folder, 'out.epub');
      expect(await under.storage.getToFile('file.epub', path)).toEqual({ sizeBytes: 5 });
      expect(await readFile(path, 'utf8')).toBe('bytes');
      await expect(under.storage.getToFile('none.epub', join(folder, 'none'))).rejects.toThrow(BlobNotFoundError);
      expect(await readdir(folder)).toEqual(['out.epub']);
    });

    it('says NOT_FOUND for every read of a key that holds nothing', async () => {
      await expect(under.storage.get('none.epub')).rejects.toThrow(BlobNotFoundError);
      await expect(under.storage.stat('none.epub')).rejects.toThrow(BlobNotFoundError);
      await expect(under.storage.copy('none.epub', 'x.epub')).rejects.toThrow(BlobNotFoundError);
      await expect(under.storage.move('none.epub', 'x.epub')).rejects.toThrow(BlobNotFoundError);
    });

    it.each([
      '../x',
      'a/../x',
      '/etc/passwd',
      'a//b',
      'a\\..\\b',
      '.incoming/x',
      'a/',
      '',
      'a b',
      'ü',
      'a'.repeat(513),
    ])('refuses the key %j everywhere', async (key) => {
      await expect(under.storage.put(key, Buffer.from('x'), limits)).rejects.toThrow(BlobKeyInvalidError);
      await expect(under.storage.get(key)).rejects.toThrow(BlobKeyInvalidError);
      await expect(under.storage.getToFile(key, join(folder, 'no'))).rejects.toThrow(BlobKeyInvalidError);
      await expect(under.storage.delete(key)).rejects.toThrow(BlobKeyInvalidError);
      await expect(under.storage.move('empty.epub', key)).rejects.toThrow(BlobKeyInvalidError);
      await expect(under.storage.copy(key, 'x')).rejects.toThrow(BlobKeyInvalidError);
    });

    it('holds nothing under a key that others begin with, or that begins with another', async () => {
      await under.storage.put('shelf/a.epub', Buffer.from('a'), limits);
      for (const key of ['shelf', 'shelf/a.epub/b.epub']) {
        expect(await under.storage.exists(key)).toBe(false);
        await expect(under.storage.get(key)).rejects.toThrow(BlobNotFoundError);
        await expect(under.storage.stat(key)).rejects.toThrow(BlobNotFoundError);
        await expect(under.storage.getToFile(key, join(folder, 'no'))).rejects.toThrow(BlobNotFoundError);
      }
      await under.storage.delete('shelf/a.epub/b.epub');
      expect(await read('shelf/a.epub')).toBe('a');
    });

    it('reports its health', async () => {
      await expect(under.storage.checkHealth()).resolves.toBeUndefined();
    });
  });
}
