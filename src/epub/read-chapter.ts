/**
 * Reading: one chapter of a book as a page for a browser, made in a killable child.
 *
 * Promise: settles within CHAPTER_CAPS.timeoutMs and a moment, writes nothing. What the page holds: chapter-page.ts.
 */
import { z } from 'zod';
import { type ChildOutcome } from '../child-processes/index.ts';
import { CHAPTER_CAPS } from './caps.ts';
import { runInBookChild } from './book-child.ts';

const HTML_LENGTH_MAX = CHAPTER_CAPS.markupSizeBytesMax + CHAPTER_CAPS.picturesLengthMax + 64 * 1024;

const pageSchema = z.object({ html: z.string().max(HTML_LENGTH_MAX) });

/** A link to another chapter in the page: its place in the reading order, then `#` and a place in it, if one is named. */
export const CHAPTER_LINK = / href="chapter:(?<index>\d+)(?<fragment>#[^"]*)?"/gu;

export class ChapterError extends Error {
  readonly code: 'CHAPTER_TIMED_OUT' | 'CHAPTER_OUT_OF_MEMORY' | 'CHAPTER_CRASHED' | 'CHAPTER_ABORTED';

  constructor(outcome: Exclude<ChildOutcome['outcome'], 'DONE'>, detail: string) {
    super(`The chapter could not be read: ${detail}`);
    this.name = 'ChapterError';
    this.code = `CHAPTER_${outcome}`;
  }
}

/**
 * @param path a book that was published: it passed preflight and validation
 * @param options.index place in the reading order, from 0, as `extract` lists `chapters`
 * @param options.wordsMax where a sample ends; null for the whole chapter
 * @returns a whole HTML document; its links to other chapters are to be filled in (CHAPTER_LINK)
 * @throws ChapterError when the run was cut short or there is no such chapter
 */
export async function readChapter(
  path: string,
  options: { index: number; wordsMax: number | null; signal?: AbortSignal | undefined },
): Promise<string> {
  const { index, wordsMax, signal } = options;
  const { timeoutMs, memoryMbMax } = CHAPTER_CAPS;
  const ended = await runInBookChild(
    { task: 'chapter', path, index, wordsMax },
    { timeoutMs, memoryMbMax, signal, isWaitedFor: true },
  );
  if (ended.outcome !== 'DONE') throw new ChapterError(ended.outcome, ended.detail);
  const parsed = pageSchema.safeParse(ended.value);
  if (!parsed.success) throw new ChapterError('CRASHED', 'the reader returned something unexpected.');
  return parsed.data.html;
}
