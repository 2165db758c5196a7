/**
 * Facets of the catalogue: how many editions each choice would find.
 *
 * Promise: however large the catalogue is, the newest 1,000 that fit are looked at, found by the index that pages are
 * found by. One statement each.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type CatalogueFilter, catalogueOrder, inCatalogue } from './catalogue.ts';
import type { Db } from './client.ts';
import { amountInForce } from './price-in-force.ts';
import { editions } from './tables/index.ts';

/** Editions that are looked at. */
export const FACET_EDITIONS_MAX = 1_000;
/** Values of one facet, those with the most editions first. */
export const FACET_VALUES_MAX = 50;

export interface FacetValue {
  value: string;
  count: number;
}

type Reader = Pick<Db, 'execute'>;

/** @returns how many fit, at most one more than are looked at */
export async function countFitting(db: Reader, filter: CatalogueFilter, now: Date): Promise<number> {
  const [row] = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from ${newest(filter, now, FACET_EDITIONS_MAX + 1)} c`,
  );
  return row?.count ?? 0;
}

/** By the language alone: `en-US` counts as `en`. */
export const countLanguages = (db: Reader, filter: CatalogueFilter, now: Date): Promise<FacetValue[]> =>
  countValues(db, filter, now, sql`(select lower(split_part(r.language, '-', 1)) where r.language is not null)`);

export const countSubjects = (db: Reader, filter: CatalogueFilter, now: Date): Promise<FacetValue[]> =>
  countValues(db, filter, now, sql`(select distinct unnest(r.subjects))`);

/** @returns for each of `upTo`, in minor units, how many cost that at most */
export async function countPrices(
  db: Reader,
  filter: CatalogueFilter,
  { currency, upTo, now }: { currency: string; upTo: readonly number[]; now: Date },
): Promise<number[]> {
  const rows = await db.execute<{ count: number }>(sql`
    with c as materialized (
      select ${amountInForce(sql`p`, now)} as amount from ${newest(filter, now)} c
      join price p on p.edition_id = c.id and p.currency = ${currency})
    select (select count(*)::int from c where c.amount <= t.most) as count
    from unnest(${sql.param([...upTo])}::bigint[]) with ordinality as t(most, place) order by t.place`);
  return [...rows].map(({ count }) => count);
}

/** @returns for each instant how many were published after it */
export async function countPublished(
  db: Reader,
  filter: CatalogueFilter,
  { after, now }: { after: readonly Date[]; now: Date },
): Promise<number[]> {
  const rows = await db.execute<{ count: number }>(sql`
    with c as materialized (select c.published_at from ${newest(filter, now)} c)
    select (select count(*)::int from c where c.published_at > t.instant) as count
    from unnest(${sql.param(after.map((instant) => instant.toISOString()))}::timestamptz[])
      with ordinality as t(instant, place) order by t.place`);
  return [...rows].map(({ count }) => count);
}

/** @param values a subquery of what each revision `r` counts for */
async function countValues(db: Reader, filter: CatalogueFilter, now: Date, values: SQL): Promise<FacetValue[]> {
  const rows = await db.execute<FacetValue & Record<string, unknown>>(sql`
    select v.value, count(*)::int as count
    from ${newest(filter, now)} c join revision r on r.id = c.revision_id cross join lateral ${values} as v(value)
    group by v.value order by count(*) desc, v.value limit ${FACET_VALUES_MAX}`);
  return [...rows].map(({ value, count }) => ({ value, count }));
}

const newest = (filter: CatalogueFilter, now: Date, max = FACET_EDITIONS_MAX): SQL => sql`(
  select ${editions.id} as id, ${editions.liveRevisionId} as revision_id, ${editions.publishedAt} as published_at
  from ${editions} where ${inCatalogue(editions, filter, now)}
  order by ${catalogueOrder(editions, 'PUBLISHED_DESC')} limit ${max})`;
