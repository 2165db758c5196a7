import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { extractedSchema, findingSchema } from '../../src/db/books.ts';
import { revisions } from '../../src/db/tables/index.ts';
import { buildEpub } from '../../src/epub/build.ts';
import { cancelRun } from '../../src/streams/index.ts';
import { makeBomb, makeMalformedChapter, makeNoNav, makeNotAZip, makeTraversal } from '../epub/hostile.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let author: { id: string; email: string };

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  author = await shop.signUp('AUTHOR');
});
afterEach(() => shop.close());

const sea = (title = 'The Sea', extra = 'Salt.') =>
  buildEpub({
    title,
    language: 'en',
    contributors: [{ name: 'Ada Author' }],
    cover: { background: '#204060', band: '#f0e0c0' },
    accessibilitySummary: 'Plain text with headings.',
    chapters: Array.from({ length: 5 }, (_, index) => ({
      title: `Chapter ${index + 1}`,
      paragraphs: Array.from(
        { length: 10 },
        (__, line) =>
          `The sea was calm in part ${index} and the boat moved slowly towards the island ${line}. ${extra}`,
      ),
    })),
  });

async function revision(revisionId: string) {
  const [row] = await database.current.sql<
    { status: string; report: unknown; extracted: unknown; language: string | null; content_hash: string | null }[]
  >`select status, report, extracted, language, content_hash from revision where id = ${revisionId}`;
  return row;
}
async function edition(editionId: string) {
  const [row] = await database.current.sql<{ sale_status: string; live_revision_id: string | null }[]>`
    select sale_status, live_revision_id from edition where id = ${editionId}`;
  return row;
}
const codes = (report: unknown) =>
  findingSchema
    .array()
    .parse(report)
    .map((finding) => finding.code);

describe('a sound book', () => {
  test('goes live through every stage, each told in order', async () => {
    const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
    await shop.submit(draft);
    await shop.runFor(60_000);
    const told = await shop.told(`edition:${draft.editionId}`);
    expect(told.filter((status, index) => status !== told[index - 1])).toEqual([
      'SUBMITTED',
      'CHECKING_METADATA',
      'SCANNING_FILE',
      'VALIDATING',
      'EXTRACTING',
      'DEDUPING',
      'PUBLISHED',
    ]);
    expect(await edition(draft.editionId)).toEqual({ sale_status: 'PUBLISHED', live_revision_id: draft.revisionId });
  });

  test('is read: contents, words, sample, covers, accessibility', async () => {
    const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
    await shop.submit(draft);
    await shop.runFor(60_000);
    const extracted = extractedSchema.parse((await revision(draft.revisionId))?.extracted);
    expect(extracted.tableOfContents.map((entry) => entry.label)).toEqual([1, 2, 3, 4, 5].map((n) => `Chapter ${n}`));
    expect(extracted.wordCount).toBeGreaterThan(700);
    expect(extracted.sample[0]?.paragraphs.join(' ')).toContain('The sea was calm');
    expect(extracted.accessibility.summary).toBe('Plain text with headings.');
    for (const cover of extracted.covers) expect(await shop.storage.exists(cover.storageKey)).toBe(true);
    expect(extracted.covers.map((cover) => cover.width)).toEqual([160, 320, 640]);
  });

  test('takes its language from the file only when the author named none, and says so', async () => {
    const open = await shop.draftEdition({ authorId: author.id, file: await sea('Open'), language: null });
    await shop.submit(open);
    const named = await shop.draftEdition({ authorId: author.id, file: await sea('Named', 'Fog.'), language: 'fr' });
    await shop.submit(named);
    await shop.runFor(60_000);
    expect(await revision(open.revisionId)).toMatchObject({ language: 'en', status: 'PUBLISHED' });
    expect(codes((await revision(open.revisionId))?.report)).toContain('LANGUAGE_FROM_BOOK');
    expect(await revision(named.revisionId)).toMatchObject({ language: 'fr', status: 'PUBLISHED' });
    expect(codes((await revision(named.revisionId))?.report)).toContain('LANGUAGE_DIFFERS');
  });

  test('gets suggestions and its author a mail, beside it', async () => {
    const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
    await shop.submit(draft);
    await shop.runFor(60_000);
    const [suggestion] = await database.current.sql<
      { status: string; decision: string; summary: string; tags: string[]; provenance: { provider: string } }[]
    >`select status, decision, summary, tags, provenance from enrichment where revision_id = ${draft.revisionId}`;
    expect(suggestion).toMatchObject({ status: 'READY', decision: 'OPEN' });
    expect(suggestion?.summary).toContain('sea');
    expect(suggestion?.provenance.provider).toBe('local');
    const mails = await shop.mail.list({ to: author.email });
    expect(mails.map((mail) => mail.subject)).toEqual(['Published: A Book']);
  });
});

