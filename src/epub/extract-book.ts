/**
 * Extraction, in the child: one pass over the reading order, then the cover, then what the package says of itself.
 *
 * Promise: a part that cannot be read is left out with a note; only a book without a readable package throws.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Archive } from './archive.ts';
import { EXTRACT_CAPS, XML_CAPS } from './caps.ts';
import { extractCover } from './cover.ts';
import type { ExtractedBook } from './extracted-book.ts';
import { BookFacts } from './book-facts.ts';
import { FaultLog, UnreadableEpubError } from './fault.ts';
import { readMetadata } from './metadata.ts';
import type { ManifestItem, PackageDocument } from './package-document.ts';
import { cleanText, clipText, hashableText, readParagraphs } from './plain-text.ts';
import { headingOf, readingOrder } from './reading-order.ts';
import { BookText } from './book-text.ts';
import { openPackage, presentPath } from './structure.ts';
import type { Progress } from './structure.ts';
import { readNav, readNcx } from './table-of-contents.ts';
import type { TableOfContents } from './table-of-contents.ts';
import { parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** Fewer letters than this do not tell one picture book from another: then the pictures are hashed as well. */
const HASHABLE_LENGTH_MIN = 1_000;
const NOTE_COUNT_MAX = 50;

type Reading = { archive: Archive; document: PackageDocument; note: (text: string) => void; progress: Progress };

export async function extractBook(archive: Archive, path: string, progress: Progress): Promise<ExtractedBook> {
  const log = new FaultLog();
  const document = await openPackage(archive, log);
  if (document === null) throw new UnreadableEpubError([...log.hostile, ...log.blocking]);
  const notes: string[] = [];
  const note = (text: string) => {
    if (notes.length < NOTE_COUNT_MAX) notes.push(clipText(cleanText(text), 500));
  };
  const reading: Reading = { archive, document, note, progress };
  const toc = await readToc(reading);
  const { text, facts, contentHash } = await readSpine(reading, toc);
  progress('cover', 0, 1);
  const cover = await extractCover(archive, document, note);
  return {
    ...readMetadata(document),
    epubVersion: clipText(cleanText(document.version), 20),
    pageProgression: document.progression,
    cover,
    toc: toc.entries,
    isTocCut: toc.isCut,
    wordCount: text.wordCount,
    chapters: text.outline,
    sample: text.sample(),
    plainText: text.plainText(),
    facts: await facts.finish(archive, document),
    fileSha256: await hashFile(path),
    fileSizeBytes: (await stat(path)).size,
    contentHash,
    notes,
  };
}

async function readToc({ archive, document, note }: Reading): Promise<TableOfContents> {
  for (const [item, read] of [
    [document.nav, readNav],
    [document.ncx, readNcx],
  ] as const) {
    const root = item === null ? null : await readRoot(archive, item, note);
    const path = item === null ? null : presentPath(archive, item);
    if (root === null || path === null) continue;
    const toc = read(root, path);
    if (toc.entries.length > 0) return toc;
  }
  return { entries: [], isCut: false };
}

async function readSpine(
  { archive, document, note, progress }: Reading,
  toc: TableOfContents,
): Promise<{ text: BookText; facts: BookFacts; contentHash: string }> {
  const text = new BookText(titlesByPath(toc));
  const facts = new BookFacts();
  const hash = createHash('sha256');
  let hashedLength = 0;
  const items = readingOrder(document);
  for (const [index, item] of items.entries()) {
    progress('text', index, items.length);
    const root = await readRoot(archive, item, note);
    const path = presentPath(archive, item);
    if (root === null || path === null) {
      text.addUnread();
      continue;
    }
    facts.addPage(root);
    const paragraphs = readParagraphs(root);
    text.addChapter(path, headingOf(root), paragraphs);
    for (const paragraph of paragraphs) {
      const hashable = hashableText(paragraph);
      hashedLength += hashable.length;
      hash.update(hashable);
    }
  }
  if (hashedLength < HASHABLE_LENGTH_MIN) await hashPictures(archive, document, hash);
  return { text, facts, contentHash: hash.digest('hex') };
}

async function readRoot(
  archive: Archive,
  item: ManifestItem,
  note: (text: string) => void,
): Promise<XmlElement | null> {
  const path = presentPath(archive, item);
  if (path === null) return null;
  try {
    const parsed = parseXml(await archive.read(path, XML_CAPS.documentSizeBytesMax), path);
    if (parsed.ok) return parsed.root;
    note(parsed.fault.message);
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
  }
  return null;
}

function titlesByPath(toc: TableOfContents): Map<string, string> {
  const titles = new Map<string, string>();
  const stack = toc.entries.toReversed();
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const path = entry.href?.split('#')[0];
    if (path !== undefined && entry.title !== '' && !titles.has(path)) titles.set(path, entry.title);
    for (const child of entry.children.toReversed()) stack.push(child);
  }
  return titles;
}

async function hashPictures(archive: Archive, document: PackageDocument, hash: Hash): Promise<void> {
  for (const item of document.manifest) {
    const path = presentPath(archive, item);
    if (path === null || !/^(?:image|audio|video)\//u.test(item.mediaType)) continue;
    if (archive.sizeBytes(path) > EXTRACT_CAPS.coverSizeBytesMax) continue;
    hash.update(await archive.read(path, EXTRACT_CAPS.coverSizeBytesMax));
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
