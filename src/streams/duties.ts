/**
 * Duties: what each worker does beside consuming, every duty a loop of its own.
 *
 * | Duty | How often | Who |
 * |---|---|---|
 * | relay | when woken, else every 250 ms: so what is carried and told by hints goes out together | the leader of each shard |
 * | repair | every second | the leader of each shard |
 * | trim, and progress | every second | the leader of each shard |
 * | forget gone consumers | every 10 minutes | the leader of each shard |
 * | timers | every 100 ms | every worker; each timer fires once |
 * | alive | every second | every worker: tells that it lives, and which entries it has in hand |
 * | adopt | every 5 s | every worker; what an older release left behind (adopt.ts) |
 *
 * Who leads: leadership.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Db } from '../db/client.ts';
import { adoptRuns } from './adopt.ts';
import { TELL_EVERY_MS, tellAlive } from './alive.ts';
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import { listenToHints } from './hints.ts';
import { RENEW_EVERY_MS, resign, tryLead } from './leadership.ts';
import type { Log } from './log.ts';
import { type Outage, watchDatabase } from './outage.ts';
import type { RecentEvents } from './recent-events.ts';
import type { StreamKeys } from './redis.ts';
import type { Registry } from './registry.ts';
import { mayHaveMore, relayOnce, repairStreams } from './relay.ts';
import { fireDueTimers } from './timers.ts';
import { dropGoneConsumers, trimOnce } from './trim.ts';
import { Bell } from './wake.ts';

export interface DutiesOptions<Services> {
  readonly db: Db;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly keys: StreamKeys;
  readonly keyPrefix: string;
  readonly consumers: readonly { touch(): Promise<void> }[];
  readonly registry: Registry<Services>;
  readonly shards: number;
  /** This process, unlike any other. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Kept only while this process leads a shard. */
  readonly recent: RecentEvents;
  /** Takes what another process tells of what it has committed. */
  readonly onHint: (text: string) => void;
  readonly stopping: AbortSignal;
}

const RELAY_LOOK_EVERY_MS = 250;
const REPAIR_EVERY_MS = 1_000;
const TRIM_EVERY_MS = 1_000;
const DROP_EVERY_MS = 600_000;
const TIMERS_EVERY_MS = 100;
const CANDIDATE_EVERY_MS = 500;
const ADOPT_EVERY_MS = 5_000;
const FAILURE_DELAY_MS = 500;

export interface Duties {
  /** Tells the relay that something was committed. */
  readonly wake: () => void;
  /** Settles when all loops have ended. */
  readonly ended: Promise<void>;
}

/** Starts all duties; they end when `options.stopping` aborts. */
export function startDuties<Services>(options: DutiesOptions<Services>): Duties {
  const bells = Array.from({ length: options.shards }, () => new Bell());
  const wake = () => {
    for (const bell of bells) bell.ring();
  };
  const listening = listenToHints(options, 'committed', options.onHint);
  const outage = watchDatabase(options.log);
  const leaders = bells.map((bell, shard) => lead(options, shard, bell, outage));
  const timers = every(options, outage, 'timers', TIMERS_EVERY_MS, async () => {
    if ((await fireDueTimers(options.db, options.clock.now())) > 0) wake();
  });
  const adopting = every(options, outage, 'adopt', ADOPT_EVERY_MS, async () => {
    const adopted = await adoptRuns(options.db, options.registry, options.clock.now());
    if (adopted > 0) options.log.warn({ runs: adopted }, 'runs of an older release were carried over to this one');
  });
  const alive = every(options, outage, 'alive', TELL_EVERY_MS, async () => {
    try {
      await tellAlive(options.redis, options.keyPrefix, options.node);
      for (const consumer of options.consumers) await consumer.touch();
    } catch (error) {
      // That Redis is away is told by its client; what was not told now is told in a second.
      options.log.debug({ error: describeError(error) }, 'Redis was not told that this process lives');
    }
  });
  options.stopping.addEventListener('abort', wake, { once: true });
  const ended = Promise.all([...leaders, timers, adopting, alive]).then(() => listening.stop());
  return { wake, ended };
}

/** Becomes the leader of a shard when nobody else is, and does its duties until it is no longer. */
async function lead<Services>(
  options: DutiesOptions<Services>,
  shard: number,
  bell: Bell,
  outage: Outage,
): Promise<void> {
  const { db, stopping, log, node } = options;
  while (!stopping.aborted) {
    try {
      if (await tryLead(db, shard, node)) {
        log.debug({ shard }, 'this process leads the relay');
        const forget = options.recent.lead(shard);
        await doLeaderDuties(options, shard, bell).finally(forget);
      }
    } catch (error) {
      if (!stopping.aborted && !outage.covers(error))
        log.warn({ shard, error: describeError(error) }, 'the relay was interrupted; it starts again');
    }
    await pause(CANDIDATE_EVERY_MS, stopping);
  }
  await resign(db, shard, node).catch(() => {
    // Its lease ends by itself.
  });
}

async function doLeaderDuties<Services>(options: DutiesOptions<Services>, shard: number, bell: Bell): Promise<void> {
  const context = { ...options, shard };
  let renewAt = Date.now() + RENEW_EVERY_MS;
  let repairAt = 0;
  let trimAt = Date.now() + TRIM_EVERY_MS;
  let dropAt = Date.now() + DROP_EVERY_MS;
  while (!options.stopping.aborted) {
    if (Date.now() >= renewAt) {
      if (!(await tryLead(options.db, shard, options.node))) return;
      renewAt = Date.now() + RENEW_EVERY_MS;
    }
    if (Date.now() >= repairAt) {
      await repairStreams(context);
      repairAt = Date.now() + REPAIR_EVERY_MS;
    }
    if (Date.now() >= trimAt) {
      await trimOnce(context);
      trimAt = Date.now() + TRIM_EVERY_MS;
    }
    if (Date.now() >= dropAt) {
      await dropGoneConsumers(context);
      dropAt = Date.now() + DROP_EVERY_MS;
    }
    const sent = await relayOnce(context);
    // What was committed since has rung: to look again unasked would find nothing nearly every time.
    if (!mayHaveMore(sent)) await bell.wait(RELAY_LOOK_EVERY_MS);
  }
}

async function every<Services>(
  { stopping, log }: DutiesOptions<Services>,
  outage: Outage,
  duty: string,
  everyMs: number,
  work: () => Promise<void>,
): Promise<void> {
  let failing = false;
  while (!stopping.aborted) {
    try {
      await work();
      if (duty === 'timers') outage.end();
      failing = false;
    } catch (error) {
      if (!stopping.aborted && !outage.covers(error) && !failing)
        log.warn({ duty, error: describeError(error) }, 'a duty failed; trying again until it can');
      failing = true;
      await pause(FAILURE_DELAY_MS, stopping);
    }
    await pause(everyMs, stopping);
  }
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => {});
