/** Times, durations and numbers in words. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function durationInWords(ms: number): string {
  const size = Math.abs(ms);
  if (size < SECOND_MS) return `${Math.round(ms)} ms`;
  if (size < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(size < 10 * SECOND_MS ? 1 : 0)} s`;
  if (size < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (size < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} days`;
}

/** `3 s ago`, `in 2 min` */
export function sinceInWords(at: string, now: number): string {
  const ms = now - new Date(at).getTime();
  if (Math.abs(ms) < SECOND_MS) return 'now';
  return ms > 0 ? `${durationInWords(ms)} ago` : `in ${durationInWords(-ms)}`;
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const instantInWords = (at: string): string => clock.format(new Date(at));

const number = new Intl.NumberFormat();
export const count = (value: number): string => number.format(value);

/** `payment.captured` → `payment captured`; `CAPTURING` stays. */
export const eventInWords = (type: string): string => type.replaceAll(/[.-]/g, ' ');

export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
