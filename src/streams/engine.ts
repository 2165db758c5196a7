/**
 * Engine: relay, consumers and duties of one process, put together.
 *
 * `start` runs everything until `stop`, which drains: no new entries, what is in work may finish within a limit.
 * `runUntilIdle` does the same work by hand, one pass after another, for tests with a clock of their own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Database } from '../db/client.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import { isAlive, tellGone } from './alive.ts';
import { Announcer } from './announce.ts';
import { type Carrying, notCarrying } from './carry.ts';
import { Consumer } from './consumer.ts';
import { toDelivery, type WireEvent } from './delivery.ts';
import { startDuties } from './duties.ts';
import { createNotifier, readHint, type Wake } from './hints.ts';
import { LiveHints } from './live-hints.ts';
import type { Log } from './log.ts';
import type { ProcessContext } from './process.ts';
import { shardOf } from './outbox.ts';
import { keepReading } from './reader.ts';
import { openRedis, streamKeys } from './redis.ts';
import { RecentEvents } from './recent-events.ts';
import { createRegistry } from './registry.ts';
import { relayOnce, repairStreams } from './relay.ts';
import { fireDueTimers } from './timers.ts';
import { trimOnce } from './trim.ts';
import type { Workflow } from './workflow.ts';

export interface EngineOptions<Services> {
  database: Database;
  /** What stages read and store goes by it: a pool for statements that look up by key. (Default: `database`) */
  keyedDatabase?: Database;
  redisUrl: string;
  /** Put before every Redis key. */
  keyPrefix: string;
  shards: number;
  workflows: readonly Workflow<Services>[];
  services: Services;
  log: Log;
  /** (Default: the system's clock) */
  clock?: Clock;
  /** (Default: Math.random) */
  random?: Random;
  /** Most events a pure SQL stage works on in one commit. (Default: 1,500) */
  batchMax?: number;
  /** Most deliveries of one calling stage in work at once. (Default: as each stage declares) */
  concurrencyMax?: number;
}

const DEFAULT_BATCH_MAX = 1_500;
/** A test that needs more passes than this has workflows that feed each other for ever. */
const PASSES_MAX = 1_000;

