import { and, eq, sql } from 'drizzle-orm';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/db/tables/columns.ts';
import { editions, entitlements, files, orders, revisions, works } from '../../src/db/tables/index.ts';
import { buildEpub } from '../../src/epub/build.ts';
import { globalId } from '../../src/books/global-id.ts';
import { readingLink, sampleLink } from '../../src/schema/links.ts';
import { ALLOWED_ORIGIN, useApi } from '../schema/support/api.ts';

const clock = { aheadMs: 0 };
const api = useApi({ now: () => new Date(Date.now() + clock.aheadMs) });
const HALF_HOUR_MS = 30 * 60_000;

const WORDS = 'The keeper counts the tides again and writes them down. '.repeat(40);
const epub = await buildEpub({
  title: 'Tides',
  language: 'en',
  chapters: [1, 2, 3, 4].map((number) => ({
    title: `Chapter ${number}`,
    paragraphs: [`Day ${number}. ${WORDS}`],
    bodyXhtml:
      number === 1
        ? '<script>alert(1)</script><p><a href="chapter-002.xhtml">on</a><a href="chapter-004.xhtml">end</a></p>'
        : '',
  })),
});
const otherEpub = () =>
  buildEpub({ title: 'Other', language: 'en', chapters: [{ title: 'One', paragraphs: ['Another book.'] }] });
const chapters = [1, 2, 3, 4].map((number) => ({ title: `Chapter ${number}`, wordCount: 404 }));

async function sell(bytes: Buffer = epub, to = api) {
  const { id: ownerId } = await to.signUp('AUTHOR');
  const [fileId, workId, editionId, revisionId] = [newId(), newId(), newId(), newId()];
  const storageKey = `files/${fileId}.epub`;
  const mediaType = 'application/epub+zip';
  await to.services.storage.put(storageKey, bytes, { contentType: mediaType, sizeBytesMax: bytes.length });
  await to.db.insert(files).values({
    id: fileId,
    ownerId,
    name: 'a.epub',
    mediaType,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    storageKey,
    state: 'STORED',
  });
  await to.db.insert(works).values({ id: workId, ownerId, title: 'Tides' });
  await to.db.insert(editions).values({ id: editionId, workId, ownerId, saleStatus: 'PUBLISHED' });
  await to.db.insert(revisions).values({
    id: revisionId,
    editionId,
    number: 1,
    status: 'PUBLISHED',
    title: 'Tides',
    fileId,
    extracted: { chapters },
  });
  await to.db.execute(sql`update edition set live_revision_id = ${revisionId} where id = ${editionId}`);
  return { editionId, revisionId };
}

async function buy(bytes?: Buffer) {
  const book = await sell(bytes);
  const reader = await api.signUp();
  const [orderId, id] = [newId(), newId()];
  await api.db
    .insert(orders)
    .values({ id: orderId, buyerId: reader.id, status: 'COMPLETED', amountMinor: 1, currency: 'EUR' });
  await api.db.insert(entitlements).values({ id, readerId: reader.id, editionId: book.editionId, orderId });
  return { ...book, id, reader };
}

const readingSchema = z
  .object({
    expiresAt: z.iso.datetime(),
    chapters: z.array(z.object({ title: z.string().nullable(), url: z.url(), isCut: z.boolean() })),
  })
  .nullable();
