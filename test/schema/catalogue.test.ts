import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { graphql } from 'graphql';
import { drizzle } from 'drizzle-orm/postgres-js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { relations } from '../../src/db/relations.ts';
import { schema } from '../../src/schema/index.ts';
import { useApi } from './support/api.ts';
import { globalId, market, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);

const pageSchema = z.object({
  nodes: z.array(z.looseObject({ id: z.string(), title: z.string() })),
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
});

async function find(filter: object, variables: object = {}) {
  const { data, errors } = await api.ask(
    `query ($filter: CatalogueFilter, $first: Int!, $after: String, $orderBy: CatalogueOrder! = PUBLISHED_DESC) {
      catalogue(filter: $filter, first: $first, after: $after, orderBy: $orderBy) {
        nodes { id title } pageInfo { hasNextPage endCursor } } }`,
    { filter, first: 100, ...variables },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return pageSchema.parse(data?.['catalogue']);
}
const titles = async (filter: object, variables: object = {}) =>
  (await find(filter, variables)).nodes.map((n) => n.title);

/** Books of one subject, so that the tests of this file do not meet. */
async function stock(books: object[]): Promise<{ subject: string; ids: string[] }> {
  const subject = `subject ${randomUUID()}`;
  const ids: string[] = [];
  for (const book of books) ids.push((await shop.onSale({ subjects: [subject], ...book })).editionId);
  return { subject, ids };
}

describe('the catalogue', () => {
  it('shows everybody what is on sale, and nothing else', async () => {
    const { subject } = await stock([{ title: 'On sale' }]);
    const author = await api.signUp('AUTHOR');
    await shop.draft(author.token, { title: 'Draft', subjects: [subject] });
    const gone = await shop.draft(author.token, { title: 'Gone', subjects: [subject] });
    await shop.publish(gone);
    await shop.move('unpublishEdition', { editionId: gone }, author.token);
    expect(await titles({ subject })).toEqual(['On sale']);
  });

  it('skips and repeats nothing when pages of editions of one millisecond are turned', async () => {
    const { subject, ids } = await stock(Array.from({ length: 7 }, (_, index) => ({ title: `Book ${index}` })));
    await api.db.execute(
      sql`update edition set published_at = '2026-01-01T00:00:00.123Z' where id in ${ids.map(uuidIn)}`,
    );
    for (const orderBy of ['PUBLISHED_DESC', 'TITLE_ASC']) {
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const page: z.infer<typeof pageSchema> = await find({ subject }, { first: 2, after, orderBy });
        seen.push(...page.nodes.map(({ id }) => id));
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null);
      expect(seen.toSorted()).toEqual(ids.toSorted());
    }
  });

  it('finds by words of the title and of names, whatever their case, and takes signs of SQL for letters', async () => {
    const { subject } = await stock([
      { title: '100% Sea' },
      { title: 'Mountains', contributors: [{ name: 'Ann O’Hara', role: 'aut' }] },
    ]);
    expect(await titles({ subject, text: 'sEa' })).toEqual(['100% Sea']);
    expect(await titles({ subject, text: '0%' })).toEqual(['100% Sea']);
    expect(await titles({ subject, text: '%' })).toEqual(['100% Sea']);
    expect(await titles({ subject, text: 'o’hara' })).toEqual(['Mountains']);
    expect(await titles({ subject, contributor: 'ANN' })).toEqual(['Mountains']);
    expect(await titles({ subject, text: "'; drop table edition; --" })).toEqual([]);
  });

  it('finds by language with its regions, price and date', async () => {
    const { subject } = await stock([
      { title: 'A', language: 'en-US', prices: [{ amountMinor: 100, currency: 'EUR' }] },
      {
        title: 'B',
        language: 'enm',
        prices: [
          { amountMinor: 900, currency: 'EUR' },
          { amountMinor: 1, currency: 'USD' },
        ],
      },
    ]);
    const inOrder = { orderBy: 'TITLE_ASC' };
    expect(await titles({ subject, language: 'en' })).toEqual(['A']);
    expect(await titles({ subject, currency: 'EUR', priceMax: 500 })).toEqual(['A']);
    expect(await titles({ subject, currency: 'USD' })).toEqual(['B']);
    expect(await titles({ subject, publishedAfter: '2020-01-01T00:00:00Z' }, inOrder)).toEqual(['A', 'B']);
    expect(await titles({ subject, publishedAfter: '2999-01-01T00:00:00Z' })).toEqual([]);
    await expect(find({ priceMax: 5 })).rejects.toThrow('currency');
  });

  it('refuses a cursor that it never gave out', async () => {
    for (const after of ['x', Buffer.from('["a",1]').toString('base64url')]) {
      await expect(find({}, { after })).rejects.toThrow('BAD_ID');
    }
  });
});

