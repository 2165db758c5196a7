/** Section `requests` of docs/performance.md, from what was measured. */
import type { PageResult } from './page-reads.ts';
import { CONNECTIONS } from './ways.ts';
import { formatNumber, formatSummary, type Summary, summarize } from '../figures/statistics.ts';

/** One way of asking, over all rounds. */
export interface WayResult {
  readonly name: WayName;
  readonly perSecond: readonly number[];
  /** Microseconds of processor time a request; the server's process and PostgreSQL's. */
  readonly serverUs: readonly number[];
  readonly postgresUs: readonly number[];
}

export const WAYS = {
  constant: 'bare Yoga, a constant page of 20 books',
  plainConstant: 'the same, Yoga as it comes (body limit, logging, GraphiQL on)',
  anonymous: '**Booky Hub, a page of 20 editions, no account** (at most 1 s old)',
  signedIn: '**Booky Hub, the same page, signed in** (at most 1 s old, the session looked up each time)',
  anew: '**Booky Hub, the same page, signed in, read anew each time**',
  insert: 'bare Yoga, a mutation that inserts one row',
  order: '**Booky Hub, placeOrder**',
} as const;
export type WayName = keyof typeof WAYS;

export interface LatencyRounds {
  readonly p50: readonly number[];
  readonly p99: readonly number[];
  /** Of the purchases of all rounds together. */
  readonly p99OfAll: number;
}

export interface Findings {
  readonly day: string;
  readonly machine: string;
  readonly rounds: number;
  readonly ways: readonly WayResult[];
  readonly pages: readonly PageResult[];
  readonly sizes: { small: number; large: number; loadWarmUpMs: number; paceSeconds: number };
  /** From mutation to COMPLETED, alone and beside the burst. */
  readonly alone: LatencyRounds;
  readonly beside: LatencyRounds;
  /** How long purchases had been made at that pace before. */
  readonly warmUpSeconds: number;
  readonly booksValidated: readonly number[];
  readonly missing: number;
}

const PAGE_RATIO_MAX = 1.3;

export function requestsSection(findings: Findings): string {
  const { day, machine, rounds } = findings;
  return `## Requests

What do all the guarantees of the schema cost a request, how fast are reads and mutations, and how long does a purchase
take through the whole stack? Measured on ${day}: ${machine}; ${rounds} rounds, interleaved, medians, ± half the range.

| One API process, by ${CONNECTIONS.join(' or ')} connections | requests/s | CPU µs a request, server | PostgreSQL |
|---|---:|---:|---:|
${findings.ways.map(wayLine).join('\n')}

| A page of the catalogue, median ms | ${formatNumber(findings.sizes.small)} editions | ${formatNumber(findings.sizes.large)} editions | ratio |
|---|---:|---:|---:|
${findings.pages.map(pageLine).join('\n')}

| 50 purchases/s, mutation to COMPLETED | p50 ms | p99 ms | p99 ms of all rounds together |
|---|---:|---:|---:|
| alone | ${formatSummary(summarize(findings.alone.p50))} | ${formatSummary(summarize(findings.alone.p99))} | ${formatNumber(findings.alone.p99OfAll)} |
| beside a burst of 200 books being published | ${formatSummary(summarize(findings.beside.p50))} | ${formatSummary(summarize(findings.beside.p99))} | ${formatNumber(findings.beside.p99OfAll)} |

${goalTable(findings)}

How it is measured: bare Yoga has the options that its documentation gives for speed (no body limit, no logging, no
GraphiQL, no CORS), graphql's own executor path and no other plugin, in a process of its own, as has the API; both are
asked over raw sockets, each way for ${findings.sizes.loadWarmUpMs / 1_000} s before any is measured, then by ${CONNECTIONS.join(' and by ')} callers, of
which the better counts. The catalogue's page has title, authors, covers, price and rating. *placeOrder* is a signed-in
buyer's: session, idempotency key, rights, price, order, line, payment and event in a durable commit
(\`synchronous_commit\` on), then the order is read for the answer; every request buys something new. An answer that
is given again is kept for a second at most, is made without any account, and is dropped when its process commits
anything: no user's data can be in it; a session is given it only where every field is the same for all callers. Pages
that are *read anew* have something in their variables that makes each request another. The two catalogues stand side by
side, each asked by one caller of an API process of its own, in turns. Purchases at 50/s go in as mutations and come out as server-sent events, with the API and one
worker in processes of their own and the sandbox gateway over HTTP, after ${findings.warmUpSeconds} s of the same. ${findings.missing === 0 ? 'Every purchase completed.' : `${findings.missing} purchases did not complete in time.`}
The books of the burst are EPUBs of 20 chapters; ${formatNumber(summarize(findings.booksValidated).median)} of them were validated while the purchases beside them were made: ${findings.rounds} rounds of ${findings.sizes.paceSeconds} s, as alone. What reads them runs when nothing else wants the processor, and in short turns
([scaling.md](scaling.md#books-beside-purchases)).`;
}