/** @throws WorkflowDeclarationError when two workflows share a name */
export function createEngine<Services>(options: EngineOptions<Services>) {
  const { database, log } = options;
  const registry = createRegistry(options.workflows);
  const redis = openRedis(options.redisUrl, log);
  const keys = streamKeys(options.keyPrefix);
  const clock = options.clock ?? systemClock;
  const stopReading = new AbortController();
  const stopNow = new AbortController();
  let relayBell = { wake: () => {} };
  let carrying = notCarrying;
  const recent = new RecentEvents();
  const announcers = new Map<string, Announcer<Services>>();
  const { db } = options.keyedDatabase ?? database;
  const context: ProcessContext<Services> = {
    db,
    registry,
    clock,
    random: options.random ?? Math.random,
    shards: options.shards,
    services: options.services,
    log,
    stopping: stopNow.signal,
    draining: stopReading.signal,
    wake: () => wake(),
    tell: (events, when) => (when === 'NOW' ? liveHints.tell(events) : liveHints.gather(events)),
    doubts: new Set(),
    recent,
    announcer: (seat) => {
      const announcer = announcers.get(seat.id) ?? new Announcer(context, seat);
      announcers.set(seat.id, announcer);
      return announcer;
    },
    get carrying() {
      return carrying;
    },
  };
  const consumerName = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const consumers = registry.seats.map(
    (seat) =>
      new Consumer(context, seat, {
        name: consumerName,
        batchMax: options.batchMax ?? DEFAULT_BATCH_MAX,
        concurrencyMax: options.concurrencyMax ?? Number.POSITIVE_INFINITY,
        redis,
        keys,
        isAlive: (carrier) => isAlive(redis, options.keyPrefix, carrier),
      }),
  );
  const desks = new Map(consumers.map(({ seat, desk }) => [seat.id, desk]));
  const relays = Array.from({ length: options.shards }, (_, shard) => ({
    db,
    redis,
    keys,
    shard,
    log,
    registry,
    recent,
  }));
  const notifyOthers = createNotifier(redis, options.keyPrefix);
  const liveHints = new LiveHints(redis, options.keyPrefix, () => wake());
  const running: Promise<void>[] = [];

  /** Stages of this process hand work to each other; by hand (`pass`), all of it goes through Redis. */
  const carryingHere: Carrying = {
    carrier: consumerName,
    hasRoom: (stage) => !stopReading.signal.aborted && (desks.get(stage)?.hasRoomToCarry ?? false),
    carry: (carried) => {
      for (const [stage, ones] of Map.groupBy(carried, (one) => one.stage)) {
        desks.get(stage)?.carry(
          ones.map(({ delivery }) => delivery),
          true,
        );
      }
    },
  };

  const shardOfEvent = ({ subject }: WireEvent) => shardOf(subject, options.shards);

  /** Tells whoever leads the relay what was committed in this process: itself, others, or both. */
  const wake: Wake = (events = []) => {
    // As others would be told: what JSON does not keep must not be seen by one stage only.
    takeHint(events.length > 0 ? readHint(JSON.stringify(events)) : []);
    if (recent.ledCount < options.shards) notifyOthers(events.filter((event) => !recent.leads(shardOfEvent(event))));
  };

  /** What was committed a moment ago: the relay need not read it, nor the stages that begin with it wait for Redis. */
  function takeHint(events: readonly WireEvent[]): void {
    const led = events.filter((event) => recent.leads(shardOfEvent(event)) && !recent.knows(event.id));
    let begun = 0;
    for (const [type, ones] of Map.groupBy(led, (event) => event.type)) {
      const carrier = begin(type, ones) ? consumerName : null;
      for (const event of ones) recent.note(shardOfEvent(event), event, carrier);
      if (carrier !== null) begun += ones.length;
    }
    // What all its stages have begun with may be sent later, as what is carried is.
    if (events.length > 0 && begun === events.length) liveHints.gather(events);
    else relayBell.wake();
  }

  /**
   * Hands events to the stages that begin with them, unless one of those has something to do: then it is better served by
   * what gathers in Redis meanwhile.
   */
  function begin(type: string, events: readonly WireEvent[]): boolean {
    const seats = registry.readersOf(type);
    const mayBegin =
      carrying === carryingHere && !stopReading.signal.aborted && events.every(({ runId }) => runId === null);
    if (!mayBegin || !seats.every(({ id, isFirst }) => isFirst && desks.get(id)?.isIdle === true)) return false;
    for (const seat of seats)
      desks.get(seat.id)?.carry(
        events.map((event) => toDelivery(seat, type, event)),
        false,
      );
    return seats.length > 0;
  }

  function start(): void {
    carrying = carryingHere;
    const duties = startDuties({
      db,
      redis,
      redisUrl: options.redisUrl,
      keys,
      keyPrefix: options.keyPrefix,
      registry,
      consumers,
      shards: options.shards,
      node: consumerName,
      clock,
      log,
      recent,
      onHint: (text) => takeHint(recent.ledCount > 0 ? readHint(text) : []),
      stopping: stopReading.signal,
    });
    relayBell = duties;
    running.push(duties.ended);
    for (const consumer of consumers) {
      running.push(keepReading(consumer, { redisUrl: options.redisUrl, log, stopping: stopReading.signal }));
    }
  }

  async function drain(): Promise<void> {
    await Promise.all(running);
    // What one stage has just committed may still have been carried to another.
    while (!consumers.every(({ isIdle }) => isIdle)) await Promise.all(consumers.map((consumer) => consumer.idle()));
  }

  /** @param drainTimeoutMs what is in work after that is aborted and stays pending for another worker */
  async function stop(drainTimeoutMs = 25_000): Promise<void> {
    stopReading.abort();
    await Promise.race([drain(), delay(drainTimeoutMs, undefined, { ref: false })]);
    stopNow.abort();
    await tellGone(redis, options.keyPrefix, consumerName).catch(() => {
      // It ends by itself.
    });
    redis.disconnect();
  }

  /** One pass of everything, without waiting for anything that is not due. @returns how much was done */
  async function pass(): Promise<number> {
    let done = await fireDueTimers(db, clock.now());
    for (const relay of relays) done += await relayOnce(relay);
    for (const consumer of consumers) {
      await consumer.createGroups();
      if (consumer.mustReplay) {
        consumer.mustReplay = false;
        done += await consumer.read(redis, 'PENDING', null);
      }
      done += await consumer.read(redis, 'NEW', null);
      await consumer.idle();
    }
    return done;
  }

  async function runUntilIdle(): Promise<void> {
    for (let passes = 0; passes < PASSES_MAX; passes++) if ((await pass()) === 0) return;
    throw new Error(`still not idle after ${PASSES_MAX} passes`);
  }

  return {
    registry,
    redis,
    keys,
    consumers,
    start,
    stop,
    wake,
    runUntilIdle,
    pass,
    /** Sends what has been committed, and nothing else. */
    relay: async () => {
      let sent = 0;
      for (const relay of relays) sent += await relayOnce(relay);
      return sent;
    },
    repair: async () => {
      let repaired = 0;
      for (const relay of relays) repaired += await repairStreams(relay);
      return repaired;
    },
    trim: async () => {
      let trimmed = 0;
      for (const relay of relays) trimmed += await trimOnce(relay);
      return trimmed;
    },
  };
}
