/**
 * Places: how many long tasks may run at once for this process, whatever they are for.
 *
 * Books leave a core to everything else, so that a burst of them slows no purchase down. Who comes first goes first.
 */
import { availableParallelism } from 'node:os';
import { calmOf } from './calm.ts';

/** One core fewer than there are, at least 1. */
export const CHILDREN_AT_ONCE = Math.max(1, availableParallelism() - 1);

/** A task waits so long at most for purchases to leave this process some time. */
export const CALM_PATIENCE_MS = 30_000;
const calm = calmOf({ busyMax: 0.5, patienceMs: CALM_PATIENCE_MS, lookEveryMs: 250 });

/** As many wait as may wait. */
export class PlacesFullError extends Error {
  readonly code = 'PLACES_FULL';

  constructor(waitingMax: number) {
    super(`${waitingMax} are waiting already. Try again in a few seconds.`);
    this.name = 'PlacesFullError';
  }
}

export class Places {
  #free: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  readonly #before: (signal?: AbortSignal) => Promise<void>;

  /**
   * @param waitingMax (Default: no limit, for callers who are limited themselves)
   * @param before what whoever has a place waits for besides (Default: nothing)
   */
  constructor(
    count: number,
    waitingMax = Number.POSITIVE_INFINITY,
    before: (signal?: AbortSignal) => Promise<void> = async () => {},
  ) {
    this.#free = count;
    this.#waitingMax = waitingMax;
    this.#before = before;
  }

  /**
   * Does the work when there is a place; the place is free again however the work ends.
   * @throws the signal's reason when it aborts before the work has begun; PlacesFullError at once
   */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      await this.#before(signal);
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#waiting.length >= this.#waitingMax) throw new PlacesFullError(this.#waitingMax);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
      reject(signal?.reason instanceof Error ? signal.reason : new Error('The wait was ended.'));
    };
    this.#waiting.push(resolve);
    signal?.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  /** Hands the place to who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/** Of this process: checking and reading books share them, and go behind what is short. */
export const childPlaces = new Places(CHILDREN_AT_ONCE, Number.POSITIVE_INFINITY, calm);

/** Describing is short, and has a place of its own: no stage waits for another workflow's. */
export const describingPlaces = new Places(1, Number.POSITIVE_INFINITY, calm);