describe('a book that its author can mend', () => {
  test('without price, people and file names all three at once', async () => {
    const draft = await shop.draftEdition({ authorId: author.id, priceMinor: null, contributors: [] });
    await shop.submit(draft);
    await shop.runFor(60_000);
    const after = await revision(draft.revisionId);
    expect(after?.status).toBe('NEEDS_CHANGES');
    expect(codes(after?.report)).toEqual(['CONTRIBUTORS_MISSING', 'PRICE_MISSING', 'FILE_MISSING']);
  });

  test.each([
    ['that is no zip', makeNotAZip, 'NOT_A_ZIP'],
    ['without a file that it lists', makeNoNav, 'MANIFEST_RESOURCE_MISSING'],
    ['with a chapter that is not XML', makeMalformedChapter, 'XML_MALFORMED'],
  ])('%s is sent back with the reason', async (_name, make, code) => {
    const draft = await shop.draftEdition({ authorId: author.id, file: make() });
    await shop.submit(draft);
    await shop.runFor(60_000);
    const after = await revision(draft.revisionId);
    expect(after?.status).toBe('NEEDS_CHANGES');
    expect(codes(after?.report)).toContain(code);
    expect(await edition(draft.editionId)).toMatchObject({ sale_status: 'UNRELEASED' });
  });

  test('whose text is on sale already is sent back', async () => {
    const first = await shop.draftEdition({ authorId: author.id, file: await sea() });
    await shop.submit(first);
    await shop.runFor(60_000);
    const other = await shop.signUp('AUTHOR');
    const second = await shop.draftEdition({ authorId: other.id, file: await sea('The Same Sea') });
    await shop.submit(second);
    await shop.runFor(60_000);
    const after = await revision(second.revisionId);
    expect(after?.status).toBe('NEEDS_CHANGES');
    expect(codes(after?.report)).toContain('DUPLICATE_BOOK');
  });
});