describe('a page', () => {
  it('of the catalogue with all that a shop shows is one SQL statement', async () => {
    const { subject } = await stock([
      {
        title: 'One',
        contributors: [
          { name: 'Ann', role: 'aut' },
          { name: 'Bob', role: 'ill' },
        ],
      },
      { title: 'Two' },
    ]);
    const logged: string[] = [];
    const logger = { logQuery: (query: string) => logged.push(query) };
    const db = drizzle({ client: api.services.db.$client, relations, logger });
    const contextValue = { ...api.services, db, viewer: null };
    const answer = await graphql({
      schema,
      contextValue,
      source: `{ catalogue(first: 10, filter: { subject: "${subject}" }, orderBy: TITLE_ASC) { edges { cursor node {
        id title onSale status isBuyable ratingAverage ratingCount covers { url } contributors { name roleName }
        price(currency: "EUR") { amount currency } prices { amountMinor } owner { name } work { title }
        liveRevision { subtitle language subjects series { name } covers { width url } contributors { name }
          wordCount tableOfContents { label } report { code } file { name } enrichment { summary } }
        workingRevision { title } } } pageInfo { hasNextPage } } }`,
    });
    expect(answer.errors).toBeUndefined();
    expect(answer.data).toMatchObject({
      catalogue: {
        edges: [{ node: { title: 'One', contributors: [{ name: 'Ann' }, { roleName: 'Illustrator' }] } }, {}],
      },
    });
    expect(logged).toHaveLength(1);
  });
});

