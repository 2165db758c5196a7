/** What the workbench alone puts in words. */
import { durationWords } from '../shared/words.ts';

const SECOND_MS = 1_000;

/** `3 s ago`, `in 2 min` */
export function sinceInWords(at: string, now: number): string {
  const ms = now - new Date(at).getTime();
  if (Math.abs(ms) < SECOND_MS) return 'now';
  return ms > 0 ? `${durationWords(ms)} ago` : `in ${durationWords(-ms)}`;
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockToday = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
/** Without the day where it is today's. */
export function timeInWords(at: string): string {
  const date = new Date(at);
  return (date.toDateString() === new Date().toDateString() ? clockToday : clock).format(date);
}
export const instantInWords = (at: string): string => clock.format(new Date(at));

/** `payment.captured` → `payment captured`; `CAPTURING` stays. */
export const eventInWords = (type: string): string => type.replaceAll(/[.-]/g, ' ');

export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
