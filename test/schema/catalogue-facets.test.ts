import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { countFitting, FACET_EDITIONS_MAX } from '../../src/db/catalogue-facets.ts';
import { useApi } from './support/api.ts';
import { market, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);

const value = z.object({ value: z.string(), count: z.number() });
const facets = z.object({
  catalogueFacets: z.object({
    count: z.number(),
    isWhole: z.boolean(),
    languages: z.array(value),
    subjects: z.array(value),
    priceCounts: z.array(z.number()),
    publishedCounts: z.array(z.number()),
  }),
});
const QUERY = `query ($filter: CatalogueFilter, $upTo: [SafeInt!]!, $after: [DateTime!]!) {
  catalogueFacets(filter: $filter) { count isWhole languages { value count } subjects { value count }
    priceCounts(currency: "EUR", upTo: $upTo) publishedCounts(after: $after) } }`;
const OFTEN = { upTo: [0, 500, 1_000], after: ['2026-01-01T00:00:00Z', '2025-01-01T00:00:00Z'] };

async function ask(filter: object, variables: object = OFTEN) {
  const { data, errors } = await api.ask(QUERY, { filter, ...variables });
  if (errors) throw new Error(JSON.stringify(errors));
  return facets.parse(data).catalogueFacets;
}

/** Three books: a free one in English and two dearer ones, one of them in German and of an earlier year. */
async function stock(): Promise<string> {
  const subject = `subject ${randomUUID()}`;
  const eur = (amountMinor: number) => ({ prices: [{ amountMinor, currency: 'EUR' }] });
  await shop.onSale({ title: 'Free', subjects: [subject, 'Sea'], language: 'en', ...eur(0) });
  await shop.onSale({ title: 'Dear', subjects: [subject, 'Sea', 'Land'], language: 'en-GB', ...eur(999) });
  const { editionId } = await shop.onSale({ title: 'Teuer', subjects: [subject], language: 'de', ...eur(500) });
  const older = sql`update edition set published_at = '2025-06-01' where id = ${uuidIn(editionId)}`;
  await api.db.execute(sql`update edition set published_at = '2026-06-01'`);
  await api.db.execute(older);
  return subject;
}

describe('the facets of the catalogue', () => {
  test('tell how many books each choice would find', async () => {
    const subject = await stock();
    expect(await ask({ subject })).toEqual({
      count: 3,
      isWhole: true,
      languages: [
        { value: 'en', count: 2 },
        { value: 'de', count: 1 },
      ],
      subjects: [
        { value: subject, count: 3 },
        { value: 'Sea', count: 2 },
        { value: 'Land', count: 1 },
      ],
      priceCounts: [1, 2, 3],
      publishedCounts: [2, 3],
    });
  });

  test('leave their own choice out, and no other', async () => {
    const subject = await stock();
    const chosen = { subject, currency: 'EUR', priceMax: 500 };
    const found = await ask(chosen);
    expect(found).toMatchObject({ count: 2, priceCounts: [1, 2, 3], publishedCounts: [1, 2] });
    expect(found.languages).toEqual([
      { value: 'de', count: 1 },
      { value: 'en', count: 1 },
    ]);
    expect(await ask({ subject, language: 'de' })).toMatchObject({
      count: 1,
      languages: [
        { value: 'en', count: 2 },
        { value: 'de', count: 1 },
      ],
      priceCounts: [0, 1, 1],
    });
  });

  test('know what a campaign costs, and nothing that is not on sale', async () => {
    const author = await api.signUp('AUTHOR');
    await shop.draft(author.token, { title: 'Draft', prices: [{ amountMinor: 0, currency: 'EUR' }] });
    const { editionId } = await shop.onSale();
    await api.db.execute(sql`
      insert into price_window (id, edition_id, currency, amount_minor, name, valid_from, valid_until)
      values (gen_random_uuid(), ${uuidIn(editionId)}, 'EUR', 100, 'Summer', now() - interval '1 day', now() + interval '1 day')`);
    expect(await ask({}, { ...OFTEN, upTo: [99, 100] })).toMatchObject({ count: 1, priceCounts: [0, 1] });
  });

  test('are of the newest thousand where more fit, which is told', async () => {
    const { editionId } = await shop.onSale();
    await api.db.execute(sql`
      insert into edition (id, work_id, owner_id, sale_status, live_revision_id, published_at)
      select gen_random_uuid(), work_id, owner_id, 'PUBLISHED', live_revision_id, published_at - g * interval '1 second'
      from edition, generate_series(1, ${FACET_EDITIONS_MAX}) g where id = ${uuidIn(editionId)}`);
    expect(await countFitting(api.db, {}, new Date())).toBe(FACET_EDITIONS_MAX + 1);
    expect(await ask({})).toMatchObject({ count: FACET_EDITIONS_MAX, isWhole: false, priceCounts: [0, 1, 1] });
  });

  test.each([
    [{ ...OFTEN, upTo: [] }],
    [{ ...OFTEN, upTo: [-1] }],
    [{ ...OFTEN, upTo: Array.from({ length: 11 }, () => 1) }],
    [{ ...OFTEN, after: [] }],
    [{ ...OFTEN, after: ['yesterday'] }],
  ])('refuse %j', async (variables) => {
    const { errors } = await api.ask(QUERY, { filter: {}, ...variables });
    expect(['VALIDATION', 'BAD_REQUEST']).toContain(errors?.[0]?.extensions?.['code']);
  });
});
