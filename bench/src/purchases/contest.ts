/**
 * One contest: one contestant, one fresh database, one worker process.
 *
 * Life: tables made → warmed up on a small backlog → throughput of a large one → latency at a steady rate → audited.
 * Backlogs are handed in while nobody works; time runs from the start of working to the commit of the last purchase, as
 * the database recorded it. Nobody watches a purchase: the bench asks for the count of done ones a few times a second.
 */
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { percentile } from '../figures/statistics.ts';
import type { PrivateServers } from '../machine/servers.ts';
import type { Contestant, Place, Producer, Shop } from './contestant.ts';
import { type Cost, meter } from './meter.ts';
import { readProfile, startProfile } from './profile.ts';
import { openSagaShop } from './saga/shop.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

export interface Load {
  /** Purchases in the backlog. A contestant that would take longer than `secondsMax` is given fewer. */
  readonly purchases: number;
  readonly warmUp: number;
  readonly secondsMax: number;
  readonly ratePerSecond: number;
  readonly rateSeconds: number;
  /** Tells on the terminal which statements of the backlog took the time. (Default: false) */
  readonly isProfiling?: boolean;
}

export interface ContestResult {
  readonly purchases: number;
  readonly perSecond: number;
  readonly cost: Cost;
  /** Milliseconds from handing in to the commit of the last stage; null when there is no queue to hand in to. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  /** What was lost or done twice; empty when all is well. */
  readonly faults: readonly string[];
}

/** Nobody takes fewer purchases than this, however slow. */
const PURCHASES_MIN = 500;
const LOOK_EVERY_MS = 100;
/** Without a single purchase done for this long, the contestant has lost the rest. */
const STALL_MS = 15_000;

interface Arena {
  readonly sql: postgres.Sql;
  readonly servers: PrivateServers;
  readonly shop: Shop;
  readonly producer: Producer | null;
  readonly worker: WorkerProcess;
}

export async function runContest(servers: PrivateServers, contestant: Contestant, load: Load): Promise<ContestResult> {
  const databaseName = `contest_${contestant.name.replaceAll('-', '_')}`;
  await servers.emptyRedis();
  const databaseUrl = await servers.createDatabase(databaseName);
  const place: Place = { databaseUrl, redisUrl: servers.redisUrl, folder: servers.folder };
  const paced = load.ratePerSecond * load.rateSeconds;
  const ordersMax = load.warmUp + load.purchases + paced;
  const shop = await (contestant.openShop ?? openSagaShop)(place, ordersMax);
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await contestant.install(place);
  const producer = (await contestant.openProducer?.(place)) ?? null;
  const worker = await startWorkerProcess(contestant.name, place);
  try {
    const arena = { sql, servers, shop, producer, worker };
    const warm = await workOff(arena, load.warmUp);
    const affordable = Math.floor(warm.perSecond * load.secondsMax);
    const count = Math.min(load.purchases, Math.max(PURCHASES_MIN, affordable || 0));
    const backlog = await workOff(arena, count, load.isProfiling ? () => startProfile(sql) : undefined);
    if (load.isProfiling) console.log(await readProfile(sql, backlog.orderIds.length));
    const steady = producer ? await keepPace(arena, producer, load) : null;
    return {
      purchases: backlog.orderIds.length,
      perSecond: backlog.perSecond,
      cost: backlog.cost,
      latencyMs: steady?.latencyMs ?? null,
      faults: await shop.audit([...warm.orderIds, ...backlog.orderIds, ...(steady?.orderIds ?? [])]),
    };
  } finally {
    await worker.close();
    await producer?.close();
    await sql.end({ timeout: 5 });
    await shop.close();
    await servers.dropDatabase(databaseName);
  }
}

/** Hands in a backlog, then lets the worker work it off. @param onReady called right before it begins */
async function workOff(arena: Arena, count: number, onReady?: () => Promise<void>) {
  const { sql, servers, shop, producer, worker } = arena;
  const doneBefore = await shop.countDone();
  const orderIds = shop.plan(count);
  await shop.place(orderIds);
  await producer?.enqueueMany(orderIds);
  // What a database at rest would have done by now.
  await sql.unsafe('vacuum analyze');
  await sql.unsafe('checkpoint');
  await onReady?.();
  const read = await meter(servers, sql, worker);
  const startedAt = nowMs();
  await worker.start();
  const done = await waitUntilDone(shop, doneBefore + count);
  const cost = await read(count);
  await worker.stop();
  const doneAt = [...(await shop.doneAt(orderIds)).values()];
  const endedAt = doneAt.reduce((latest, at) => Math.max(latest, at), startedAt);
  return { orderIds, cost, perSecond: done ? (count / (endedAt - startedAt)) * 1_000 : Number.NaN };
}

/** Hands in one purchase after the other at a steady rate, however slow the answers are. */
async function keepPace({ shop, worker }: Arena, producer: Producer, load: Load) {
  const doneBefore = await shop.countDone();
  const orderIds = shop.plan(load.ratePerSecond * load.rateSeconds);
  await shop.place(orderIds);
  await worker.start();
  const handedInAt = new Map<string, number>();
  const handingIn: Promise<void>[] = [];
  const startedAt = nowMs();
  for (const [index, orderId] of orderIds.entries()) {
    const dueInMs = startedAt + (index * 1_000) / load.ratePerSecond - nowMs();
    if (dueInMs > 0) await delay(dueInMs);
    handedInAt.set(orderId, nowMs());
    handingIn.push(producer.enqueueOne(orderId));
  }
  await Promise.all(handingIn);
  await waitUntilDone(shop, doneBefore + orderIds.length);
  await worker.stop();
  const doneAt = await shop.doneAt(orderIds);
  const waits = orderIds.map((id) => (doneAt.get(id) ?? Number.POSITIVE_INFINITY) - (handedInAt.get(id) ?? 0));
  return { orderIds, latencyMs: { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) } };
}

/** @returns false when nothing more is done and purchases are missing */
async function waitUntilDone(shop: Shop, count: number): Promise<boolean> {
  let done = 0;
  let movedAt = nowMs();
  for (;;) {
    const now = await shop.countDone();
    if (now >= count) return true;
    if (now > done) movedAt = nowMs();
    else if (nowMs() - movedAt > STALL_MS) return false;
    done = now;
    await delay(LOOK_EVERY_MS);
  }
}

/** The system's clock, which PostgreSQL's commits are stamped by as well, in fractions of a millisecond. */
const nowMs = (): number => performance.timeOrigin + performance.now();
