/**
 * Row 19: readers stop reading without a word, while 20,000 events of 10 KB are stored for them.
 *
 * The load runs in turns: everybody reads, then those it is for have paused, and again, so that what else the machine does
 * falls on both. Beside it, others watch orders of their own. After each turn the paused read on, or come again where they
 * were cut off, and must have seen everything.
 */
import { join } from 'node:path';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { waitFor } from '../harness/wait.ts';
import { beat } from '../live/drumbeat.ts';
import { judge, lastSeqs, percentile } from '../live/judge.ts';
import { memoryEnv, memoryOf } from '../live/memory.ts';
import { type Readers, startReaders } from '../live/readers.ts';
import { openShoppers, type Shopper } from '../live/shoppers.ts';

const EVENT_BYTES = 10_000;
const RSS_BYTES_MAX = 5_000_000;
const SLOWDOWN_MAX = 1.5;
/** Below this, the difference is the machine's, not the paused readers'. */
const P99_MS_FLOOR = 50;
const ARRIVAL_TIMEOUT_MS = 120_000;

interface Load {
  readonly paused: number;
  readonly others: number;
  /** Of one turn. */
  readonly events: number;
  /** Turns with everybody reading, and as many with the paused. */
  readonly turns: number;
  readonly perSecond: number;
}
const FULL: Load = { paused: 20, others: 200, events: 10_000, turns: 2, perSecond: 800 };
const SHORT: Load = { paused: 4, others: 20, events: 200, turns: 1, perSecond: 400 };

interface Scene {
  readonly stack: Stack;
  readonly url: string;
  readonly pid: number;
  readonly memoryFile: string;
  /** Those the load is for, half of them over each transport. */
  readonly events: readonly Shopper[];
  readonly sockets: readonly Shopper[];
  readonly others: readonly Shopper[];
  readonly readers: Readers;
}