describe('a hostile file', () => {
  test.each([
    ['bomb', makeBomb],
    ['path traversal', makeTraversal],
  ])('(%s) is rejected and moved out of reach', async (_name, make) => {
    const draft = await shop.draftEdition({ authorId: author.id, file: make() });
    await shop.submit(draft);
    await shop.runFor(60_000);
    expect(await revision(draft.revisionId)).toMatchObject({ status: 'REJECTED' });
    const [file] = await database.current.sql<
      { state: string; storage_key: string }[]
    >`select state, storage_key from file`;
    expect(file?.state).toBe('QUARANTINED');
    expect(file?.storage_key).toMatch(/^quarantine\//);
    expect(await shop.storage.exists(file?.storage_key ?? '')).toBe(true);
  });
});

describe('our own faults', () => {
  test('are tried again, and end as FAILED with nothing half done', async () => {
    const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
    const [file] = await database.current.sql<{ storage_key: string }[]>`select storage_key from file`;
    await shop.storage.delete(file?.storage_key ?? '');
    await shop.submit(draft);
    await shop.runFor(600_000);
    expect(await revision(draft.revisionId)).toMatchObject({ status: 'FAILED' });
    expect(
      (await shop.told(`edition:${draft.editionId}`)).filter((status) => status?.startsWith('retrying')),
    ).toHaveLength(4);
  });

  test('of the enricher never touch the published book', async () => {
    await shop.close();
    shop = await openMarketplace(database.current, {
      services: {
        enricher: {
          enrich: async () => {
            throw new Error('the model is on fire');
          },
          checkHealth: async () => {},
        },
      },
    });
    const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
    await shop.submit(draft);
    await shop.runFor(24 * 3_600_000);
    expect(await edition(draft.editionId)).toMatchObject({ sale_status: 'PUBLISHED' });
    const [suggestion] = await database.current.sql<{ status: string }[]>`select status from enrichment`;
    expect(suggestion?.status).toBe('FAILED');
  });
});

test('a new revision is swapped in at once, and the old one stays on sale until then', async () => {
  const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
  await shop.submit(draft);
  await shop.runFor(60_000);
  const second = '00000000-0000-7000-8000-00000000abcd';
  const fileId = await shop.storeFile(author.id, await sea('The Sea', 'Second edition.'));
  await database.current.sql`
    insert into revision (id, edition_id, number, title, language, file_id)
    values (${second}, ${draft.editionId}, 2, 'The Sea, again', 'en', ${fileId})`;
  await database.current.sql`insert into contributor (revision_id, position, name) values (${second}, 0, 'Ada Author')`;
  await database.current.sql`update edition set working_revision_id = ${second} where id = ${draft.editionId}`;
  await shop.submit({ editionId: draft.editionId, revisionId: second }, true);
  await shop.pass();
  await shop.pass();
  expect(await edition(draft.editionId)).toEqual({ sale_status: 'PUBLISHED', live_revision_id: draft.revisionId });
  await shop.runFor(60_000);
  expect(await edition(draft.editionId)).toEqual({ sale_status: 'PUBLISHED', live_revision_id: second });
  expect(await revision(draft.revisionId)).toMatchObject({ status: 'SUPERSEDED' });
});

test('a revision that is withdrawn before its run has begun is never published', async () => {
  const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
  await shop.submit(draft);
  await withdraw(draft);
  await shop.runFor(60_000);
  expect(await revision(draft.revisionId)).toMatchObject({ status: 'WITHDRAWN' });
  expect(await edition(draft.editionId)).toMatchObject({ sale_status: 'UNRELEASED', live_revision_id: null });
});

test('an edition that is taken off sale while a revision is prepared stays off sale', async () => {
  const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
  await shop.submit(draft);
  for (let passes = 0; passes < 4; passes++) await shop.pass();
  await database.current.sql`update edition set sale_status = 'TAKEN_DOWN' where id = ${draft.editionId}`;
  await shop.runFor(60_000);
  expect(await revision(draft.revisionId)).toMatchObject({ status: 'PUBLISHED' });
  expect(await edition(draft.editionId)).toMatchObject({ sale_status: 'TAKEN_DOWN' });
  const [told] = await database.current.sql<{ on_sale: boolean }[]>`
    select (payload -> 'onSale')::boolean as on_sale from event where type = 'edition.published'`;
  expect(told?.on_sale).toBe(false);
});

test('a withdrawn revision is not published, however far its run has come', async () => {
  const draft = await shop.draftEdition({ authorId: author.id, file: await sea() });
  await shop.submit(draft);
  for (let passes = 0; passes < 4; passes++) await shop.pass();
  await withdraw(draft);
  await shop.runFor(60_000);
  expect(await revision(draft.revisionId)).toMatchObject({ status: 'WITHDRAWN' });
  expect(await edition(draft.editionId)).toMatchObject({ sale_status: 'UNRELEASED' });
});

async function withdraw(draft: { editionId: string; revisionId: string }): Promise<void> {
  await database.current.db.transaction(async (tx) => {
    const cancelled = await cancelRun(tx, {
      workflow: 'publish',
      startedBy: 'edition.submitted',
      subject: `edition:${draft.editionId}`,
      now: shop.clock.now(),
    });
    expect(cancelled).toBe(true);
    await tx.update(revisions).set({ status: 'WITHDRAWN' }).where(eq(revisions.id, draft.revisionId));
  });
}