describe('an edition', () => {
  const READ = `query ($id: ID!) { edition(id: $id) { title status liveRevision { title report { code } file { name } }
    workingRevision { title status } } }`;

  it('is hidden from others until it is on sale, and its working revision and report always', async () => {
    const author = await api.signUp('AUTHOR');
    const [reader, rival, admin] = [await api.signUp(), await api.signUp('AUTHOR'), await api.signUp('ADMIN')];
    const id = await shop.draft(author.token);
    for (const { token } of [reader, rival, { token: undefined }]) {
      expect((await api.ask(READ, { id }, token)).data).toEqual({ edition: null });
      expect((await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id }, token)).data).toEqual({ node: null });
    }
    for (const { token } of [author, admin]) {
      expect((await api.ask(READ, { id }, token)).data).toMatchObject({
        edition: { status: 'DRAFT', liveRevision: null, workingRevision: { title: 'The Sea', status: 'DRAFT' } },
      });
    }
    await shop.publish(id);
    await api.db.execute(
      sql`update revision set report = '[{"code":"X","severity":"INFO","file":null,"line":null,"column":null,"message":"m"}]' where edition_id = ${uuidIn(id)}`,
    );
    await shop.move('createRevision', { editionId: id }, author.token);
    expect((await api.ask(READ, { id }, reader.token)).data).toEqual({
      edition: {
        title: 'The Sea',
        status: 'PUBLISHED',
        liveRevision: { title: 'The Sea', report: null, file: null },
        workingRevision: null,
      },
    });
    expect((await api.ask(READ, { id }, author.token)).data).toMatchObject({
      edition: { status: 'DRAFT', liveRevision: { report: [{ code: 'X' }] }, workingRevision: { status: 'DRAFT' } },
    });
  });

  it('keeps its drafts and files out of reach by node(id) as well', async () => {
    const author = await api.signUp('AUTHOR');
    const rival = await api.signUp('AUTHOR');
    const file = await shop.storedFile(author.id);
    const edition = await shop.draft(author.token);
    const [row] = await api.db.execute<{ id: string; work: string }>(
      sql`select working_revision_id as id, work_id as work from edition where id = ${uuidIn(edition)}`,
    );
    for (const id of [file, globalId('Revision', row?.id ?? ''), globalId('Work', row?.work ?? '')]) {
      const query = 'query ($id: ID!) { node(id: $id) { id } }';
      expect((await api.ask(query, { id }, rival.token)).data).toEqual({ node: null });
      expect((await api.ask(query, { id }, author.token)).data).toEqual({ node: { id } });
    }
  });

  it('shows a suggestion to its author, and to others once it is accepted', async () => {
    const { author, editionId } = await shop.onSale();
    const reader = await api.signUp();
    await api.db.execute(sql`
      insert into enrichment (revision_id, edition_id, status, summary, tags, provenance)
      select live_revision_id, id, 'READY', 'About the sea.', '{sea}', '{"provider":"local"}' from edition where id = ${uuidIn(editionId)}`);
    const SUGGESTION = `query ($id: ID!) { edition(id: $id) { liveRevision { id description
      enrichment { summary tags decision provenance { provider } } } } }`;
    const read = async (token: string) =>
      z
        .object({ edition: z.object({ liveRevision: z.looseObject({ id: z.string(), enrichment: z.unknown() }) }) })
        .parse((await api.ask(SUGGESTION, { id: editionId }, token)).data).edition.liveRevision;
    expect((await read(reader.token)).enrichment).toBeNull();
    const { id, enrichment } = await read(author.token);
    expect(enrichment).toMatchObject({
      summary: 'About the sea.',
      decision: 'OPEN',
      provenance: { provider: 'local' },
    });
    const ACCEPT = `mutation ($input: AcceptSuggestionInput!) { acceptSuggestion(input: $input) { __typename
      ... on AcceptSuggestionPayload { enrichment { decision } } ... on Error { code } } }`;
    expect(await shop.mutate('acceptSuggestion', ACCEPT, { revisionId: id }, reader.token)).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await shop.mutate('acceptSuggestion', ACCEPT, { revisionId: id }, author.token)).toMatchObject({
      enrichment: { decision: 'ACCEPTED' },
    });
    expect(await read(reader.token)).toMatchObject({ description: null, enrichment: { summary: 'About the sea.' } });
  });
});

describe('the order by title', () => {
  it('follows the live revision, whoever changes what is live or how it is called', async () => {
    const { subject, ids } = await stock([{ title: 'Beta' }, { title: 'alpha' }, { title: 'Delta' }]);
    const inOrder = () => titles({ subject }, { orderBy: 'TITLE_ASC' });
    expect(await inOrder()).toEqual(['alpha', 'Beta', 'Delta']);
    await api.db.execute(sql`
      update revision set title = 'Gamma' from edition e
      where e.live_revision_id = revision.id and e.id = ${uuidIn(ids[1] ?? '')}`);
    expect(await inOrder()).toEqual(['Beta', 'Delta', 'Gamma']);
  });

  it('tells titles apart by their first 300 letters, and skips none', async () => {
    const long = 'x'.repeat(299);
    const { subject, ids } = await stock([{ title: `${long}b` }, { title: `${long}a` }]);
    const first = await find({ subject }, { orderBy: 'TITLE_ASC', first: 1 });
    const after = first.pageInfo.endCursor;
    const second = await find({ subject }, { orderBy: 'TITLE_ASC', first: 1, after });
    expect([...first.nodes, ...second.nodes].map(({ id }) => id)).toEqual(ids.toReversed());
  });
});