const FIELDS = '{ expiresAt chapters { title url isCut } }';
const sampleFor = async (editionId: string, token?: string) => {
  const query = `query ($id: ID!) { edition(id: $id) { sample ${FIELDS} } }`;
  const { data } = await api.ask(query, { id: globalId('Edition', editionId) }, token);
  return z.object({ sample: readingSchema }).nullable().parse(data?.['edition'])?.sample ?? null;
};
const readingFor = async (entitlementId: string, token?: string) => {
  const query = `query ($id: ID!) { node(id: $id) { ... on Entitlement { reading ${FIELDS} } } }`;
  const { data } = await api.ask(query, { id: globalId('Entitlement', entitlementId) }, token);
  return z.object({ reading: readingSchema }).nullish().parse(data?.['node'])?.reading ?? null;
};
const get = async (url: string | undefined, init: RequestInit = {}) => {
  const response = await fetch(url ?? '', init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

describe('a sample', () => {
  test('is a quarter at most of a book on sale, for anybody', async () => {
    const { editionId } = await sell();
    const sample = await sampleFor(editionId);
    expect(sample?.chapters.map(({ title, isCut }) => [title, isCut])).toEqual([['Chapter 1', false]]);
    const { status, text } = await get(sample?.chapters[0]?.url);
    expect(status).toBe(200);
    expect(text).toContain('Day 1.');
  });

  test('is not to be had beyond its end, whatever chapter is asked for', async () => {
    const { editionId } = await sell();
    const url = (await sampleFor(editionId))?.chapters[0]?.url ?? '';
    for (const chapter of ['1', '3', '99', '-1', '1.5', 'x', '1e9']) {
      expect(await get(url.replace('chapter=0', `chapter=${chapter}`))).toMatchObject({ status: 404 });
    }
  });

  test('is none before a book is on sale and after', async () => {
    const { editionId, revisionId } = await sell();
    const url = (await sampleFor(editionId))?.chapters[0]?.url;
    await api.db.update(editions).set({ saleStatus: 'UNPUBLISHED' }).where(eq(editions.id, editionId));
    expect(await sampleFor(editionId)).toBeNull();
    const [{ ownerId } = { ownerId: '' }] = await api.db.select().from(editions).where(eq(editions.id, editionId));
    expect(ownerId).not.toBe('');
    expect(await get(url)).toMatchObject({ status: 403, text: expect.stringContaining('not on sale') });
    const link = sampleLink(api.services, revisionId).link;
    expect(await get(`${link}&chapter=0`)).toMatchObject({ status: 403 });
  });

  test('of a revision that readers do not see is none', async () => {
    const { editionId } = await sell();
    const draftId = newId();
    await api.db.insert(revisions).values({
      id: draftId,
      editionId,
      number: 2,
      status: 'DRAFT',
      title: 'Next',
      extracted: { chapters },
    });
    expect(await get(`${sampleLink(api.services, draftId).link}&chapter=0`)).toMatchObject({ status: 403 });
  });

  test('of a book that was read before chapters were kept is none', async () => {
    const { editionId, revisionId } = await sell();
    await api.db.update(revisions).set({ extracted: {} }).where(eq(revisions.id, revisionId));
    expect(await sampleFor(editionId)).toBeNull();
  });
});

describe('reading', () => {
  test('is for who has the right to the book, all of it', async () => {
    const { id, reader } = await buy();
    const reading = await readingFor(id, reader.token);
    expect(reading?.chapters.map(({ title }) => title)).toEqual(chapters.map(({ title }) => title));
    for (const [index, { url }] of reading?.chapters.entries() ?? []) {
      expect(await get(url)).toMatchObject({ status: 200, text: expect.stringContaining(`Day ${index + 1}.`) });
    }
  });

  test('is for nobody else: not another reader, not the author, not an admin', async () => {
    const { id, reader, editionId } = await buy();
    for (const other of [await api.signUp(), await api.signUp('ADMIN')]) {
      expect(await readingFor(id, other.token)).toBeNull();
    }
    expect(await readingFor(id)).toBeNull();
    const own = await readingFor(id, reader.token);
    const url = own?.chapters[3]?.url ?? '';
    const { id: otherId } = await api.signUp();
    const foreign = readingLink(api.services, { entitlementId: id, readerId: otherId }).link;
    expect(await get(`${foreign}&chapter=3`)).toMatchObject({ status: 403 });
    const second = await buy();
    expect(await get(url.replace(id, second.id))).toMatchObject({ status: 403 });
    expect(await get(url.replace('/reading/', '/samples/'))).toMatchObject({ status: 403 });
    const sample = (await sampleFor(editionId))?.chapters[0]?.url ?? '';
    expect(await get(sample.replace(/samples\/[^?]+/, `reading/${id}`))).toMatchObject({ status: 403 });
    expect(await get(url.replace(/&signature=[^&]+/, ''))).toMatchObject({ status: 403 });
  });

  test.each(['SUSPENDED', 'REVOKED', 'REFUNDED'] as const)('ends when the right is %s', async (status) => {
    const { id, reader } = await buy();
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url;
    expect(await get(url)).toMatchObject({ status: 200 });
    await api.db.update(entitlements).set({ status }).where(eq(entitlements.id, id));
    expect(await readingFor(id, reader.token)).toBeNull();
    expect(await get(url)).toMatchObject({ status: 403, text: expect.stringContaining('no right') });
  });

  test('by a link ends after half an hour', async () => {
    const { id, reader } = await buy();
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url;
    clock.aheadMs = HALF_HOUR_MS - 10_000;
    expect(await get(url)).toMatchObject({ status: 200 });
    clock.aheadMs = HALF_HOUR_MS + 1_000;
    const late = await get(url);
    clock.aheadMs = 0;
    expect(late).toMatchObject({ status: 403, text: expect.stringContaining('LINK_EXPIRED') });
  });

  test('counts as a download, so that the book cannot be given back; a look at the links does not', async () => {
    const { id, reader } = await buy();
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url;
    await get(url, { method: 'HEAD' });
    expect(await downloadedAt(id)).toBeNull();
    await get(url);
    expect(await downloadedAt(id)).toBeInstanceOf(Date);
  });

  test('leads from chapter to chapter with the same signature; in a sample only as far as it goes', async () => {
    const { id, reader, editionId } = await buy();
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url ?? '';
    const [on = '', end = ''] = linksOf((await get(url)).text);
    expect(await get(new URL(on, url).href)).toMatchObject({ text: expect.stringContaining('Day 2.') });
    expect(await get(new URL(end, url).href)).toMatchObject({ text: expect.stringContaining('Day 4.') });
    const sample = (await sampleFor(editionId))?.chapters[0]?.url ?? '';
    expect(linksOf((await get(sample)).text)).toEqual([]);
  });
});

const downloadedAt = async (id: string) =>
  (await api.db.select().from(entitlements).where(eq(entitlements.id, id)))[0]?.downloadedAt ?? null;
const linksOf = (html: string) =>
  [...html.matchAll(/<a href="(?<link>[^"]*)"/gu)].map(([, link = '']) => link.replaceAll('&amp;', '&'));

describe('a page', () => {
  test('may run nothing, load nothing, and be framed by us alone', async () => {
    const { editionId } = await sell();
    const { headers, text } = await get((await sampleFor(editionId))?.chapters[0]?.url);
    const style = /<style>(?<style>[^<]*)<\/style>/u.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers.get('content-security-policy')).toBe(
      `sandbox; default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' ${ALLOWED_ORIGIN}`,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('private, max-age=300');
    expect(text).not.toMatch(/<script|alert/u);
  });

  test('says to a person in a frame why it is not shown', async () => {
    const { id, reader } = await buy();
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url ?? '';
    await api.db.update(entitlements).set({ status: 'REVOKED' }).where(eq(entitlements.id, id));
    const { status, text, headers } = await get(url, { headers: { accept: 'text/html,*/*' } });
    expect(status).toBe(403);
    expect(text).toContain('<p>There is no right to this book any more. Look into your library.</p>');
    expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
  });

  test('of a book that cannot be read is refused, and not tried again at once', async () => {
    const { id, reader } = await buy(Buffer.from('no EPUB'));
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url;
    expect(await get(url)).toMatchObject({ status: 422, text: expect.stringContaining('CHAPTER_UNREADABLE') });
    const told = api.lines.filter(({ message }) => message === 'a chapter could not be shown').length;
    expect(await get(url)).toMatchObject({ status: 422 });
    // Nothing was read, so the book can still be given back.
    expect(await downloadedAt(id)).toBeNull();
    expect(api.lines.filter(({ message }) => message === 'a chapter could not be shown')).toHaveLength(told);
    expect(told).toBeGreaterThan(0);
  });

  test('of a file that is gone is not there', async () => {
    const { id, reader, revisionId } = await buy(Buffer.from('will be lost'));
    const url = (await readingFor(id, reader.token))?.chapters[0]?.url;
    const [file] = await api.db
      .select({ storageKey: files.storageKey })
      .from(files)
      .innerJoin(revisions, and(eq(revisions.fileId, files.id), eq(revisions.id, revisionId)));
    await api.services.storage.delete(file?.storageKey ?? '');
    expect(await get(url)).toMatchObject({ status: 404 });
  });
});

describe('pages that are asked for too fast', () => {
  const poor = useApi({ limits: { costPerMinuteMax: 1_500 } });

  test('are refused for the rest of the minute, those that have to be made first', async () => {
    const [first, second] = [await sell(epub, poor), await sell(await otherEpub(), poor)];
    const url = ({ revisionId }: typeof first) => `${sampleLink(poor.services, revisionId).link}&chapter=0`;
    expect(await get(url(first))).toMatchObject({ status: 200 });
    expect(await get(url(second))).toMatchObject({ status: 429, text: expect.stringContaining('RATE_LIMITED') });
    expect(await get(url(first))).toMatchObject({ status: 200 });
  });
});
