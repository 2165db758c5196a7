import { eq, sql } from 'drizzle-orm';
import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { editions, entitlements, files, orders, revisions, works } from '../../src/db/tables/index.ts';
import { coverLink, downloadLink, previewCoverLink, uploadLink } from '../../src/schema/links.ts';
import { useApi } from '../schema/support/api.ts';

const api = useApi();
const BYTES = Buffer.from('not an EPUB, but bytes all the same');
const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);

async function announce(fault: Partial<typeof files.$inferInsert> = {}) {
  const { id: ownerId } = await api.signUp('AUTHOR');
  const id = newId();
  const announced = {
    name: 'a.epub',
    mediaType: 'application/epub+zip',
    sizeBytes: BYTES.length,
    sha256: sha256Of(BYTES),
  };
  await api.db
    .insert(files)
    .values({ id, ownerId, ...announced, storageKey: `uploads/${id}.epub`, expiresAt: inMinutes(15), ...fault });
  return { id, ownerId, key: `uploads/${id}.epub`, url: uploadLink(api.services, { id, expiresAt: inMinutes(15) }) };
}
const put = async (url: string, body: Uint8Array<ArrayBuffer> | ReadableStream) => {
  const init: RequestInit & { duplex: 'half' } = { method: 'PUT', body, duplex: 'half' };
  const response = await fetch(url, init);
  return { status: response.status, body: await response.text() };
};

describe('an upload', () => {
  test('is stored whole, and its SHA-256 told', async () => {
    const { url, key } = await announce();
    const answer = await put(url, BYTES);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { sizeBytes: BYTES.length, sha256: sha256Of(BYTES) },
    ]);
    expect(await api.services.storage.exists(key)).toBe(true);
  });

  test('that is not what was announced leaves nothing behind', async () => {
    const { url, key } = await announce();
    const other = Buffer.alloc(BYTES.length, 1);
    expect(await put(url, other)).toMatchObject({ status: 422, body: expect.stringContaining('UPLOAD_MISMATCH') });
    expect(await put(url, BYTES.subarray(1))).toMatchObject({ status: 422 });
    expect(await api.services.storage.exists(key)).toBe(false);
  });

  test('is cut off when more comes than was announced', async () => {
    const { url, key } = await announce();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
    });
    await put(url, endless).then(
      ({ status }) => expect(status).toBe(413),
      // The connection may be closed before the answer is read.
      (error: Error) => expect(error.message).toContain('fetch failed'),
    );
    expect(await api.services.storage.exists(key)).toBe(false);
  });

  test('is cut off by another of the same file, so that a link fills the disk once', async () => {
    const { url, key } = await announce();
    const halting = new ReadableStream({
      start: (controller) => controller.enqueue(BYTES.subarray(1)),
      pull: () => new Promise(() => {}),
    });
    let isCutOff = false;
    put(url, halting).catch(() => (isCutOff = true));
    // It may have come first or not; whichever begins later goes on.
    await vi.waitFor(async () => {
      expect(await put(url, BYTES)).toMatchObject({ status: 200 });
      expect(isCutOff).toBe(true);
    }, 5_000);
    expect(await api.services.storage.exists(key)).toBe(true);
    expect(api.lines).toEqual([]);
  });

  test('needs a URL of ours, for this file, in its time', async () => {
    const { url, id } = await announce();
    const other = await announce();
    expect(await put(url.replace(id, other.id), BYTES)).toMatchObject({ status: 403 });
    expect(await put(`${api.url}/uploads/${id}`, BYTES)).toMatchObject({ status: 403 });
    const expired = uploadLink(api.services, { id, expiresAt: inMinutes(-1) });
    expect(await put(expired, BYTES)).toMatchObject({ status: 403, body: expect.stringContaining('LINK_EXPIRED') });
  });

  test('is refused once it was completed', async () => {
    const { url, id } = await announce();
    await api.db.execute(sql`update file set state = 'STORED' where id = ${id}`);
    expect(await put(url, BYTES)).toMatchObject({ status: 409 });
  });
});

