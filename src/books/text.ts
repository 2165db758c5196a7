/**
 * The words of a book's entry: titles, names, descriptions.
 *
 * Promise: what passes is in Unicode NFC, without control characters, not blank, and within its length. Inner white space
 * of a line is made single; the paragraphs of a description stay.
 */
import { z } from 'zod';

export const TITLE_CHARS_MAX = 300;
export const DESCRIPTION_CHARS_MAX = 20_000;

// oxlint-disable-next-line no-control-regex -- these are what must not be in a text
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;

/** @param what as it is called in the message: `title` */
export function lineSchema(what: string, charsMax: number) {
  return z
    .string()
    .transform((text) => text.normalize('NFC').replace(/\s+/g, ' ').trim())
    .pipe(
      z
        .string()
        .min(1, `The ${what} is blank.`)
        .max(charsMax, `The ${what} has ${charsMax} characters at most.`)
        .refine((text) => !CONTROL.test(text), `The ${what} holds control characters. Type it anew.`),
    );
}

/** As it is, but refused when it holds control characters. */
export const plainTextSchema = z
  .string()
  .refine((text) => !CONTROL.test(text), 'This holds control characters. Type it anew.');

/** What is searched for, or a name to be found again: may be blank. */
export function searchSchema(charsMax: number) {
  return plainTextSchema
    .trim()
    .max(charsMax, `Search for ${charsMax} characters at most.`)
    .transform((text) => text.normalize('NFC'));
}

export const titleSchema = lineSchema('title', TITLE_CHARS_MAX);
export const subtitleSchema = lineSchema('subtitle', TITLE_CHARS_MAX);

export const descriptionSchema = z
  .string()
  .transform((text) => text.normalize('NFC').replace(/\r\n?/g, '\n').trim())
  .pipe(
    z
      .string()
      .max(DESCRIPTION_CHARS_MAX, `The description has ${DESCRIPTION_CHARS_MAX} characters at most.`)
      .refine((text) => !CONTROL.test(text), 'The description holds control characters. Type it anew.'),
  );
