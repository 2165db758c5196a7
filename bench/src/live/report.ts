/** The section `live` of docs/performance.md, from the figures of its rounds. */
import { availableParallelism } from 'node:os';
import type { CrowdLoad } from '../../../test/faults/live/crowd.ts';
import { formatNumber, formatSummary, type Summary, summarize } from '../figures/statistics.ts';

export interface LiveResult {
  readonly bytesEach: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Events that were missed or out of turn, and subscriptions that ended by themselves. */
  readonly lost?: number;
}

const NAMES: Readonly<Record<string, string>> = {
  'product-sse': '**Booky Hub, server-sent events**',
  'product-ws': '**Booky Hub, graphql-ws**',
  'yoga-sse': 'graphql-yoga, server-sent events, its own pub-sub',
  'graphql-ws': 'graphql-ws with ws, the same pub-sub',
  'node-sse': 'server-sent events on node:http, no GraphQL: the floor',
};
const KB_MAX = 30;
const P99_MS_MAX = 50;

export function reportLive(results: ReadonlyMap<string, readonly LiveResult[]>, load: CrowdLoad): string {
  const of = (name: string, figure: (result: LiveResult) => number | undefined): Summary =>
    summarize((results.get(name) ?? []).flatMap((result) => figure(result) ?? []));
  const kilobytes = (name: string) => of(name, ({ bytesEach }) => bytesEach / 1_000);
  const rows = [...results.keys()].map((name) => {
    const [p50, p99] = [of(name, ({ p50Ms }) => p50Ms), of(name, ({ p99Ms }) => p99Ms)];
    const latency = p50.rounds > 0 ? `${formatSummary(p50)} / ${formatSummary(p99)}` : '–';
    return `| ${NAMES[name] ?? name} | ${formatSummary(kilobytes(name))} | ${latency} |`;
  });
  const goals = ['product-sse', 'product-ws'].flatMap((name) => [
    goal(`KB a subscriber, ${NAMES[name]}`, KB_MAX, kilobytes(name)),
    goal(
      `ms until an event is there at p99, ${NAMES[name]}`,
      P99_MS_MAX,
      of(name, ({ p99Ms }) => p99Ms),
    ),
  ]);
  const lost = [...results.values()].flat().reduce((sum, result) => sum + (result.lost ?? 0), 0);
  return `## Live status

What does a subscriber cost one process, and how soon does an event reach it? Measured on ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores,
Node ${process.versions.node}, ${results.get('product-sse')?.length ?? 0} rounds, interleaved, medians, ± half the range of the rounds.

| Contestant | KB of memory a subscriber | p50 / p99 ms to the reader |
|---|---:|---:|
${rows.join('\n')}

| Goal | wanted | measured | |
|---|---:|---:|---|
${goals.join('\n')}

${lost === 0 ? 'No event was missed or out of turn.' : `**${lost} events were missed or out of turn.**`}

How it is measured: ${formatNumber(load.subscribers)} readers in two other processes, each of an order of its own buyer, subscribe to
\`orderStatus\` in one fresh process. Memory is the resident set after garbage collections, before and after they came, when
${formatNumber(load.forerunners)} others have come and gone. Then ${formatNumber(load.perSecond)} events a second for ${load.seconds} s, after ${load.warmUpSeconds} s of the same, ten in a commit, each for one order: stored in
PostgreSQL, relayed through Redis by a worker process, checked against the session and the order's buyer, executed by the
schema and written to the socket. A latency runs from before the event is stored to its arrival in the reader's process, on the
same machine and its two cores. The rivals keep the connections of the same readers without accounts, rights, database or
resuming; a push within one process is not timed.
`;
}

const goal = (what: string, most: number, summary: Summary): string =>
  `| ${what} | ≤ ${most} | ${formatSummary(summary)} | ${summary.median <= most ? 'met' : '**not met**'} |`;
