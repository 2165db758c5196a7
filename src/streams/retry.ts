/**
 * Retry policies: data with units, declared by a stage.
 *
 * Not here: counting and waiting (settle.ts, timers.ts). A policy only says how long to wait after the nth failure.
 */
import type { Random } from './clock.ts';

export interface RetryPolicy {
  /** Tries in all, the first among them; Infinity is "until done". */
  readonly attemptsMax: number;
  readonly delayMs: number;
  readonly delayMsMax: number;
  /** Each wait is this many times the one before it. */
  readonly factor: number;
}

/** One try, no more. */
export const once: RetryPolicy = { attemptsMax: 1, delayMs: 0, delayMsMax: 0, factor: 1 };

/** Tries again with growing waits, up to `attemptsMax` tries in all. (Default factor: 2) */
export function backoff(options: {
  attemptsMax: number;
  delayMs: number;
  delayMsMax: number;
  factor?: number;
}): RetryPolicy {
  return { factor: 2, ...options };
}

/** Never gives up: for what must happen once money has moved. */
export function untilDone(options: { delayMs: number; delayMsMax: number; factor?: number }): RetryPolicy {
  return { factor: 2, attemptsMax: Number.POSITIVE_INFINITY, ...options };
}

/**
 * The wait before the next try, with equal jitter: half of it fixed, half by chance, so that what failed together does
 * not come back together.
 * @param failures how often it has failed by now, from 1
 * @returns milliseconds, or null when no try is left
 */
export function nextDelayMs(policy: RetryPolicy, failures: number, random: Random): number | null {
  if (failures >= policy.attemptsMax) return null;
  const full = Math.min(policy.delayMsMax, policy.delayMs * policy.factor ** Math.min(failures - 1, 60));
  return Math.round(full / 2 + (full / 2) * random());
}

/** The policy in words, for the flow graph. */
export function describeRetry(policy: RetryPolicy): string {
  if (policy.attemptsMax === 1) return 'once';
  const tries = Number.isFinite(policy.attemptsMax) ? `${policy.attemptsMax} tries` : 'until done';
  return `${tries}, ${policy.delayMs} to ${policy.delayMsMax} ms apart`;
}