function wayLine({ name, perSecond, serverUs, postgresUs }: WayResult): string {
  const [rate, server, postgres] = [perSecond, serverUs, postgresUs].map((values) => formatSummary(summarize(values)));
  return `| ${WAYS[name]} | ${rate} | ${server} | ${postgres} |`;
}

function pageLine(page: PageResult): string {
  const columns = [page.smallMs, page.largeMs, sizeRatios(page)].map((values) => formatSummary(summarize(values)));
  return `| ${page.label} | ${columns.join(' | ')} |`;
}

const sizeRatios = ({ smallMs, largeMs }: PageResult): number[] => quotients(largeMs, smallMs);

export function goalTable({ ways, pages, alone, beside }: Findings): string {
  const ratio = (ours: WayName, theirs: WayName): Summary =>
    summarize(quotients(rates(ways, ours), rates(ways, theirs)));
  const flat = pages.map((page) => summarize(sizeRatios(page))).toSorted((a, b) => b.median - a.median)[0];
  const goals = [
    goal(
      'a page without an account, against bare Yoga with a constant',
      '≥ 0.6×',
      ratio('anonymous', 'constant'),
      (is) => is >= 0.6,
      '×',
    ),
    goal(
      'the same page signed in, against bare Yoga with a constant',
      '≥ 0.6×',
      ratio('signedIn', 'constant'),
      (is) => is >= 0.6,
      '×',
    ),
    goal(
      'the same page read from PostgreSQL for each request, against bare Yoga with a constant',
      '≥ 0.6×',
      ratio('anew', 'constant'),
      (is) => is >= 0.6,
      '×',
    ),
    goal(
      'orders accepted, against bare Yoga inserting a row',
      '≥ 0.6×',
      ratio('order', 'insert'),
      (is) => is >= 0.6,
      '×',
    ),
    goal(
      'the slowest kind of page, large against small catalogue',
      `≤ ${PAGE_RATIO_MAX}×`,
      flat ?? summarize([]),
      (is) => is <= PAGE_RATIO_MAX,
      '×',
    ),
    goal('mutation to COMPLETED at 50/s, p50', '≤ 10 ms', summarize(alone.p50), (is) => is <= 10, ' ms'),
    goal('mutation to COMPLETED at 50/s, p99', '≤ 40 ms', summarize(alone.p99), (is) => is <= 40, ' ms'),
    goal(
      'p99 beside the burst, against alone, of all rounds',
      '≤ 1.5×',
      // No round alone belongs to a round beside, and each side has a minute of its own.
      summarize([beside.p99OfAll / alone.p99OfAll]),
      (is) => is <= 1.5,
      '×',
    ),
  ];
  return ['| Goal | wanted | measured | |', '|---|---:|---:|---|', ...goals].join('\n');
}

function goal(
  what: string,
  wanted: string,
  measured: Summary,
  isMet: (value: number) => boolean,
  unit: string,
): string {
  const share =
    measured.rounds > 1 ? ` ± ${Math.round(((measured.max - measured.min) / 2 / measured.median) * 100)} %` : '';
  const verdict = isMet(measured.median) ? 'met' : '**not met**';
  return `| ${what} | ${wanted} | ${formatNumber(measured.median)}${unit}${share} | ${verdict} |`;
}

const rates = (ways: readonly WayResult[], name: WayName): readonly number[] =>
  ways.find((way) => way.name === name)?.perSecond ?? [];

const quotients = (above: readonly number[], below: readonly number[]): number[] =>
  above.map((value, at) => value / (below[at] ?? Number.NaN));