async function sell() {
  const { id: fileId, ownerId } = await announce({ state: 'STORED', storageKey: `files/${randomUUID()}.epub` });
  const [file] = await api.db
    .select()
    .from(files)
    .where(sql`id = ${fileId}`);
  if (!file) throw new Error('no file');
  await api.services.storage.put(file.storageKey, BYTES, { contentType: file.mediaType, sizeBytesMax: 1_000 });
  const [workId, editionId, revisionId] = [newId(), newId(), newId()];
  const cover = `covers/${revisionId}/320.jpg`;
  await api.services.storage.put(cover, BYTES, { contentType: 'image/jpeg', sizeBytesMax: 1_000 });
  const extracted = { covers: [{ width: 320, height: 480, storageKey: cover, mediaType: 'image/jpeg' }] };
  await api.db.insert(works).values({ id: workId, ownerId, title: 'T' });
  await api.db.insert(editions).values({ id: editionId, workId, ownerId, saleStatus: 'PUBLISHED' });
  const title = 'Ça "va"; ok';
  await api.db
    .insert(revisions)
    .values({ id: revisionId, editionId, number: 1, status: 'PUBLISHED', title, fileId, extracted });
  await api.db.execute(sql`update edition set live_revision_id = ${revisionId} where id = ${editionId}`);
  return { editionId, cover: coverLink(api.services, cover) };
}

describe('a download', () => {
  async function buy() {
    const { editionId } = await sell();
    const { id: readerId } = await api.signUp();
    const [orderId, id] = [newId(), newId()];
    await api.db
      .insert(orders)
      .values({ id: orderId, buyerId: readerId, status: 'COMPLETED', amountMinor: 1, currency: 'EUR' });
    await api.db.insert(entitlements).values({ id, readerId, editionId, orderId });
    return { id, url: downloadLink(api.services, { entitlementId: id, readerId }).url };
  }

  test('is the book, byte for byte, as something to keep and never to run', async () => {
    const { url } = await buy();
    const response = await fetch(url);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(BYTES);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="[ -~]+"; filename\*=UTF-8''%C3%87a/,
    );
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect(response.headers.get('cache-control')).toBe('private, no-store');
  });

  test('is refused when the right was lost after the link was made', async () => {
    const { id, url } = await buy();
    await api.db.execute(sql`update entitlement set status = 'REVOKED' where id = ${id}`);
    expect((await fetch(url)).status).toBe(403);
  });

  test('needs a link of ours', async () => {
    const { id, url } = await buy();
    expect((await fetch(`${api.url}/downloads/${id}`)).status).toBe(403);
    expect((await fetch(url.replace('signature=', 'signature=A'))).status).toBe(403);
  });
});

describe('a cover', () => {
  test('is public while its book is on sale', async () => {
    const { editionId, cover } = await sell();
    const response = await fetch(cover);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(response.headers.get('cache-control')).toContain('public');
    await api.db.execute(sql`update edition set sale_status = 'UNPUBLISHED' where id = ${editionId}`);
    expect((await fetch(cover)).status).toBe(404);
  });

  test('that is not on sale is shown by a signed link only', async () => {
    const { editionId, cover } = await sell();
    await api.db.update(editions).set({ saleStatus: 'UNPUBLISHED' }).where(eq(editions.id, editionId));
    const preview = previewCoverLink(api.services, cover.slice(cover.indexOf('covers/')));
    const response = await fetch(preview);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toContain('private');
    expect((await fetch(cover)).status).toBe(404);
    expect((await fetch(`${cover}?expires=1&signature=x`)).status).toBe(403);
  });

  test.each(['covers/x/320', `covers/${newId()}/320`, 'covers', 'covers/../files/x'])('is not %s', async (path) => {
    expect((await fetch(`${api.url}/${path}`)).status).toBe(404);
  });
});
