/**
 * Book text: counts the words of a book as its chapters pass by, and keeps no more of the text than the sample and the
 * beginning for suggestions need.
 */
import { EXTRACT_CAPS } from './caps.ts';
import type { ExtractedBook } from './extracted-book.ts';
import { countWords } from './plain-text.ts';

type Paragraph = { text: string; wordCount: number };
type Chapter = { title: string | null; paragraphs: Paragraph[] };

export class BookText {
  wordCount = 0;
  /** One entry for each document of the reading order, in that order. */
  readonly outline: ExtractedBook['chapters'] = [];
  readonly #titles: ReadonlyMap<string, string>;
  readonly #chapters: Chapter[] = [];
  #keptBytes = 0;

  /** @param titles of chapters, by path, from the table of contents */
  constructor(titles: ReadonlyMap<string, string>) {
    this.#titles = titles;
  }

  addChapter(path: string, heading: string | null, paragraphs: readonly string[]): void {
    const chapter: Chapter = { title: this.#titles.get(path) ?? heading, paragraphs: [] };
    const wordsBefore = this.wordCount;
    for (const text of paragraphs) {
      const wordCount = countWords(text);
      this.wordCount += wordCount;
      if (this.#keptBytes >= KEPT_BYTES_MAX) continue;
      const kept = cutBytes(text, KEPT_BYTES_MAX - this.#keptBytes);
      this.#keptBytes += Buffer.byteLength(kept);
      chapter.paragraphs.push({ text: kept, wordCount });
    }
    if (chapter.paragraphs.length > 0) this.#chapters.push(chapter);
    this.#note(chapter.title, this.wordCount - wordsBefore);
  }

  /** A document that cannot be read keeps its place in the order. */
  addUnread(): void {
    this.#note(null, 0);
  }

  #note(title: string | null, wordCount: number): void {
    if (this.outline.length < EXTRACT_CAPS.chapterCountMax) this.outline.push({ title, wordCount });
  }

  /** Whole paragraphs up to a tenth of the book; the last one is cut where the tenth ends. */
  sample(): ExtractedBook['sample'] {
    let wordsLeft = Math.floor((this.wordCount * EXTRACT_CAPS.samplePercent) / 100);
    let bytesLeft: number = EXTRACT_CAPS.sampleSizeBytesMax;
    const sections: ExtractedBook['sample'] = [];
    for (const { title, paragraphs } of this.#chapters) {
      const shown: string[] = [];
      for (const { text, wordCount } of paragraphs) {
        if (wordsLeft <= 0 || bytesLeft <= 0) break;
        const cut = cutBytes(wordCount <= wordsLeft ? text : cutWords(text, wordsLeft, wordCount), bytesLeft);
        wordsLeft -= wordCount;
        bytesLeft -= Buffer.byteLength(cut);
        if (cut !== '') shown.push(cut);
      }
      if (shown.length > 0) sections.push({ title, paragraphs: shown });
    }
    return sections;
  }

  plainText(): string {
    const text = this.#chapters.flatMap(({ paragraphs }) => paragraphs.map((paragraph) => paragraph.text)).join('\n\n');
    return cutBytes(text, EXTRACT_CAPS.plainTextSizeBytesMax);
  }
}

const KEPT_BYTES_MAX = Math.max(EXTRACT_CAPS.sampleSizeBytesMax, EXTRACT_CAPS.plainTextSizeBytesMax);

/** Cuts by the share of words, at a space where the script has one. */
export function cutWords(text: string, wordsWanted: number, wordCount: number): string {
  const end = Math.floor((text.length * wordsWanted) / wordCount);
  const atSpace = text.lastIndexOf(' ', end);
  const cut = text.slice(0, atSpace > 0 ? atSpace : end).replace(/[\ud800-\udbff]$/u, '');
  return cut === '' ? '' : `${cut} …`;
}

/** Cuts UTF-8 to a size, at a whole character. */
function cutBytes(text: string, sizeBytesMax: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= sizeBytesMax) return text;
  let end = sizeBytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
