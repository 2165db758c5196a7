/**
 * Counts attempts per key and window, so that passwords cannot be guessed nor addresses listed at speed.
 *
 * Promise: memory is bounded; while Redis is away each process counts by itself, and nobody is locked out for it.
 */
import type { Redis } from 'ioredis';

export interface AttemptLimit {
  /** Attempts allowed in a window. */
  max: number;
  windowMs: number;
}

export interface Attempts {
  /** Counts one attempt. @returns 0 when it is allowed, else how long to wait, in ms */
  take(key: string, limit: AttemptLimit): Promise<number>;
}

const KEYS_MAX = 10_000;

/** Counts in this process; the oldest keys are forgotten beyond 10,000. */
export function memoryAttempts(clock: { now(): Date }): Attempts {
  const windows = new Map<string, { count: number; endsAtMs: number }>();
  return {
    take: async (key, { max, windowMs }) => {
      const nowMs = clock.now().getTime();
      const known = windows.get(key);
      const window = known && known.endsAtMs > nowMs ? known : { count: 0, endsAtMs: nowMs + windowMs };
      window.count += 1;
      windows.delete(key);
      windows.set(key, window);
      const [oldest] = windows.keys();
      if (windows.size > KEYS_MAX && oldest !== undefined) windows.delete(oldest);
      return window.count > max ? window.endsAtMs - nowMs : 0;
    },
  };
}

/** Counts in Redis, for all processes together. @param prefix keeps several installations on one Redis apart */
export function redisAttempts(redis: Redis, prefix: string, clock: { now(): Date }): Attempts {
  const ownCount = memoryAttempts(clock);
  return {
    take: async (key, limit) => {
      try {
        return await takeInRedis(redis, `${prefix}attempts:${key}`, limit);
      } catch {
        return ownCount.take(key, limit);
      }
    },
  };
}

const TAKE = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }`;

async function takeInRedis(redis: Redis, key: string, { max, windowMs }: AttemptLimit): Promise<number> {
  const reply: unknown = await redis.eval(TAKE, 1, key, windowMs);
  const [count, remainingMs] = Array.isArray(reply) ? reply.map(Number) : [];
  if (count === undefined || remainingMs === undefined) throw new TypeError('Redis gave no count');
  return count > max ? Math.max(remainingMs, 1) : 0;
}