async function open(context: FaultContext, load: Load): Promise<Scene> {
  const stack = await openStack(context, { purchases: 1 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const memoryFile = join(context.folder, 'memory.json');
  const api = stack.api('api', port, { ...memoryEnv(memoryFile), WEBSOCKETS_PER_ADDRESS_MAX: '20000' });
  await Promise.all([api.start(), stack.worker('worker-1').start()]);
  const shoppers = await openShoppers(stack.database, load.paused + load.others);
  const half = load.paused / 2;
  const readers = context.keep(await startReaders());
  const [events, sockets, others] = [
    shoppers.slice(0, half),
    shoppers.slice(half, load.paused),
    shoppers.slice(load.paused),
  ];
  await readers.open([...events, ...others.slice(0, others.length / 2)], { url, protocol: 'SSE' });
  await readers.open([...sockets, ...others.slice(others.length / 2)], { url, protocol: 'WS' });
  return { stack, url, pid: api.pid ?? 0, memoryFile, events, sockets, others, readers };
}

/** The load, and a steady beat for the others. @returns the others' latencies and the memory that is held afterwards */
async function endure(
  { stack, readers, events, sockets, others, pid, memoryFile }: Scene,
  load: Load,
  context: FaultContext,
) {
  const seconds = load.events / load.perSecond;
  await Promise.all([
    beat(stack, [...events, ...sockets], context.random, {
      perSecond: load.perSecond,
      seconds,
      textBytes: EVENT_BYTES,
      batch: load.paused / 2,
    }),
    beat(stack, others, context.random, { perSecond: 100, seconds, batch: 5 }),
  ]);
  const lasts = await lastSeqs(
    stack.database,
    others.map(({ subject }) => subject),
  );
  const names = new Set(lasts.keys());
  const latenciesMs: number[] = [];
  await waitFor('the arrival of what others watch', ARRIVAL_TIMEOUT_MS, async () => {
    const report = await readers.report();
    for (const { name, ms } of report.latenciesMs) if (names.has(name)) latenciesMs.push(ms);
    return (
      judge(
        report.readers.filter(({ name }) => names.has(name)),
        lasts,
      ).missed === 0
    );
  });
  return { latenciesMs, memory: await memoryOf(pid, memoryFile) };
}

/** Everybody reads to the end; who was cut off comes again behind what it saw. @returns who was cut off, and faults */
async function readOn({ stack, readers, events, sockets, url }: Scene) {
  const watched = [...events, ...sockets];
  const lasts = await lastSeqs(
    stack.database,
    watched.map(({ subject }) => subject),
  );
  const seqs = async () => new Map((await readers.report()).readers.map((reader) => [reader.name, reader]));
  await readers.resume(watched);
  const cutOff = new Set<string>();
  let disordered = 0;
  await waitFor('the paused readers to see everything', ARRIVAL_TIMEOUT_MS, async () => {
    const seen = await seqs();
    for (const [shoppers, protocol] of [
      [events, 'SSE'],
      [sockets, 'WS'],
    ] as const) {
      const gone = shoppers.filter(({ subject }) => seen.get(subject)?.ended === true);
      for (const { subject } of gone) {
        cutOff.add(subject);
        disordered += seen.get(subject)?.outOfTurn ?? 0;
      }
      const behind = gone.filter(({ subject }) => (seen.get(subject)?.last ?? 0) < (lasts.get(subject) ?? 0));
      if (behind.length > 0)
        await readers.open(behind, { url, protocol, after: ({ subject }) => seen.get(subject)?.last ?? 0 });
      for (const { subject } of behind) {
        const first = (await seqs()).get(subject)?.first;
        if (first !== (seen.get(subject)?.last ?? 0) + 1) disordered += 1;
      }
    }
    const now = await seqs();
    return watched.every(({ subject }) => (now.get(subject)?.last ?? 0) >= (lasts.get(subject) ?? 0));
  });
  const { readers: all } = await readers.report();
  return { cutOff: cutOff.size, disordered: disordered + judge(all, lasts).disordered };
}

async function run(context: FaultContext): Promise<FaultResult> {
  const load = context.isShort ? SHORT : FULL;
  const scene = await open(context, load);
  const reading: number[] = [];
  const beside: number[] = [];
  let [grown, cutOff, disordered] = [0, 0, 0];
  for (let turn = 0; turn < load.turns; turn++) {
    context.say('everybody reads');
    reading.push(...(await endure(scene, load, context)).latenciesMs);
    await readOn(scene);
    const before = await memoryOf(scene.pid, scene.memoryFile);
    await scene.readers.pause([...scene.events, ...scene.sockets]);
    context.say(`${load.paused} readers have paused`);
    const { latenciesMs, memory } = await endure(scene, load, context);
    beside.push(...latenciesMs);
    grown = Math.max(grown, memory.rssBytes - before.rssBytes);
    const end = await readOn(scene);
    cutOff += end.cutOff;
    disordered += end.disordered;
  }
  const grownEach = grown / load.paused;
  const [readingP99Ms, besideP99Ms] = [percentile(reading, 0.99), percentile(beside, 0.99)];
  const ratio = besideP99Ms / Math.max(P99_MS_FLOOR, readingP99Ms);
  return {
    injected: `${load.paused} readers paused, half over each transport, while ${load.events * load.turns} events of 10 KB came for them`,
    figures: {
      'RSS grew by (MB), for all the paused': (grown / 1e6).toFixed(1),
      'for each (MB)': (grownEach / 1e6).toFixed(1),
      "others' p99 while all read (ms)": readingP99Ms,
      "others' p99 beside the paused (ms)": besideP99Ms,
      'cut off and resumed': cutOff,
      'out of turn': disordered,
    },
    violations: [
      ...(disordered > 0 ? [`${disordered} updates came out of turn or were missed`] : []),
      ...(!context.isShort && grownEach > RSS_BYTES_MAX
        ? [`each paused reader cost ${Math.round(grownEach)} bytes`]
        : []),
      ...(!context.isShort && ratio > SLOWDOWN_MAX
        ? [`others' p99 rose to ${ratio.toFixed(2)} times what it was`]
        : []),
    ],
  };
}

const row: FaultRow = {
  row: 19,
  title: 'Readers stop reading',
  promise: [6],
  loadFull:
    '10 paused readers over SSE and 10 over graphql-ws, 20,000 events of 10 KB for them in two turns, 200 others',
  loadShort: '2 paused readers over SSE and 2 over graphql-ws, 200 events of 10 KB for them, 20 others',
  invariant:
    "the process lives, its memory grows by ≤ 5 MB for each of them, others' p99 ≤ 1.5 × without; the paused miss nothing",
  run,
};
export default row;
