import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolderStorage } from '../../../src/ports/storage/folder-storage.ts';
import { contentDisposition, createS3Storage } from '../../../src/ports/storage/s3-storage.ts';
import { describeBlobStorage } from './conformance.ts';
import { startS3Server } from './s3-server.ts';
import type { S3Server } from './s3-server.ts';

const S3 = { bucket: 'books', accessKeyId: 'test-id', secretAccessKey: 'test-secret' };

describeBlobStorage('local folder', async () => {
  const folderPath = await mkdtemp(join(tmpdir(), 'booky-folder-'));
  return { storage: createFolderStorage({ folderPath }), stop: () => rm(folderPath, { recursive: true }) };
});

describeBlobStorage('S3 over HTTP', async () => {
  const server = await startS3Server(S3.bucket, S3.accessKeyId);
  const storage = createS3Storage({ ...S3, endpoint: server.url });
  return {
    storage,
    async stop() {
      storage.close();
      await server.stop();
    },
  };
});

describe('folder storage', () => {
  it('leaves nothing in its incoming folder after puts that fail, and signs no URLs', async () => {
    const folderPath = await mkdtemp(join(tmpdir(), 'booky-folder-'));
    const storage = createFolderStorage({ folderPath });
    for (const content of [Buffer.alloc(11), Readable.from([Buffer.alloc(6), Buffer.alloc(5)])]) {
      const put = storage.put('a.epub', content, { contentType: 'x/y', sizeBytesMax: 10 });
      await expect(put).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE', sizeBytesMax: 10 });
    }
    expect(await readdir(join(folderPath, '.incoming'))).toEqual([]);
    const options = { expiresInMs: 1_000, contentType: 'x/y', sizeBytesMax: 1, fileName: 'a' };
    expect(await storage.signedPutUrl('a.epub', options)).toBeNull();
    expect(await storage.signedGetUrl('a.epub', options)).toBeNull();
    await rm(folderPath, { recursive: true });
  });

  it('says in plain words that its folder cannot be used', async () => {
    const folderPath = await mkdtemp(join(tmpdir(), 'booky-folder-'));
    await writeFile(join(folderPath, '.incoming'), 'a file where a folder should be');
    await expect(createFolderStorage({ folderPath }).checkHealth()).rejects.toMatchObject({
      code: 'BLOB_STORAGE_UNAVAILABLE',
    });
    await rm(folderPath, { recursive: true });
  });
});

describe('S3 storage', () => {
  let server: S3Server;
  let storage: ReturnType<typeof createS3Storage>;
  beforeAll(async () => {
    server = await startS3Server(S3.bucket, S3.accessKeyId);
    storage = createS3Storage({ ...S3, endpoint: server.url, idleTimeoutMs: 2_000 });
  });
  afterAll(async () => {
    storage.close();
    await server.stop();
  });

  it('signs a PUT and a GET that a plain client can use', async () => {
    const body = Buffer.from('straight into the bucket');
    const put = await storage.signedPutUrl('direct.epub', {
      expiresInMs: 60_000,
      contentType: 'application/epub+zip',
      sizeBytesMax: 1_000,
      sizeBytes: body.length,
    });
    if (put === null) throw new Error('expected a signed URL');
    expect(new URL(put.url).searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host');
    expect(new URL(put.url).searchParams.get('X-Amz-Expires')).toBe('60');
    expect((await fetch(put.url, { method: 'PUT', headers: put.headers, body })).status).toBe(200);
    expect(await storage.stat('direct.epub')).toMatchObject({ sizeBytes: body.length });

    const url = await storage.signedGetUrl('direct.epub', {
      expiresInMs: 60_000,
      fileName: 'Böse "Geister".epub',
      contentType: 'application/epub+zip',
    });
    const response = await fetch(url ?? '');
    expect(await response.text()).toBe(body.toString());
    expect(response.headers.get('content-disposition')).toBe(contentDisposition('Böse "Geister".epub'));
  });

  it('is unavailable when the server fails, when the key is wrong, and when nothing listens', async () => {
    server.failWith = 500;
    await expect(storage.stat('direct.epub')).rejects.toMatchObject({ code: 'BLOB_STORAGE_UNAVAILABLE' });
    server.failWith = null;
    const stranger = createS3Storage({ ...S3, accessKeyId: 'stranger', endpoint: server.url });
    await expect(stranger.checkHealth()).rejects.toMatchObject({ code: 'BLOB_STORAGE_UNAVAILABLE' });
    stranger.close();
    const nowhere = createS3Storage({ ...S3, endpoint: 'http://127.0.0.1:1' });
    await expect(nowhere.checkHealth()).rejects.toMatchObject({ code: 'BLOB_STORAGE_UNAVAILABLE' });
    nowhere.close();
  });

  it('is unavailable when the bucket does not exist', async () => {
    const other = createS3Storage({ ...S3, bucket: 'other', endpoint: server.url });
    await expect(other.checkHealth()).rejects.toMatchObject({ code: 'BLOB_STORAGE_UNAVAILABLE' });
    other.close();
  });

  it('names a download for old and new clients', () => {
    expect(contentDisposition('Böse "Geister"\r\n.epub')).toBe(
      `attachment; filename="B_se _Geister___.epub"; filename*=UTF-8''B%C3%B6se%20%22Geister%22%0D%0A.epub`,
    );
  });
});
