/** What the contests say: the table, the goals and the plot of docs/performance.md. */
import { type Bar, barPlot } from '../figures/bar-plot.ts';
import { formatNumber, formatSummary, spread, summarize, type Summary } from '../figures/statistics.ts';
import type { ContestResult, Load } from './contest.ts';
import type { Contestant, Kind } from './contestant.ts';
import { totalCpuMs } from './meter.ts';

export interface Standing {
  readonly contestant: Contestant;
  readonly results: readonly ContestResult[];
}

const over = ({ results }: Standing, value: (result: ContestResult) => number): Summary =>
  summarize(results.map(value).filter((one) => Number.isFinite(one)));
const rate = (standing: Standing): Summary => over(standing, ({ perSecond }) => perSecond);

/** The table for the terminal and for the page. */
export function table(standings: readonly Standing[]): string {
  const head = [
    '| Contestant | purchases/s | p50 / p99 ms at a steady rate | CPU ms a purchase (worker + PostgreSQL + Redis) | WAL bytes a purchase |',
    '|---|---:|---:|---:|---:|',
  ];
  const rows = standings.map((standing) => {
    const latency = (share: 'p50' | 'p99') =>
      formatNumber(over(standing, ({ latencyMs }) => latencyMs?.[share] ?? Number.NaN).median);
    const cpu = (part: (result: ContestResult) => number) => formatNumber(over(standing, part).median);
    const hasQueue = standing.results.some(({ latencyMs }) => latencyMs !== null);
    const name = isOurs(standing.contestant.kind) ? `**${standing.contestant.label}**` : standing.contestant.label;
    return `| ${[
      name + (faultsOf(standing).length > 0 ? ' (wrong, see below)' : ''),
      formatSummary(rate(standing)),
      hasQueue ? `${latency('p50')} / ${latency('p99')}` : 'no queue',
      `${cpu(({ cost }) => totalCpuMs(cost))} (${cpu(({ cost }) => cost.workerCpuMs)} + ${cpu(({ cost }) => cost.postgresCpuMs ?? Number.NaN)} + ${cpu(({ cost }) => cost.redisCpuMs ?? Number.NaN)})`,
      formatNumber(over(standing, ({ cost }) => cost.walBytes).median),
    ].join(' | ')} |`;
  });
  return [...head, ...rows].join('\n');
}

const isOurs = (kind: Kind): boolean => kind === 'OURS' || kind === 'PRODUCT';

const faultsOf = ({ results }: Standing): string[] => [...new Set(results.flatMap(({ faults }) => faults))];

interface Goal {
  readonly words: string;
  readonly reached: Summary;
  readonly wanted: number;
  readonly unit: '×' | ' ms';
  readonly isAtMost: boolean;
}

/** The ratio of each round of its own, so that a slow minute of the machine weighs on both sides. */
function perRound(
  of: Standing | undefined,
  against: Standing | undefined,
  value: (result: ContestResult) => number,
): Summary {
  const ratios = (of?.results ?? []).flatMap((result, round) => {
    const other = against?.results[round];
    return other ? [value(result) / value(other)] : [];
  });
  return summarize(ratios.filter((one) => Number.isFinite(one)));
}

function goalsOf(standings: readonly Standing[]): Goal[] {
  const find = (name: string) => standings.find(({ contestant }) => contestant.name === name);
  const engine = find('engine');
  const bullmq = find('bullmq-chained');
  const bestPerJob = fastest(standings.filter(({ contestant }) => contestant.kind === 'PER_JOB'));
  const perSecond = ({ perSecond }: ContestResult) => perSecond;
  return [
    {
      words: 'purchases/s of the engine, against BullMQ with chained jobs',
      unit: '×',
      reached: perRound(engine, bullmq, perSecond),
      wanted: 10,
      isAtMost: false,
    },
    {
      words: `purchases/s of the engine, against the best per-job engine (${bestPerJob?.contestant.label ?? 'none'})`,
      unit: '×',
      reached: perRound(engine, bestPerJob, perSecond),
      wanted: 6,
      isAtMost: false,
    },
    {
      words: 'purchases/s of the engine, against bulk SQL in the same three commits',
      unit: '×',
      reached: perRound(engine, find('floor-3'), perSecond),
      wanted: 0.6,
      isAtMost: false,
    },
    {
      words: 'processor time a purchase of the engine, against BullMQ with chained jobs',
      unit: '×',
      reached: perRound(engine, bullmq, ({ cost }) => totalCpuMs(cost)),
      wanted: 1 / 8,
      isAtMost: true,
    },
    {
      words: 'WAL a purchase of the engine, against pg-boss with chained jobs',
      unit: '×',
      reached: perRound(engine, find('pg-boss-chained'), ({ cost }) => cost.walBytes),
      wanted: 0.6,
      isAtMost: true,
    },
    {
      words: 'p99 of the engine at half of the rate that it reached',
      unit: ' ms',
      reached: engine ? over(engine, ({ halfRateLatencyMs }) => halfRateLatencyMs?.p99 ?? Number.NaN) : summarize([]),
      wanted: 250,
      isAtMost: true,
    },
  ];
}

