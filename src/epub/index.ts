/**
 * EPUB: reading and checking books. Pure: no database, nothing of the rest of the project but child processes.
 *
 * A book's way: `preflight` (is the zip safe?) → `validateEpub` (can it be read?) → `extract` (what is in it?) →
 * `readChapter` (a page of it for a browser). The limits of all, with their sources: caps.ts.
 *
 * Not here, so that no server loads what it takes: building books (build.ts).
 */
export { EpubFileError } from './fault.ts';
export type { Fault } from './fault.ts';
export { preflight } from './preflight.ts';
export { validateEpub } from './validate.ts';
export { extract, ExtractionError } from './extract.ts';
export type { ExtractedBook } from './extracted-book.ts';
export { CHAPTER_STYLE } from './chapter-style.ts';
export { ChapterError, CHAPTER_LINK, readChapter } from './read-chapter.ts';
