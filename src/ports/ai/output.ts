/**
 * What a model is asked to answer with, and how its answer is brought within the port's limits.
 * Nothing in an answer is trusted: it is parsed, cleaned of what a page could stumble over, and cut.
 */
import { z } from 'zod';
import {
  AiOutputInvalidError,
  GRADE_MAX,
  READING_BANDS,
  SUMMARY_LENGTH_MAX,
  TAG_COUNT_MAX,
  TAG_LENGTH_MAX,
} from './enricher.ts';
import type { Enrichment } from './enricher.ts';

const outputSchema = z.strictObject({
  summary: z.string().describe('What the book is about, two to five plain sentences, in the language of the book.'),
  tags: z.array(z.string()).describe('Three to twelve topics, one to three words each, lower case.'),
  readingLevel: z.strictObject({
    band: z.enum(READING_BANDS),
    grade: z.number().describe('School years needed to read it with ease, 1 to 18.'),
  }),
});

export const OUTPUT_JSON_SCHEMA: Record<string, unknown> = z.toJSONSchema(outputSchema);

/** @throws AiOutputInvalidError */
export function readOutput(content: string): Pick<Enrichment, 'summary' | 'tags' | 'readingLevel'> {
  let parsed: z.infer<typeof outputSchema>;
  try {
    parsed = outputSchema.parse(JSON.parse(content));
  } catch (cause) {
    throw new AiOutputInvalidError('The AI server did not answer with the JSON that was asked for.', { cause });
  }
  const summary = clampSummary(parsed.summary);
  const tags = clampTags(parsed.tags);
  if (summary === '' || tags.length === 0) {
    throw new AiOutputInvalidError('The AI server answered with an empty summary or no usable tag.');
  }
  const grade = Math.min(GRADE_MAX, Math.max(1, Math.round(parsed.readingLevel.grade)));
  return { summary, tags, readingLevel: { band: parsed.readingLevel.band, grade } };
}

/** One line of plain words: no control, invisible or direction-changing characters, no markup, no links; cut at a word. */
function clampSummary(text: string): string {
  const visible = text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, '')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ');
  const clean = withoutMarkup(visible).replaceAll(/ {2,}/g, ' ').trim();
  if (clean.length <= SUMMARY_LENGTH_MAX) return clean;
  const cut = clean.slice(0, SUMMARY_LENGTH_MAX - 1).toWellFormed();
  const lastBlank = cut.lastIndexOf(' ');
  return `${cut.slice(0, lastBlank > SUMMARY_LENGTH_MAX / 2 ? lastBlank : undefined).trimEnd()}…`;
}

/** A book may talk a model into anything; what it says of the book is words, and leads nowhere. */
function withoutMarkup(text: string): string {
  return text
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll(/[<>]/g, ' ')
    .replaceAll(/\b(?:[a-z][a-z\d+.-]{0,20}:\/\/|www\.|(?:javascript|vbscript|data|mailto|tel):)\S*/gi, ' ');
}

export function clampTags(tags: readonly string[]): string[] {
  const clean = tags.map((tag) =>
    tag
      .toWellFormed()
      .normalize('NFC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}'&+-]+/gu, ' ')
      .trim(),
  );
  const usable = clean.filter((tag) => tag.length >= 2 && tag.length <= TAG_LENGTH_MAX && /[\p{L}\p{N}]/u.test(tag));
  return [...new Set(usable)].slice(0, TAG_COUNT_MAX);
}