function fastest(standings: readonly Standing[]): Standing | undefined {
  return standings.toSorted((a, b) => rate(b).median - rate(a).median)[0];
}

export function goals(standings: readonly Standing[]): string {
  const rows = goalsOf(standings).map(({ words, reached, wanted, unit, isAtMost }) => {
    const isMet = isAtMost ? reached.median <= wanted : reached.median >= wanted;
    const verdict = Number.isFinite(reached.median) ? (isMet ? 'met' : '**not met**') : 'not measured';
    const goal = `${isAtMost ? '≤' : '≥'} ${formatNumber(wanted)}${unit}`;
    return `| ${words} | ${goal} | ${formatReached(reached, unit)} | ${verdict} |`;
  });
  return ['| Goal | wanted | measured | |', '|---|---:|---:|---|', ...rows].join('\n');
}

const formatReached = (reached: Summary, unit: string): string =>
  Number.isFinite(reached.median)
    ? `${formatNumber(reached.median)}${unit} ± ${Math.round(spread(reached) * 100)} %`
    : '–';

/** The whole section of the page. @param plot address of the plot */
export function section(
  standings: readonly Standing[],
  options: { machine: string; load: Load; plot: string; day: string },
): string {
  const { machine, load } = options;
  const wrong = standings.flatMap((standing) => {
    const faults = faultsOf(standing);
    return faults.length > 0 ? [`- ${standing.contestant.label}: ${faults.join('; ')}`] : [];
  });
  return `## Purchases

How fast do durable purchases go, and at what cost, against what one would pick instead? Every contestant does the same
saga on the same tables and indexes: *validate*, *charge* (a payment under a unique key, two ledger lines) and *fulfil* (a
licence), each with the order's new status in a commit of its own that everybody can see.
Measured on ${options.day}: ${machine};
${standings[0]?.results.length ?? 0} rounds, interleaved, medians, ± half the range of the rounds.

![Purchases per second](${options.plot})

${table(standings)}

${goals(standings)}

How it is measured: one worker process per contestant, a fresh database and an empty Redis per contestant and round,
PostgreSQL and Redis with default durability (\`synchronous_commit\` on, append-only file every second) on the same
machine. Everyone is given about the same time, and is warm before: after ${formatNumber(load.warmUp)} purchases to
guess its pace by, a first backlog warms it up, and a second one is measured. Each holds ${formatNumber(load.purchases)}
purchases, fewer where they would take more than ${load.secondsMax} s, more where less than ${load.secondsMin} s. A backlog
is handed in while nobody works; time runs from the start of working to
the last commit, by PostgreSQL's own commit timestamps. CPU is that of the worker, PostgreSQL and Redis in that time, WAL
what PostgreSQL wrote in it; handing in is not counted. Latency: ${load.ratePerSecond} purchases/s for ${load.rateSeconds} s, from
handing one in to the commit record of its last stage (its flush, the same for all, comes after). A contest
in which other processes took more than 15 % of the machine is run again, and the least disturbed of three counts.
Afterwards the tables are audited: each purchase completed, with exactly one payment, one licence and two ledger lines.

${wrong.length === 0 ? 'Nobody lost or doubled a purchase.' : `Lost or doubled:\n\n${wrong.join('\n')}`}

What to read from it, and what not:

- The engine keeps more than its rivals do here: every step is an event that subscribers can resume from, a stage's effect,
  its run and its next event are one commit, and Redis may be emptied at any moment. Of the others only DBOS records
  each step, in a commit of its own after the effect; "one job" runs all stages in one job that is done again from its
  first stage when it fails.
- BullMQ's jobs live in Redis, which writes its file to disk once a second: a power cut may lose the last second of jobs,
  and its WAL is the saga's alone. All others keep theirs in PostgreSQL.
- *Set-based SQL per batch* is the engine's own idea done by hand in pg-boss: one bad order fails its whole batch, a batch
  is done again whole, and nothing tells subscribers.
- The purchase workflow of the product does more than the saga (a gateway over HTTP, authorized and captured, a receipt),
  so no ratio is told of it.

Tuning, each by its own documentation:

${standings.map(({ contestant }) => `- ${contestant.label}: ${contestant.tuning}.`).join('\n')}
`;
}

const GROUPS: Record<Kind, Bar['group']> = {
  OURS: 'ours',
  PRODUCT: 'ours',
  PER_JOB: 'rival',
  BATCH: 'rival',
  FLOOR: 'limit',
};

export const plot = (standings: readonly Standing[]): string =>
  barPlot({
    title: 'Purchases per second, three durable stages each',
    unit: 'purchases/s, median; line: all rounds',
    bars: standings
      .map((standing): Bar => {
        const { label, kind } = standing.contestant;
        return { label, summary: rate(standing), group: GROUPS[kind] };
      })
      .toSorted((a, b) => b.summary.median - a.summary.median),
    words: { ours: 'Booky Hub', rival: 'others', limit: 'bulk SQL with no queue' },
  });
