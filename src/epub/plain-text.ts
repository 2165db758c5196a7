/**
 * Plain text: what is left of a document when it is read aloud to a program: paragraphs, words, their count.
 *
 * Rule of the word count: runs of letters and digits, joined by an apostrophe, a hyphen or a point between them, are one
 * word; text of scripts that write no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) is split by
 * Intl.Segmenter's dictionaries.
 */
import { pushReversed } from './xml.ts';
import type { XmlElement } from './xml.ts';

const SILENT = new Set([
  'script',
  'style',
  'head',
  'template',
  'rt',
  'rp',
  'annotation',
  'annotation-xml',
  'desc',
  'metadata',
]);
const BLOCKS = new Set(
  'address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td text tfoot th thead tr ul br'.split(
    ' ',
  ),
);

const SPACELESS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const WORD = new RegExp(
  String.raw`[${SPACELESS}]+|[[\p{L}\p{N}\p{M}]--[${SPACELESS}]]+(?:['’.\-‐‑·][[\p{L}\p{N}\p{M}]--[${SPACELESS}]]+)*`,
  'gv',
);
const STARTS_SPACELESS = new RegExp(`^[${SPACELESS}]`, 'v');
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

export function countWords(text: string): number {
  let wordCount = 0;
  for (const [run] of text.matchAll(WORD)) {
    if (!STARTS_SPACELESS.test(run)) wordCount += 1;
    else for (const segment of segmenter.segment(run)) if (segment.isWordLike === true) wordCount += 1;
  }
  return wordCount;
}

/** Paragraphs of a document, in order, without markup, empty ones left out. */
export function readParagraphs(root: XmlElement): string[] {
  const paragraphs: string[] = [];
  let current = '';
  const close = () => {
    const text = cleanText(current);
    if (text !== '') paragraphs.push(text);
    current = '';
  };
  const stack: (XmlElement | string | null)[] = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === null) close();
    else if (typeof next === 'string') current += next;
    else if (!SILENT.has(next.name) && !next.attributes.has('hidden')) {
      const isBlock = BLOCKS.has(next.name);
      if (isBlock) {
        close();
        stack.push(null);
      }
      pushReversed(stack, next.children);
    }
  }
  close();
  return paragraphs;
}

/** One line, no control characters, no direction overrides, well-formed: safe to store and to show as text. */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .replaceAll(/[\u202d\u202e\ufffe\uffff]/gu, '')
    .trim();
}

/** @returns the text, cut at a whole character, with "…" when something was cut */
export function clipText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/u, '')}…`;
}

/** What is hashed to find the same book again: letters and digits, in one form and one case. */
export function hashableText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');
}
