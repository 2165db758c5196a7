/**
 * Many readers of one API process at once: what each costs it in memory, and how long events take to reach them.
 *
 * Memory is what the process holds after a garbage collection, before and after they came; others have come and gone by
 * then. A latency runs from before the event is stored to its arrival at the reader's socket, in another process.
 */
import { join } from 'node:path';
import type { Program } from '../harness/processes.ts';
import type { FaultContext } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import type { Stack } from '../harness/stack.ts';
import { WaitedTooLongError, waitFor } from '../harness/wait.ts';
import { beat } from './drumbeat.ts';
import { judge, type Judgement, lastSeqs, percentile } from './judge.ts';
import { memoryEnv, memoryOf } from './memory.ts';
import { type Readers, startReaders } from './readers.ts';
import type { Shopper } from './shoppers.ts';

const ARRIVAL_TIMEOUT_MS = 20_000;

export interface CrowdLoad {
  readonly subscribers: number;
  /** That come and go before memory is measured. */
  readonly forerunners: number;
  readonly perSecond: number;
  /** Of events before those whose latencies count. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface CrowdSeen extends Judgement {
  readonly bytesEach: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly events: number;
}

export interface Watched {
  readonly url: string;
  readonly api: Program;
  readonly memoryFile: string;
}

/** A fresh process of the API whose memory can be asked for. */
export async function openApi(context: FaultContext, stack: Stack, name: string): Promise<Watched> {
  const port = await freePort();
  const memoryFile = join(context.folder, `${name}.json`);
  const api = stack.api(name, port, { ...memoryEnv(memoryFile), WEBSOCKETS_PER_ADDRESS_MAX: '20000' });
  await api.start();
  return { url: `http://127.0.0.1:${port}`, api, memoryFile };
}

/** Opens the readers, sends them events, and waits until all have arrived or can be called missed. */
export async function watchInCrowd(
  context: FaultContext,
  stack: Stack,
  { url, api, memoryFile: file }: Watched,
  shoppers: readonly Shopper[],
  protocol: 'SSE' | 'WS',
  load: CrowdLoad,
): Promise<CrowdSeen> {
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
  const { perSecond, warmUpSeconds, seconds } = load;
  await beat(stack, watching, context.random, { perSecond, seconds: warmUpSeconds });
  await awaitArrival(stack, readers, watching);
  const appended = await beat(stack, watching, context.random, { perSecond, seconds });
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
