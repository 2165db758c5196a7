/** Section `scale`: the engine with one, two and four worker processes on one machine. */
import { recordSection } from '../figures/record-section.ts';
import { formatSummary, summarize } from '../figures/statistics.ts';
import { describeMachine } from '../machine/machine.ts';
import { startPrivateServers } from '../machine/servers.ts';
import type { BenchOptions } from '../options.ts';
import { type ContestResult, type Load, runUndisturbed } from '../purchases/contest.ts';
import { loadContestant } from '../purchases/contestants/index.ts';
import { totalCpuMs } from '../purchases/meter.ts';
import { mayRecord, type Section } from '../section.ts';

const WORKERS = [1, 2, 4];

export const scale: Section = {
  name: 'scale',
  question: 'what do more worker processes bring, and what do they cost?',
  run,
};

async function run(options: BenchOptions): Promise<void> {
  const engine = await loadContestant('engine');
  const load: Load = {
    purchases: options.purchases,
    warmUp: 500,
    secondsMin: options.isQuick ? 0 : 3,
    secondsMax: options.isQuick ? 2 : 8,
    ratePerSecond: 50,
    rateSeconds: options.isQuick ? 2 : 10,
  };
  const servers = await startPrivateServers();
  try {
    const machine = await describeMachine(servers);
    const standings = WORKERS.map((workers) => ({ workers, results: new Array<ContestResult>() }));
    for (let round = 1; round <= options.rounds; round++) {
      for (const { workers, results } of round % 2 === 1 ? standings : standings.toReversed()) {
        const result = await runUndisturbed(servers, { ...engine, workers }, load);
        results.push(result);
        console.log(`${round}/${options.rounds}  ${workers} workers  ${Math.round(result.perSecond)}/s`);
      }
    }
    const text = words(standings, machine, options.rounds);
    console.log(text);
    if (mayRecord(options)) await recordSection('scale', text);
  } finally {
    await servers.stop();
  }
}

function words(
  standings: readonly { workers: number; results: readonly ContestResult[] }[],
  machine: string,
  rounds: number,
): string {
  const figure = (results: readonly ContestResult[], of: (result: ContestResult) => number) =>
    formatSummary(summarize(results.map(of)));
  const rows = standings.map(
    ({ workers, results }) =>
      `| ${workers} | ${figure(results, ({ perSecond }) => perSecond)} | ` +
      `${figure(results, ({ cost }) => totalCpuMs(cost))} | ` +
      `${figure(results, ({ latencyMs }) => latencyMs?.p50 ?? Number.NaN)} / ` +
      `${figure(results, ({ latencyMs }) => latencyMs?.p99 ?? Number.NaN)} | ` +
      `${results.flatMap(({ faults }) => faults).length} |`,
  );
  return [
    '## More worker processes',
    '',
    `The engine's saga of the first section with more workers on the same ${machine}; ${rounds} rounds, interleaved. All of`,
    'them share two cores with PostgreSQL and Redis, so this shows what sharing costs, not what more machines bring',
    '([scaling.md](scaling.md)).',
    '',
    '| Workers | purchases/s | CPU ms a purchase | p50 / p99 ms at 50/s | lost or doubled |',
    '|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}
