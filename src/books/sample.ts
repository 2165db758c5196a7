/**
 * Sample: how much of a book everybody may read before it is bought.
 *
 * A tenth of its words, and at least to the end of the first chapter that is more than a title page, but never more than
 * a quarter of the book nor WORDS_MAX words. A book without words has none.
 */
import type { Chapter } from './extracted.ts';

const PERCENT = 10;
const PERCENT_MAX = 25;
/** About 250 kB of text. */
const WORDS_MAX = 40_000;
/** A title page, a dedication or a copyright notice has fewer. */
const CHAPTER_WORDS_MIN = 300;

export interface SampleChapter {
  title: string | null;
  /** Where the sample ends in it; null when it is shown whole. */
  wordsMax: number | null;
}

/** @returns the first chapters, in their order; none when there is nothing to read */
export function sampleOf(chapters: readonly Chapter[]): SampleChapter[] {
  const total = chapters.reduce((sum, { wordCount }) => sum + wordCount, 0);
  const share = (percent: number) => Math.floor((total * percent) / 100);
  const first = chapters.findIndex(({ wordCount }) => wordCount >= CHAPTER_WORDS_MIN);
  const toItsEnd = chapters.slice(0, first + 1).reduce((sum, { wordCount }) => sum + wordCount, 0);
  let wordsLeft = Math.min(Math.max(share(PERCENT), Math.min(toItsEnd, share(PERCENT_MAX))), WORDS_MAX);
  const shown: SampleChapter[] = [];
  for (const { title, wordCount } of chapters) {
    if (wordsLeft <= 0) break;
    shown.push({ title, wordsMax: wordCount <= wordsLeft ? null : wordsLeft });
    wordsLeft -= wordCount;
  }
  return shown;
}
