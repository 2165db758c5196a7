/** Section `purchases`: the same saga by every engine, as a backlog and at a steady rate. */
import { formatNumber } from '../figures/statistics.ts';
import { recordImage, recordSection } from '../figures/record-section.ts';
import { describeMachine } from '../machine/machine.ts';
import { startPrivateServers } from '../machine/servers.ts';
import { type BenchOptions, OptionError } from '../options.ts';
import { mayRecord, type Section } from '../section.ts';
import { type ContestResult, type Load, runUndisturbed } from './contest.ts';
import { contestantNames, loadContestant } from './contestants/index.ts';
import { totalCpuMs } from './meter.ts';
import { PROFILE_SETTINGS } from './profile.ts';
import { goals, plot, section, type Standing, table } from './report.ts';

export const purchases: Section = {
  name: 'purchases',
  question: 'how fast do durable purchases go, and at what cost, against what one would pick instead?',
  run,
};

async function run(options: BenchOptions): Promise<void> {
  const contestants = await choose(options.only);
  const load = loadOf(options);
  const servers = await startPrivateServers(options.isProfiling ? PROFILE_SETTINGS : {});
  try {
    const machine = await describeMachine(servers);
    console.log(machine);
    const standings = contestants.map((contestant) => ({ contestant, results: new Array<ContestResult>() }));
    for (let round = 1; round <= options.rounds; round++) {
      // Every other round backwards, so that nobody always comes after the same rival.
      for (const { contestant, results } of round % 2 === 1 ? standings : standings.toReversed()) {
        const result = await runUndisturbed(servers, contestant, load);
        results.push(result);
        console.log(`${round}/${options.rounds}  ${describe(contestant.name, result)}`);
      }
    }
    console.log(`\n${table(standings)}\n\n${goals(standings)}`);
    if (mayRecord(options)) await record(standings, machine, load);
  } finally {
    await servers.stop();
  }
}

async function record(standings: readonly Standing[], machine: string, load: Load): Promise<void> {
  const plotAddress = await recordImage('performance-purchases', plot(standings));
  const day = new Date().toISOString().slice(0, 10);
  await recordSection('purchases', section(standings, { machine, load, plot: plotAddress, day }));
}

async function choose(only: readonly string[]) {
  for (const name of only) {
    if (!contestantNames.some((one) => one === name))
      throw new OptionError(`There is no contestant '${name}'; there are ${contestantNames.join(', ')}.`);
  }
  const names = contestantNames.filter((name) => only.length === 0 || only.includes(name));
  return Promise.all(names.map(loadContestant));
}

const loadOf = ({ purchases, isQuick, isProfiling }: BenchOptions): Load => ({
  purchases,
  warmUp: isQuick ? 200 : 500,
  secondsMin: isQuick ? 0 : 3,
  secondsMax: isQuick ? 2 : 8,
  ratePerSecond: 50,
  rateSeconds: isQuick ? 2 : 20,
  isProfiling,
});

function describe(name: string, result: ContestResult): string {
  const { purchases, perSecond, cost, latencyMs, halfRateLatencyMs, faults } = result;
  const half = halfRateLatencyMs ? `; at half its rate p99 ${formatNumber(halfRateLatencyMs.p99)} ms` : '';
  const latency = latencyMs
    ? `p50 ${formatNumber(latencyMs.p50)} ms, p99 ${formatNumber(latencyMs.p99)} ms`
    : 'no queue';
  const cpu = [cost.workerCpuMs, cost.postgresCpuMs ?? Number.NaN, cost.redisCpuMs ?? Number.NaN].map(formatNumber);
  return (
    `${name.padEnd(17)} ${formatNumber(perSecond).padStart(7)}/s (${purchases})  ${latency};  ` +
    `CPU ${formatNumber(totalCpuMs(cost))} ms (${cpu.join(' + ')}), WAL ${formatNumber(cost.walBytes)} B${half}` +
    `; others took ${Math.round(cost.foreignShare * 100)} % of the machine` +
    (faults.length > 0 ? `\n    WRONG: ${faults.join('; ')}` : '')
  );
}
