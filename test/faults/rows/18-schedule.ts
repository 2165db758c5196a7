/**
 * Row 18: two nodes keep one schedule while their clocks are wrong, their time zones change to summer time, and their
 * event loops stand still.
 */
import { fileURLToPath } from 'node:url';
import { createTask } from 'node-cron';
import { slotsBetween } from '../../../src/consumers/schedule.ts';
import { tell } from '../harness/invariants.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { waitFor } from '../harness/wait.ts';

const bendTime = fileURLToPath(new URL('../engine/bend-time.ts', import.meta.url));
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Round {
  readonly name: string;
  readonly everySeconds: number;
  /** Slots that must have been run before the round is over. */
  readonly slots: number;
  readonly nodes: readonly Readonly<Record<string, string>>[];
}

const clock = (shiftMs: number, zone: string) => ({ BENT_CLOCK_MS: String(shiftMs), TZ: zone });
/** Well after it has started, also on a slow machine. */
const BLOCK_AFTER_MS = 20_000;
const blocked = (blockMs: number, afterMs: number) => ({
  BENT_BLOCK_AFTER_MS: String(afterMs),
  BENT_BLOCK_MS: String(blockMs),
});

function roundsOf(isShort: boolean): Round[] {
  const slots = isShort ? 6 : 30;
  return [
    {
      name: 'clocks 5 minutes apart each way',
      everySeconds: 1,
      slots,
      nodes: [clock(5 * MINUTE_MS, 'Europe/Berlin'), clock(-5 * MINUTE_MS, 'America/New_York')],
    },
    ...(isShort
      ? []
      : [
          {
            name: 'clocks an hour apart each way',
            everySeconds: 1,
            slots,
            nodes: [clock(HOUR_MS, 'Australia/Lord_Howe'), clock(-HOUR_MS, 'Europe/Berlin')],
          },
        ]),
    {
      name: `both loops blocked for ${isShort ? 5 : 90} s`,
      everySeconds: isShort ? 1 : 15,
      slots: isShort ? 12 : 10,
      nodes: isShort
        ? [blocked(5_000, BLOCK_AFTER_MS / 4), blocked(5_000, BLOCK_AFTER_MS / 4)]
        : [blocked(90_000, BLOCK_AFTER_MS), blocked(90_000, BLOCK_AFTER_MS)],
    },
  ];
}

interface Found {
  slots: number;
  violations: string[];
}

async function play(stack: Stack, round: Round, index: number): Promise<Found> {
  const { sql } = stack.database;
  const [begin] = await sql<{ now: string }[]>`select now() as now`;
  const since = begin?.now ?? '';
  const nodes = round.nodes.map((bent, node) =>
    stack.worker(`node-${index}-${node}`, {
      ...bent,
      HEALTH_CRON: `*/${round.everySeconds} * * * * *`,
      NODE_OPTIONS: `--import ${bendTime}`,
    }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  await waitFor(`${round.slots} slots`, 240_000, async () => {
    const [row] = await sql<{ done: number }[]>`
      select count(*)::int as done from health_report where slot > ${since}`;
    return (row?.done ?? 0) >= round.slots;
  });
  await Promise.all(nodes.map((node) => node.drain()));
  const rows = await sql<{ slot: string; second: number; runs: number; early: boolean }[]>`
    select c.slot, extract(epoch from c.slot)::int as second, c.slot > c.created_at as early,
      (select count(*)::int from event e join run r on r.id = 'health/' || e.id
       where e.type = 'health.due' and (e.payload ->> 'slot')::timestamptz = c.slot) as runs
    from cron_slot c where c.name = 'health' and c.slot > ${since} order by c.slot`;
  const missing = rows.slice(1).filter((row, at) => {
    const before = rows[at];
    return before && row.second - before.second !== round.everySeconds;
  });
  const name = ({ slot }: { slot: string }) => slot;
  // A run of the very last slots may not have begun when the nodes were told to stop.
  const settled = rows.slice(0, -3);
  return {
    slots: rows.length,
    violations: [
      ...tell(`slots follow a missed one (${round.name})`, missing, name),
      ...tell(
        `slots were not run once (${round.name})`,
        settled.filter((row) => row.runs !== 1),
        (row) => `${name(row)}: ${row.runs} runs`,
      ),
      ...tell(
        `slots were run before their time (${round.name})`,
        rows.filter((row) => row.early),
        name,
      ),
    ],
  };
}

/** Each hour and each day has its slot once, in the nights when a clock on the wall jumps. */
async function checkSummerTime(): Promise<string[]> {
  const nights = ['2026-03-29', '2026-10-25'];
  const daily = createTask('30 1 * * *', () => {}, { timezone: 'UTC' });
  const hourly = createTask('0 * * * *', () => {}, { timezone: 'UTC' });
  const violations = nights.flatMap((night) => {
    const from = new Date(`${night}T00:00:00Z`).getTime();
    const hours = Array.from({ length: 24 }, (_, hour) => from + hour * HOUR_MS);
    const count = (task: typeof daily) =>
      hours.flatMap((hour) =>
        slotsBetween((second) => task.match(second), new Date(hour - 1_000), new Date(hour + HOUR_MS - 1_000), HOUR_MS),
      ).length;
    return [
      ...(count(daily) === 1 ? [] : [`${night} has ${count(daily)} slots of a daily schedule`]),
      ...(count(hourly) === 24 ? [] : [`${night} has ${count(hourly)} slots of an hourly schedule`]),
    ];
  });
  await Promise.all([daily.destroy(), hourly.destroy()]);
  return violations;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const stack = await openStack(context, { purchases: 1 });
  const rounds = roundsOf(context.isShort);
  const violations = await checkSummerTime();
  let slots = 0;
  for (const [index, round] of rounds.entries()) {
    context.say(round.name);
    const found = await play(stack, round, index);
    slots += found.slots;
    violations.push(...found.violations);
  }
  return {
    injected: `two nodes; ${rounds.map((round) => round.name).join('; ')}; both changes of summer time`,
    figures: { slots, violations: violations.length },
    violations,
  };
}

const row: FaultRow = {
  row: 18,
  title: 'Two nodes keep one schedule with wrong clocks and blocked loops',
  promise: [1],
  loadFull: 'a slot a second for 30 s with clocks ±5 min and ±1 h; every 15 s with both loops blocked for 90 s',
  loadShort: 'a slot a second: 6 with clocks ±5 min, 12 with both loops blocked for 5 s',
  invariant: 'one run per slot, 0 missed, none before its time',
  run,
};
export default row;
