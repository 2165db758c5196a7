/**
 * ISBN: the number an edition is known by in the book trade.
 *
 * Promise: what passes has a right check digit and is 13 digits without hyphens. Nothing is repaired but the one thing
 * spreadsheets do to an ISBN-10, and that only where it is asked for.
 */
import { createRequire } from 'node:module';
import type * as Isbn3 from 'isbn3';
import { z } from 'zod';

// The package's declarations name their module, which an ES import of it does not meet.
const { parse }: Pick<typeof Isbn3, 'parse'> = createRequire(import.meta.url)('isbn3');

const ISBN_CHARS_MAX = 32;

/** @returns 13 digits; null when it is no ISBN-13 or ISBN-10 with a right check digit */
export function toIsbn13(text: string): string | null {
  const trimmed = text.trim().toUpperCase();
  if (trimmed.length > ISBN_CHARS_MAX || !/^[\dX -]+$/.test(trimmed)) return null;
  return parse(trimmed)?.isbn13 ?? null;
}

/**
 * Reads an ISBN-10 that may have lost its leading zeros, as spreadsheets do to numbers.
 * @returns the ISBN-13, and how many zeros were put back; null when its check digit is wrong all the same
 */
export function fromShortenedIsbn10(text: string): { isbn13: string; zerosAdded: number } | null {
  const trimmed = text.trim().toUpperCase();
  if (!/^\d{1,9}[\dX]$/.test(trimmed)) return null;
  const isbn13 = toIsbn13(trimmed.padStart(10, '0'));
  return isbn13 === null ? null : { isbn13, zerosAdded: 10 - trimmed.length };
}

/** Takes an ISBN-13 or ISBN-10 with or without hyphens; gives the 13 digits. */
export const isbnSchema = z.string().transform((text, context) => {
  const isbn13 = toIsbn13(text);
  if (isbn13 !== null) return isbn13;
  context.addIssue({
    code: 'custom',
    message:
      'This is not an ISBN: it has 13 digits (or 10), and the last one is a check digit. Look for a typing error.',
  });
  return z.NEVER;
});
