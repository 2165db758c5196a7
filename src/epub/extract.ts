/**
 * Extraction: all that a shop shows of a book, read in a killable child.
 *
 * Promise: settles within `timeoutMs` and a moment, writes nothing, and the value was checked against its schema.
 */
import { type ChildOutcome, type ProgressEvent } from '../child-processes/index.ts';
import { CHILD_CAPS } from './caps.ts';
import { runInBookChild } from './book-child.ts';
import { extractedBookSchema } from './extracted-book.ts';
import type { ExtractedBook } from './extracted-book.ts';

export type ExtractOptions = {
  /** (Default: CHILD_CAPS.timeoutMs) */
  timeoutMs?: number;
  /** (Default: CHILD_CAPS.memoryMbMax) */
  memoryMbMax?: number;
  onProgress?: (event: ProgressEvent) => void;
  signal?: AbortSignal;
};

export class ExtractionError extends Error {
  readonly code: 'EXTRACTION_TIMED_OUT' | 'EXTRACTION_OUT_OF_MEMORY' | 'EXTRACTION_CRASHED' | 'EXTRACTION_ABORTED';

  constructor(outcome: Exclude<ChildOutcome['outcome'], 'DONE'>, detail: string) {
    super(`The book could not be read to its end: ${detail}`);
    this.name = 'ExtractionError';
    this.code = `EXTRACTION_${outcome}`;
  }
}

/**
 * @param path a book that passed preflight and validation
 * @throws ExtractionError when the run was cut short or the book has no readable package
 */
export async function extract(path: string, options: ExtractOptions = {}): Promise<ExtractedBook> {
  const ended = await runInBookChild(
    { task: 'extract', path },
    {
      timeoutMs: options.timeoutMs ?? CHILD_CAPS.timeoutMs,
      memoryMbMax: options.memoryMbMax ?? CHILD_CAPS.memoryMbMax,
      onProgress: options.onProgress,
      signal: options.signal,
    },
  );
  if (ended.outcome !== 'DONE') throw new ExtractionError(ended.outcome, ended.detail);
  const parsed = extractedBookSchema.safeParse(ended.value);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ExtractionError('CRASHED', `the reader returned something unexpected (${where}).`);
  }
  return parsed.data;
}
