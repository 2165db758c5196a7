/**
 * What one caller may spend in a minute, over all processes: a bucket in Redis, of which each process takes a fiftieth at a
 * time and spends it without asking again.
 *
 * Promise: while Redis is away, or slower than 250 ms, each process counts by itself, so that there is always a limit and
 * nobody waits for it; memory is bounded: the callers who asked longest ago are forgotten beyond 10,000.
 */
import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const WINDOW_MS = 60_000;
const CALLERS_MAX = 10_000;
const SHARES = 50;
const REDIS_MS_MAX = 250;
/** Callers that Redis is asked about in one script, which nobody else's command can interrupt. */
const ASKING_MAX = 200;
/** So long Redis is not asked again after it did not answer. */
const AWAY_MS = 1_000;

export interface Budget {
  /** @returns 0 when it is within the budget, else how long to wait, in ms; at once, unless Redis has to be asked */
  spend(caller: string, cost: number): number | Promise<number>;
  /** What is left of the minute as far as this process knows. */
  left(caller: string): number;
}

/** What the bucket gave. */
interface Taken {
  /** 0 when it was too little for what was needed. */
  granted: number;
  left: number;
  endsInMs: number;
}

/** @throws when the bucket cannot be reached */
export type Bucket = (caller: string, asked: { needed: number; wanted: number; max: number }) => Promise<Taken>;

/** @param bucket what processes share; without one this process counts alone */
export function createBudget(costMax: number, clock: { now(): Date }, bucket?: Bucket): Budget {
  const purses = new Purses(costMax, clock);
  const alone = new Purses(costMax, clock);
  const spendAlone = (caller: string, cost: number): number => {
    const purse = alone.of(caller, costMax);
    return pay(purse, cost) ? 0 : waitMs(purse, clock);
  };
  let awayUntilMs = 0;
  /** Others of the same caller may spend what was taken for this one meanwhile: then more is taken. */
  const take = async (caller: string, cost: number, shared: Bucket): Promise<number> => {
    try {
      for (;;) {
        const needed = Math.max(cost - purses.of(caller, 0).coins, 0);
        const wanted = Math.max(needed, Math.ceil(costMax / SHARES));
        const { granted, left, endsInMs } = await shared(caller, { needed, wanted, max: costMax });
        const purse = purses.of(caller, 0);
        purse.coins += granted;
        purse.left = left;
        purse.endsAtMs = clock.now().getTime() + endsInMs;
        if (pay(purse, cost)) return 0;
        if (granted === 0) return Math.max(endsInMs, 1);
      }
    } catch {
      awayUntilMs = clock.now().getTime() + AWAY_MS;
      return spendAlone(caller, cost);
    }
  };
  return {
    spend: (caller, cost) => {
      if (!bucket) return spendAlone(caller, cost);
      if (pay(purses.of(caller, 0), cost)) return 0;
      return clock.now().getTime() < awayUntilMs ? spendAlone(caller, cost) : take(caller, cost, bucket);
    },
    left: (caller) => {
      const purse = bucket ? purses.of(caller, 0) : alone.of(caller, costMax);
      return purse.coins + purse.left;
    },
  };
}

/** What a caller may spend here until `endsAtMs`, and what is left in the bucket beside it. */
interface Purse {
  coins: number;
  left: number;
  endsAtMs: number;
}

function pay(purse: Purse, cost: number): boolean {
  if (purse.coins < cost) return false;
  purse.coins -= cost;
  return true;
}

const waitMs = (purse: Purse, clock: { now(): Date }): number => Math.max(purse.endsAtMs - clock.now().getTime(), 1);

class Purses {
  readonly #costMax: number;
  readonly #clock: { now(): Date };
  readonly #known = new Map<string, Purse>();

  constructor(costMax: number, clock: { now(): Date }) {
    this.#costMax = costMax;
    this.#clock = clock;
  }

  /** @param coins what a new one holds */
  of(caller: string, coins: number): Purse {
    const nowMs = this.#clock.now().getTime();
    const known = this.#known.get(caller);
    const isOpen = known !== undefined && known.endsAtMs > nowMs;
    const purse = isOpen ? known : { coins, left: this.#costMax - coins, endsAtMs: nowMs + WINDOW_MS };
    this.#known.delete(caller);
    this.#known.set(caller, purse);
    if (this.#known.size > CALLERS_MAX) this.#forgetOldest();
    return purse;
  }

  /** Only when there are too many: the first key lies behind the places of all that were taken out since the map grew. */
  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/**
 * KEYS: callers' buckets; ARGV: window in ms, then needed, wanted and max of each. Returns granted, left, ms to its end of each.
 * A caller who comes again is given no second share beyond what is needed, which others of the same caller would miss.
 */
const TAKE = `
local taken, seen = {}, {}
for at, key in ipairs(KEYS) do
  local needed, wanted, max = tonumber(ARGV[3 * at - 1]), tonumber(ARGV[3 * at]), tonumber(ARGV[3 * at + 1])
  if seen[key] then wanted = needed end
  seen[key] = true
  local spent = tonumber(redis.call('GET', key) or '0')
  local ends = redis.call('PTTL', key)
  if ends < 0 then
    spent = 0
    ends = tonumber(ARGV[1])
    redis.call('SET', key, 0, 'PX', ends)
  end
  local left = max - spent
  local granted = 0
  if left >= needed then
    granted = math.min(wanted, left)
    redis.call('INCRBY', key, granted)
  end
  taken[at] = { granted, math.max(left - granted, 0), ends }
end
return taken`;

const takenSchema = z.array(z.tuple([z.number(), z.number(), z.number()]));

interface Asking extends PromiseWithResolvers<Taken> {
  caller: string;
  asked: Parameters<Bucket>[1];
}

/**
 * All that is asked in one turn of the event loop goes to Redis together; no answer fails all who wait for it.
 * @param prefix keeps several installations on one Redis apart
 */
export function redisBucket(redis: Redis, prefix: string): Bucket {
  let waiting: Asking[] = [];
  const askSoon = () => {
    const all = waiting;
    waiting = [];
    for (let at = 0; at < all.length; at += ASKING_MAX) void ask(all.slice(at, at + ASKING_MAX));
  };
  const ask = async (together: readonly Asking[]) => {
    try {
      const taken = await takeAll(redis, prefix, together);
      for (const [at, { resolve, reject }] of together.entries()) {
        const [granted, left, endsInMs] = taken[at] ?? [];
        if (granted === undefined || left === undefined || endsInMs === undefined) reject(new TypeError('no answer'));
        else resolve({ granted, left, endsInMs });
      }
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  };
  return (caller, asked) => {
    const asking = { caller, asked, ...Promise.withResolvers<Taken>() };
    waiting.push(asking);
    if (waiting.length === 1) setImmediate(askSoon);
    return asking.promise;
  };
}

/** @throws when Redis does not answer in time */
async function takeAll(redis: Redis, prefix: string, together: readonly Asking[]) {
  const keys = together.map(({ caller }) => `${prefix}budget:${caller}`);
  const numbers = together.flatMap(({ asked: { needed, wanted, max } }) => [needed, wanted, max]);
  const answered = new AbortController();
  const late = delay(REDIS_MS_MAX, null, { ref: false, signal: answered.signal });
  late.catch(() => {});
  const asking: Promise<unknown> = redis.eval(TAKE, keys.length, ...keys, WINDOW_MS, ...numbers);
  try {
    return takenSchema.parse(await Promise.race([asking, late]));
  } finally {
    answered.abort();
    asking.catch(() => {});
  }
}
