/**
 * Reader: the loop that keeps one consumer fed.
 *
 * Promise: a broken or silent connection is thrown away and another one opened; what was pending is read again first.
 * Life of a round: replay own pending → take over what dead consumers left, now and then → block for new entries → let
 * more gather, where nobody waits for them.
 */
import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from './consumer.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';
import { isMissingGroup, openBlockingReader } from './redis.ts';

const BLOCK_MS = 2_000;
/** A blocking read that has not come back by then never will. */
const WATCHDOG_MS = BLOCK_MS + 3_000;
const RECLAIM_EVERY_MS = 2_500;
const RETRY_DELAY_MS_MIN = 50;
const RETRY_DELAY_MS_MAX = 500;

export interface ReaderOptions {
  redisUrl: string;
  log: Log;
  stopping: AbortSignal;
}

/** Runs until `stopping` aborts; entries in work are left to `consumer.idle()`. */
export async function keepReading<Services>(consumer: Consumer<Services>, options: ReaderOptions): Promise<void> {
  const { stopping, log } = options;
  let client: Redis | null = null;
  let failures = 0;
  const dropClient = () => {
    client?.disconnect();
    client = null;
  };
  stopping.addEventListener('abort', dropClient, { once: true });
  let reclaimAt = Date.now() + Math.random() * RECLAIM_EVERY_MS;
  while (!stopping.aborted) {
    try {
      if (!client) {
        client = await openBlockingReader(options.redisUrl);
        await consumer.createGroups();
        consumer.mustReplay = true;
      }
      await replayPending(consumer, client);
      if (Date.now() >= reclaimAt) {
        reclaimAt = Date.now() + RECLAIM_EVERY_MS;
        await consumer.reclaim();
      }
      await consumer.hasRoom();
      const { room } = consumer;
      const taken = await watched(consumer.read(client, 'NEW', consumer.mustReplay ? RETRY_DELAY_MS_MIN : BLOCK_MS));
      failures = 0;
      if (taken > 0 && taken < room) await pause(consumer.seat.stage.gatherMs, stopping);
    } catch (error) {
      if (stopping.aborted) break;
      dropClient();
      failures += 1;
      if (!isMissingGroup(error)) {
        log.debug(
          { stage: consumer.seat.id, error: describeError(error) },
          'reading was interrupted; opening another connection',
        );
      }
      await pause(Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(failures, 6)), stopping);
    }
  }
  dropClient();
}

/** Ends early when `stopping` aborts. */
async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal: stopping }).catch(() => {});
}

async function replayPending<Services>(consumer: Consumer<Services>, client: Redis): Promise<void> {
  if (!consumer.mustReplay) return;
  await consumer.hasRoom();
  consumer.mustReplay = false;
  const taken = await watched(consumer.read(client, 'PENDING', null));
  // More may wait behind the first page; what had to be left again comes back after a pause.
  if (taken > 0) consumer.mustReplay = true;
}

async function watched<Result>(reading: Promise<Result>): Promise<Result> {
  const { promise: silent, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer from Redis for ${WATCHDOG_MS} ms`)), WATCHDOG_MS);
  try {
    return await Promise.race([reading, silent]);
  } finally {
    clearTimeout(timer);
  }
}
