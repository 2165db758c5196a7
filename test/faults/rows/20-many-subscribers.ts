/**
 * Row 20: ten thousand subscribers in one process, each watching an order of its own, and a thousand events a second, each
 * for one of them. First over server-sent events, then over graphql-ws, each in a fresh process of the API.
 *
 * Memory is what the process holds after a garbage collection, before and after they came; others have come and gone by
 * then. A latency runs from before the event is stored to its arrival at the reader's socket, in another process.
 */
import { join } from 'node:path';
import type { Program } from '../harness/processes.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { WaitedTooLongError, waitFor } from '../harness/wait.ts';
import { beat } from '../live/drumbeat.ts';
import { judge, type Judgement, lastSeqs, percentile } from '../live/judge.ts';
import { memoryEnv, memoryOf } from '../live/memory.ts';
import { type Readers, startReaders } from '../live/readers.ts';
import { openShoppers, type Shopper } from '../live/shoppers.ts';

const BYTES_MAX = 30_000;
const P99_MS_MAX = 50;
const ARRIVAL_TIMEOUT_MS = 20_000;

interface Load {
  readonly subscribers: number;
  /** That come and go before memory is measured. */
  readonly forerunners: number;
  readonly perSecond: number;
  readonly seconds: number;
}
const FULL: Load = { subscribers: 10_000, forerunners: 2_000, perSecond: 1_000, seconds: 20 };
const SHORT: Load = { subscribers: 100, forerunners: 20, perSecond: 200, seconds: 1 };

interface Seen extends Judgement {
  readonly bytesEach: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly events: number;
}

interface Watched {
  readonly url: string;
  readonly api: Program;
  readonly memoryFile: string;
}

async function openApi(context: FaultContext, stack: Stack, name: string): Promise<Watched> {
  const port = await freePort();
  const memoryFile = join(context.folder, `${name}.json`);
  const api = stack.api(name, port, memoryEnv(memoryFile));
  await api.start();
  return { url: `http://127.0.0.1:${port}`, api, memoryFile };
}

async function watch(
  context: FaultContext,
  stack: Stack,
  { url, api, memoryFile: file }: Watched,
  shoppers: readonly Shopper[],
  protocol: 'SSE' | 'WS',
  load: Load,
): Promise<Seen> {
  const how = { url, protocol };
  const readers = context.keep(await startReaders(context.isShort ? 1 : 2));
  const watching = shoppers.slice(0, load.subscribers);
  const forerunners = shoppers.slice(load.subscribers);
  await readers.open(forerunners, how);
  await readers.close(forerunners);
  const before = await memoryOf(api.pid ?? 0, file);
  await readers.open(watching, how);
  const after = await memoryOf(api.pid ?? 0, file);
  context.say(`${watching.length} subscribers over ${protocol} are there`);
  const appended = await beat(stack.database, watching, context.random, load);
  const events = [...appended.values()].reduce((sum, count) => sum + count, 0);
  const { seen, latenciesMs } = await awaitArrival(stack, readers, watching);
  await readers.stop();
  return {
    ...seen,
    events,
    bytesEach: Math.round((after.rssBytes - before.rssBytes) / watching.length),
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

/** Until all has arrived, or can be called missed. */
async function awaitArrival({ database }: Stack, readers: Readers, watching: readonly Shopper[]) {
  const lasts = await lastSeqs(
    database,
    watching.map(({ subject }) => subject),
  );
  const latenciesMs: number[] = [];
  let seen: Judgement | undefined;
  await waitFor('the arrival of all events', ARRIVAL_TIMEOUT_MS, async () => {
    const report = await readers.report();
    for (const { ms } of report.latenciesMs) latenciesMs.push(ms);
    seen = judge(report.readers, lasts);
    return seen.missed === 0;
  }).catch((error: unknown) => {
    if (!(error instanceof WaitedTooLongError)) throw error;
  });
  if (!seen) throw new Error('the readers told nothing');
  return { seen, latenciesMs };
}

async function run(context: FaultContext): Promise<FaultResult> {
  const load = context.isShort ? SHORT : FULL;
  const stack = await openStack(context, { purchases: 1 });
  await stack.worker('worker-1').start();
  const shoppers = await openShoppers(stack.database, load.subscribers + load.forerunners);
  const figures: Record<string, string | number> = {};
  const violations: string[] = [];
  let watched: Watched | undefined;
  for (const protocol of ['SSE', 'WS'] as const) {
    // A full load has a fresh process for each.
    if (!watched || !context.isShort) {
      await watched?.api.stop();
      watched = await openApi(context, stack, `api-${protocol}`);
    }
    const seen = await watch(context, stack, watched, shoppers, protocol, load);
    const { bytesEach, p50Ms, p99Ms, missed, disordered, ended, faults, events } = seen;
    Object.assign(figures, {
      [`${protocol} KB each`]: (bytesEach / 1_000).toFixed(1),
      [`${protocol} events`]: events,
      [`${protocol} p50, p99 (ms)`]: `${p50Ms}, ${p99Ms}`,
      [`${protocol} missed`]: missed,
    });
    if (missed > 0) violations.push(`${protocol}: ${missed} events were missed`);
    if (disordered > 0) violations.push(`${protocol}: ${disordered} events came out of turn`);
    if (ended > 0) violations.push(`${protocol}: ${ended} subscriptions ended by themselves`);
    violations.push(...faults.slice(0, 3).map((fault) => `${protocol}: instead of an update came ${fault}`));
    if (context.isShort) continue;
    if (bytesEach > BYTES_MAX) violations.push(`${protocol}: a subscriber costs ${bytesEach} bytes`);
    if (p99Ms > P99_MS_MAX) violations.push(`${protocol}: delivery took ${p99Ms} ms at p99`);
  }
  return {
    injected: `${load.subscribers} subscribers of one process, over server-sent events and again over graphql-ws; ${load.perSecond} events a second for ${load.seconds} s`,
    figures,
    violations,
  };
}

const row: FaultRow = {
  row: 20,
  title: 'Ten thousand subscribe to one process',
  promise: [6],
  loadFull: '10,000 subscribers of an order each and 1,000 events a second for 20 s, over SSE, then over graphql-ws',
  loadShort: '100 subscribers and 200 events, over SSE, then over graphql-ws',
  invariant: '≤ 30 KB each; delivery p99 ≤ 50 ms; nothing missed, nothing out of turn',
  run,
};
export default row;
