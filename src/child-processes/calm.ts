/**
 * Calm: long work begins when this process has not its hands full of short work.
 *
 * Reading a book takes seconds of a processor, a stage of a purchase milliseconds: where both want it, the purchases go
 * first. Promise: nobody waits longer than `patienceMs`, however busy it stays; who is stopped waits no more.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface CalmOptions {
  /** Share of the time in which the event loop had work, 0 to 1; above it the process is busy. */
  busyMax: number;
  patienceMs: number;
  /** Time between two looks, over which the share is taken. */
  lookEveryMs: number;
  /** (Default: of this thread's event loop) */
  utilization?: (now?: EventLoopUtilization, before?: EventLoopUtilization) => EventLoopUtilization;
}

/** @returns a wait that ends when it is calm, or after `patienceMs`; it throws the signal's reason */
export function calmOf({
  busyMax,
  patienceMs,
  lookEveryMs,
  utilization = (now, before) => performance.eventLoopUtilization(now, before),
}: CalmOptions): (signal?: AbortSignal) => Promise<void> {
  let before = utilization();
  let lookedAt = performance.now();
  return async (signal) => {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      // A shorter time tells nothing.
      const tooSoonMs = lookEveryMs - (performance.now() - lookedAt);
      if (tooSoonMs > 0) await delay(tooSoonMs, undefined, signal ? { signal } : {});
      const now = utilization();
      const share = utilization(now, before).utilization;
      before = now;
      lookedAt = performance.now();
      if (share <= busyMax || lookedAt >= endsAt) return;
    }
  };
}
