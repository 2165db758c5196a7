/** How long a page of the catalogue takes, one after the other, out of few editions and out of many. */
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

/** An API process to be asked, and a session of a buyer there. */
export interface Shelf {
  readonly url: string;
  readonly token: string;
}

/** A kind of page, at both sizes: median milliseconds of each round. */
export interface PageResult {
  readonly label: string;
  readonly smallMs: readonly number[];
  readonly largeMs: readonly number[];
}

/**
 * Reads each kind of page from a small and from a large catalogue in turn, the one that comes first changing with the
 * round. A round that is not counted warms both up.
 */
export async function comparePages(
  shelves: { small: Shelf; large: Shelf },
  rounds: number,
  durationMs: number,
): Promise<PageResult[]> {
  const [small, large] = [await kindsOf(shelves.small), await kindsOf(shelves.large)];
  const results = small.map(({ label }) => ({ label, smallMs: [] as number[], largeMs: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [at, result] of results.entries()) {
      const turns = [
        { shelf: shelves.small, kind: small[at], into: result.smallMs },
        { shelf: shelves.large, kind: large[at], into: result.largeMs },
      ];
      for (const { shelf, kind, into } of round % 2 === 0 ? turns : turns.toReversed()) {
        const ms = kind ? await medianMs(shelf, kind, durationMs) : Number.NaN;
        if (round > 0) into.push(ms);
      }
    }
  }
  return results;
}

interface Kind {
  readonly label: string;
  readonly query: string;
  readonly variables: object;
}

async function kindsOf({ url, token }: Shelf): Promise<Kind[]> {
  const after = await cursorFarBehind(url, token);
  const currencyUpTo = { currency: 'EUR', priceMax: 2_000 };
  return [
    { label: 'the newest', query: CATALOGUE_QUERY, variables: {} },
    { label: `behind ${PAGES_TURNED} pages`, query: CATALOGUE_QUERY, variables: { after } },
    { label: 'of a language', query: FILTERED, variables: { filter: { language: 'en' } } },
    { label: 'sold for a currency, up to a price', query: FILTERED, variables: { filter: currencyUpTo } },
    {
      label: 'published after an instant',
      query: FILTERED,
      variables: { filter: { publishedAfter: '2020-01-01T00:00:00Z' } },
    },
    { label: 'by title', query: BY_TITLE, variables: {} },
  ];
}

let asked = 0;

/** The median of one page after the other for `durationMs`. */
async function medianMs({ url, token }: Shelf, { label, query, variables }: Kind, durationMs: number): Promise<number> {
  // Each has a number that nobody reads: the same request would be given the same answer again.
  const body = () => JSON.stringify({ query, variables: { first: PAGE_SIZE, ...variables, number: ++asked } });
  const { latenciesMs, faults } = await runLoad({
    url,
    connections: 1,
    durationMs,
    next: () => ({ body: body(), token }),
    judge: (text) => (text.includes('"errors"') ? text.slice(0, 300) : null),
  });
  if (faults.length > 0) throw new Error(`a page ${label} was answered: ${faults.join('\n')}`);
  return median(latenciesMs);
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
