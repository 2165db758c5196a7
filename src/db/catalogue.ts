/**
 * Catalogue: which editions a page of the shop holds, as pieces of the one statement that reads it.
 *
 * Promise: only what is on sale; no row skipped or shown twice while others come and go (keyset, ending in the id).
 * Not here: what is read of each edition; the API's selection adds that to the same statement.
 */
import { type SQL, sql } from 'drizzle-orm';
import { amountInForce } from './price-in-force.ts';
import type { editions } from './tables/index.ts';

export type CatalogueOrder = 'PUBLISHED_DESC' | 'TITLE_ASC';

export interface CatalogueFilter {
  /** Anywhere in the title or in a contributor's name, whatever the case. */
  text?: string | null | undefined;
  /** BCP 47; `en` finds `en-US` too. */
  language?: string | null | undefined;
  subject?: string | null | undefined;
  /** Anywhere in a contributor's name. */
  contributor?: string | null | undefined;
  /** Only with `currency`. */
  priceMax?: number | null | undefined;
  /** Only editions with a price in it. */
  currency?: string | null | undefined;
  publishedAfter?: Date | null | undefined;
}

type Editions = Pick<typeof editions, 'id' | 'saleStatus' | 'publishedAt' | 'liveRevisionId' | 'sortTitle'>;

/** True for what is on sale and passes the filter. */
export function inCatalogue(edition: Editions, filter: CatalogueFilter, now: Date): SQL {
  const conditions = [sql`${edition.saleStatus} = 'PUBLISHED'`];
  const { text, language, subject, contributor, publishedAfter } = filter;
  if (text) {
    const like = contains(text);
    conditions.push(sql`${edition.liveRevisionId} in (
      select r.id from revision r where lower(r.title) like ${like}
      union select c.revision_id from contributor c where lower(c.name) like ${like})`);
  }
  if (contributor) {
    conditions.push(sql`${edition.liveRevisionId} in (
      select c.revision_id from contributor c where lower(c.name) like ${contains(contributor)})`);
  }
  if (language) {
    conditions.push(sql`${edition.liveRevisionId} in (
      select r.id from revision r where r.language = ${language} or r.language like ${`${escapeLike(language)}-%`})`);
  }
  if (subject) {
    conditions.push(
      sql`${edition.liveRevisionId} in (select r.id from revision r where r.subjects @> array[${subject}]::text[])`,
    );
  }
  if (publishedAfter) conditions.push(sql`${edition.publishedAt} > ${publishedAfter.toISOString()}::timestamptz`);
  if (filter.currency) conditions.push(priced(edition, filter.currency, filter.priceMax ?? null, now));
  return sql.join(conditions, sql` and `);
}

/** The instant and title that pages are ordered by, then the id. */
export function catalogueOrder(edition: Editions, order: CatalogueOrder): SQL {
  return order === 'PUBLISHED_DESC'
    ? sql`${edition.publishedAt} desc, ${edition.id} desc`
    : sql`${titleKey(edition)} asc, ${edition.id} asc`;
}

/** True for what comes behind the cursor. A row comparison, which the order's index serves. */
export function behindCursor(
  edition: Editions,
  cursor:
    | { order: 'PUBLISHED_DESC'; publishedAt: Date; id: string }
    | { order: 'TITLE_ASC'; title: string; id: string },
): SQL {
  return cursor.order === 'PUBLISHED_DESC'
    ? sql`(${edition.publishedAt}, ${edition.id}) < (${cursor.publishedAt.toISOString()}::timestamptz, ${cursor.id}::uuid)`
    : sql`(${titleKey(edition)}, ${edition.id}) > (${cursor.title}, ${cursor.id}::uuid)`;
}

/** What the cursor of an order by title carries; the index `edition_catalogue_title` has it. */
export const titleKey = (edition: Editions): SQL<string> => sql<string>`${edition.sortTitle} collate "C"`;

function priced(edition: Editions, currency: string, amountMinorMax: number | null, now: Date): SQL {
  const cheap = amountMinorMax === null ? sql`true` : sql`${amountInForce(sql`p`, now)} <= ${amountMinorMax}`;
  return sql`exists (select 1 from price p where p.edition_id = ${edition.id} and p.currency = ${currency} and ${cheap})`;
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, String.raw`\$&`);
const contains = (text: string): string => `%${escapeLike(text.trim().toLowerCase())}%`;
