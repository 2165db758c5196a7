/** How long a page of the catalogue takes, one after the other, whatever the catalogue's size. */
import { z } from 'zod';
import { median } from '../figures/statistics.ts';
import { CATALOGUE_QUERY, PAGE_SIZE } from './constant-books.ts';
import { runLoad } from './http-load.ts';

/** Pages turned before the page "far behind" is measured. */
const PAGES_TURNED = 20;

const FILTERED = CATALOGUE_QUERY.replace('($first: Int!', '($filter: CatalogueFilter, $first: Int!').replace(
  'catalogue(first: $first',
  'catalogue(filter: $filter, first: $first',
);
const BY_TITLE = CATALOGUE_QUERY.replace('first: $first', 'orderBy: TITLE_ASC, first: $first');

const answerSchema = z.object({
  data: z.object({ catalogue: z.object({ pageInfo: z.object({ endCursor: z.string().nullable() }) }) }),
});

/** @returns median milliseconds by kind of page */
export async function readPages(url: string, token: string, durationMs: number): Promise<ReadonlyMap<string, number>> {
  const after = await cursorFarBehind(url, token);
  const kinds: [string, string, object][] = [
    ['the newest', CATALOGUE_QUERY, {}],
    [`behind ${PAGES_TURNED} pages`, CATALOGUE_QUERY, { after }],
    ['of a language', FILTERED, { filter: { language: 'en' } }],
    ['sold for a currency, up to a price', FILTERED, { filter: { currency: 'EUR', priceMax: 2_000 } }],
    ['published after an instant', FILTERED, { filter: { publishedAfter: '2020-01-01T00:00:00Z' } }],
    ['by title', BY_TITLE, {}],
  ];
  const medians = new Map<string, number>();
  for (const [label, query, variables] of kinds) {
    let pages = 0;
    // Each has a number that nobody reads: the same request would be given the same answer again.
    const body = () => JSON.stringify({ query, variables: { first: PAGE_SIZE, ...variables, number: ++pages } });
    const { latenciesMs, faults } = await runLoad({
      url,
      connections: 1,
      durationMs,
      next: () => ({ body: body(), token }),
      judge: (text) => (text.includes('"errors"') ? text.slice(0, 300) : null),
    });
    if (faults.length > 0) throw new Error(`a page ${label} was answered: ${faults.join('\n')}`);
    medians.set(label, median(latenciesMs));
  }
  return medians;
}

async function cursorFarBehind(url: string, token: string): Promise<string | null> {
  let after: string | null = null;
  for (let page = 0; page < PAGES_TURNED; page++) {
    const response: Response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: CATALOGUE_QUERY, variables: { first: PAGE_SIZE, after } }),
    });
    after = answerSchema.parse(await response.json()).data.catalogue.pageInfo.endCursor;
  }
  return after;
}
