/**
 * Spread: what comes in a crowd is handed on one by one.
 *
 * Receipts are read four times a second, all that were sold meanwhile. Handed on at once, their files and mails hold up
 * whoever buys at that moment.
 * Promise: a crowd is through after `overMs`; nobody waits who comes alone, or for one that could not be made.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Time, as it passes for a spread. */
export interface Time {
  /** In milliseconds. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
}

/** So short a wait costs more than it spreads: when that many are in hand, none waits, so that they keep up. */
export const WAIT_MS_MIN = 5;

/** @returns a hand-over: resolves with what was made when it is its turn, the sooner the more are in hand */
export function spreadOver(
  overMs: number,
  time: Time = { now: () => performance.now(), wait: delay },
): <Made>(made: Promise<Made>) => Promise<Made> {
  let inHand = 0;
  /** The most that have been in hand since there was none. */
  let crowd = 0;
  let handedAtMs = Number.NEGATIVE_INFINITY;
  let latest: Promise<void> = Promise.resolve();

  async function takeTurn(): Promise<void> {
    const waitMs = crowd === 1 ? 0 : handedAtMs + overMs / crowd - time.now();
    if (waitMs >= WAIT_MS_MIN) await time.wait(waitMs);
    handedAtMs = time.now();
  }

  return async (made) => {
    inHand += 1;
    crowd = Math.max(crowd, inHand);
    const before = latest;
    const turn = Promise.all([made, before]).then(takeTurn, () => before);
    latest = turn;
    try {
      const [result] = await Promise.all([made, turn]);
      return result;
    } finally {
      inHand -= 1;
      if (inHand === 0) crowd = 0;
    }
  };
}
