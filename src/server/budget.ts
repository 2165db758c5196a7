/**
 * What one caller may spend in a minute, over all processes: a bucket in Redis, of which each process takes a fiftieth at a
 * time and spends it without asking again.
 *
 * Promise: while Redis is away, or slower than 250 ms, each process counts by itself, so that there is always a limit and
 * nobody waits for it; memory is bounded: the callers who asked longest ago are forgotten beyond 10,000.
 */
import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';

const WINDOW_MS = 60_000;
const CALLERS_MAX = 10_000;
const SHARES = 50;
const REDIS_MS_MAX = 250;
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

/** KEYS[1] the caller's bucket; ARGV: needed, wanted, max, window in ms. Returns granted, left, ms to its end. */
const TAKE = `
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local ends = redis.call('PTTL', KEYS[1])
if ends < 0 then
  spent = 0
  ends = tonumber(ARGV[4])
  redis.call('SET', KEYS[1], 0, 'PX', ends)
end
local left = tonumber(ARGV[3]) - spent
if left < tonumber(ARGV[1]) then return { 0, math.max(left, 0), ends } end
local granted = math.min(tonumber(ARGV[2]), left)
redis.call('INCRBY', KEYS[1], granted)
return { granted, left - granted, ends }`;

/** @param prefix keeps several installations on one Redis apart */
export function redisBucket(redis: Redis, prefix: string): Bucket {
  return async (caller, { needed, wanted, max }) => {
    const asking: Promise<unknown> = redis.eval(TAKE, 1, `${prefix}budget:${caller}`, needed, wanted, max, WINDOW_MS);
    const answer = await Promise.race([asking, delay(REDIS_MS_MAX, null, { ref: false })]);
    asking.catch(() => {});
    const [granted, left, endsInMs] = Array.isArray(answer) ? answer.map(Number) : [];
    if (granted === undefined || left === undefined || endsInMs === undefined) throw new TypeError('no answer in time');
    return { granted, left, endsInMs };
  };
}
