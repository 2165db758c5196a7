/**
 * Series: a name and, where known, a position, which may be a fraction (`1.5` is the novella between 1 and 2).
 *
 * Reading a series out of a title in brackets is for imports; only the one plain form is taken apart.
 */
import { z } from 'zod';
import { lineSchema } from './text.ts';

export const SERIES_NAME_CHARS_MAX = 200;
export const SERIES_POSITION_MAX = 100_000;

export interface Series {
  name: string;
  position: number | null;
}

export const seriesNameSchema = lineSchema('series', SERIES_NAME_CHARS_MAX);
export const seriesPositionSchema = z
  .number()
  .min(0, 'A position in a series is 0 or more.')
  .max(SERIES_POSITION_MAX, `A position in a series is ${SERIES_POSITION_MAX} at most.`);

export type TitleParts =
  | { kind: 'PLAIN'; title: string }
  | { kind: 'SERIES'; title: string; series: Series }
  /** There are brackets at the end that speak of a series, but not of one book at one place in one series. */
  | { kind: 'UNCLEAR'; title: string; brackets: string };

const AT_END = /^(.*\S)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)$/s;
const ONE_SERIES = /^(.+?),?\s+#(\d{1,5}(?:\.\d{1,2})?)$/s;

/** `The Hunger Games (The Hunger Games, #1)` is the title and the series; anything less plain is left as it is. */
export function splitSeries(text: string): TitleParts {
  const title = text.replace(/\s+/g, ' ').trim();
  const [, before, brackets] = AT_END.exec(title) ?? [];
  if (before === undefined || brackets === undefined || !brackets.includes('#')) return { kind: 'PLAIN', title };
  const [, name, position] = ONE_SERIES.exec(brackets.trim()) ?? [];
  if (name === undefined || position === undefined || /[#;]/.test(name)) return { kind: 'UNCLEAR', title, brackets };
  return { kind: 'SERIES', title: before, series: { name: name.trim(), position: Number(position) } };
}
