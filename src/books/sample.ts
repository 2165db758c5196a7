/**
 * Sample: how much of a book everybody may read before it is bought.
 *
 * So many percent of its words, and at least to the end of the first chapter that is more than a title page, but for that
 * chapter's sake never more than two and a half times as much, and never more than WORDS_MAX words. A book without words
 * has none, and none has one at 0 percent.
 */
import type { Chapter, SampleSection } from './extracted.ts';

const STRETCH = 2.5;
/** What is kept as plain text when a book is published (src/epub/caps.ts). */
const KEPT_PERCENT = 10;
/** About 250 kB of text. */
const WORDS_MAX = 40_000;
/** A title page, a dedication or a copyright notice has fewer. */
const CHAPTER_WORDS_MIN = 300;

export interface SampleChapter {
  title: string | null;
  /** Where the sample ends in it; null when it is shown whole. */
  wordsMax: number | null;
}

/**
 * @param percent 0 to 100
 * @returns the first chapters, in their order; none when there is nothing to read
 */
export function sampleOf(chapters: readonly Chapter[], percent: number): SampleChapter[] {
  const total = chapters.reduce((sum, { wordCount }) => sum + wordCount, 0);
  const share = (part: number) => Math.floor((total * Math.min(part, 100)) / 100);
  const first = chapters.findIndex(({ wordCount }) => wordCount >= CHAPTER_WORDS_MIN);
  const toItsEnd = chapters.slice(0, first + 1).reduce((sum, { wordCount }) => sum + wordCount, 0);
  let wordsLeft = Math.min(Math.max(share(percent), Math.min(toItsEnd, share(percent * STRETCH))), WORDS_MAX);
  const shown: SampleChapter[] = [];
  for (const { title, wordCount } of chapters) {
    if (wordsLeft <= 0) break;
    shown.push({ title, wordsMax: wordCount <= wordsLeft ? null : wordsLeft });
    wordsLeft -= wordCount;
  }
  return shown;
}

/**
 * The sample as plain text, as far as so many percent of the book go: whole paragraphs of the tenth that is kept.
 * @param percent 0 to 100
 */
export function textSampleOf(kept: readonly SampleSection[], percent: number): SampleSection[] {
  if (percent >= KEPT_PERCENT) return [...kept];
  const lengthOf = (paragraphs: readonly string[]) => paragraphs.reduce((sum, { length }) => sum + length, 0);
  const length = kept.reduce((sum, { paragraphs }) => sum + lengthOf(paragraphs), 0);
  let charactersLeft = (length * percent) / KEPT_PERCENT;
  return kept.flatMap(({ title, paragraphs }) => {
    const shown = paragraphs.filter((paragraph) => {
      charactersLeft -= paragraph.length;
      return charactersLeft >= 0;
    });
    return shown.length > 0 ? [{ title, paragraphs: shown }] : [];
  });
}
