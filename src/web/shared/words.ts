/** Durations and numbers as people write them, the same on both pages. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `340 ms`, `1.2 s`, `3 min`, `5 days` */
export function durationWords(ms: number): string {
  const size = Math.abs(ms);
  if (size < SECOND_MS) return `${Math.round(ms)} ms`;
  if (size < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(size < 10 * SECOND_MS ? 1 : 0)} s`;
  if (size < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (size < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} days`;
}

const number = new Intl.NumberFormat();
export const numberWords = (count: number): string => number.format(count);
