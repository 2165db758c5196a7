/**
 * Chapter page: a document of a book, which a stranger wrote, as a page that a browser may show.
 *
 * Promise: the page is written anew from the parsed tree. Only elements and attributes of the lists below come out, every
 * text and value is escaped, and no value is an address but `#place`, `chapter:N` and pictures that were encoded here: so
 * nothing in it runs, loads, submits or leads out. The book's styles are dropped. Size, pictures and depth are capped.
 * Not here: who may read it, and the headers that say the same once more (src/server/reading.ts).
 */
import type { Archive } from './archive.ts';
import { cutWords } from './book-text.ts';
import { CHAPTER_CAPS, XML_CAPS } from './caps.ts';
import { readPictures } from './chapter-pictures.ts';
import { CHAPTER_STYLE } from './chapter-style.ts';
import { ChapterMarkup, escapeHtml, languageAttributes } from './chapter-markup.ts';
import { FaultLog, UnreadableEpubError } from './fault.ts';
import type { PackageDocument } from './package-document.ts';
import { headingOf, readingOrder } from './reading-order.ts';
import { openPackage, presentPath } from './structure.ts';
import { descendants, parseXml } from './xml.ts';

const END_OF_SAMPLE = 'The sample ends here.';
const TOO_LONG = 'This chapter is too long to be shown here. Download the book to read on.';

/**
 * @param asked.index place in the reading order, from 0
 * @throws UnreadableEpubError, RangeError when there is no such chapter, ArchiveReadError
 */
export async function makeChapterPage(
  archive: Archive,
  asked: { index: number; wordsMax: number | null },
): Promise<{ html: string }> {
  const log = new FaultLog();
  const document = await openPackage(archive, log);
  if (document === null) throw new UnreadableEpubError([...log.hostile, ...log.blocking]);
  const item = readingOrder(document)[asked.index];
  const path = item === undefined ? null : presentPath(archive, item);
  if (path === null) throw new RangeError(`There is no chapter ${asked.index}.`);
  const parsed = parseXml(await archive.read(path, XML_CAPS.documentSizeBytesMax), path);
  if (!parsed.ok) throw new UnreadableEpubError([parsed.fault]);
  const { root } = parsed;
  const markup = new ChapterMarkup({
    file: path,
    chapterByPath: chaptersByPath(archive, document),
    pictures: await readPictures(archive, root, path),
    wordsMax: asked.wordsMax,
    sizeBytesMax: CHAPTER_CAPS.markupSizeBytesMax,
    picturesLengthMax: CHAPTER_CAPS.picturesLengthMax,
    cut: cutWords,
  });
  const [body = root] = [...descendants(root, 'body')];
  markup.add(body);
  const title = headingOf(root) ?? `Chapter ${asked.index + 1}`;
  const end = { NONE: '', WORDS: END_OF_SAMPLE, SIZE: TOO_LONG }[markup.cutBy];
  return {
    html: `<!doctype html>
<html${languageAttributes(body, root)}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><style>${CHAPTER_STYLE}</style></head>
<body>${markup.text}${end === '' ? '' : `<p class="end" lang="en" dir="ltr">${end}</p>`}</body></html>
`,
  };
}

function chaptersByPath(archive: Archive, document: PackageDocument): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, item] of readingOrder(document).entries()) {
    const path = presentPath(archive, item);
    if (path !== null && !places.has(path)) places.set(path, index);
  }
  return places;
}
