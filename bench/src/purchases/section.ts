/** Section `purchases`: the same saga by every engine, as a backlog and at a steady rate. */
import { formatNumber } from '../figures/statistics.ts';
import { describeMachine } from '../machine/machine.ts';
import { startPrivateServers } from '../machine/servers.ts';
import { type BenchOptions, OptionError } from '../options.ts';
import type { Section } from '../section.ts';
import { type ContestResult, type Load, runContest } from './contest.ts';
import { contestantNames, loadContestant } from './contestants/index.ts';
import { totalCpuMs } from './meter.ts';

export const purchases: Section = {
  name: 'purchases',
  question: 'how fast do durable purchases go, and at what cost, against what one would pick instead?',
  run,
};

async function run(options: BenchOptions): Promise<void> {
  const contestants = await choose(options.only);
  const load = loadOf(options);
  const servers = await startPrivateServers();
  try {
    console.log(await describeMachine(servers));
    const results = new Map<string, ContestResult[]>(contestants.map(({ name }) => [name, []]));
    for (let round = 1; round <= options.rounds; round++) {
      // Every other round backwards, so that nobody always comes after the same rival.
      for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
        const result = await runContest(servers, contestant, load);
        results.get(contestant.name)?.push(result);
        console.log(`${round}/${options.rounds}  ${describe(contestant.name, result)}`);
      }
    }
  } finally {
    await servers.stop();
  }
}

async function choose(only: readonly string[]) {
  for (const name of only) {
    if (!contestantNames.some((one) => one === name))
      throw new OptionError(`There is no contestant '${name}'; there are ${contestantNames.join(', ')}.`);
  }
  const names = contestantNames.filter((name) => only.length === 0 || only.includes(name));
  return Promise.all(names.map(loadContestant));
}

const loadOf = ({ purchases, isQuick }: BenchOptions): Load => ({
  purchases,
  warmUp: isQuick ? 200 : 500,
  secondsMax: isQuick ? 2 : 8,
  ratePerSecond: 50,
  rateSeconds: isQuick ? 2 : 20,
});

function describe(name: string, { purchases, perSecond, cost, latencyMs, faults }: ContestResult): string {
  const latency = latencyMs
    ? `p50 ${formatNumber(latencyMs.p50)} ms, p99 ${formatNumber(latencyMs.p99)} ms`
    : 'no queue';
  const cpu = [cost.workerCpuMs, cost.postgresCpuMs ?? Number.NaN, cost.redisCpuMs ?? Number.NaN].map(formatNumber);
  return (
    `${name.padEnd(17)} ${formatNumber(perSecond).padStart(7)}/s (${purchases})  ${latency};  ` +
    `CPU ${formatNumber(totalCpuMs(cost))} ms (${cpu.join(' + ')}), WAL ${formatNumber(cost.walBytes)} B` +
    (faults.length > 0 ? `\n    WRONG: ${faults.join('; ')}` : '')
  );
}
