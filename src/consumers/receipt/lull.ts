/**
 * Lull: a moment in which this process has little in hand.
 *
 * A receipt takes the event loop two or three milliseconds, and nobody waits for it. Receipts come in groups: made one
 * after the other they were a burst of forty milliseconds, four times a second, in which every purchase waited its turn.
 * Promise: nobody waits beyond its patience, however busy the process stays.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Share of a look in which the event loop had work, above which there is no lull. */
export const BUSY_MAX = 0.3;
const LOOK_MS = 5;

/**
 * Waits for a lull, for one turn of the loop at least.
 * @param patienceMs it is waited for no longer; not at all when that is less than a look
 * @param look how busy the loop is from now on for a moment, 0 to 1
 */
export async function lull(patienceMs: number, look: () => Promise<number> = busyShare): Promise<void> {
  if (patienceMs < LOOK_MS) return nextTurn();
  const lastLookMs = performance.now() + patienceMs - LOOK_MS;
  while ((await look()) > BUSY_MAX && performance.now() <= lastLookMs);
}

/** The share of the next 5 ms in which the event loop has work. */
export async function busyShare(): Promise<number> {
  const before = performance.eventLoopUtilization();
  await delay(LOOK_MS);
  return performance.eventLoopUtilization(before).utilization;
}
