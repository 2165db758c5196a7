/**
 * Cover: finds the picture on the front and makes it anew in the sizes a shop shows.
 *
 * Promise: what comes out was encoded here, so no byte of the author's file reaches a browser; it is never scaled up,
 * and a picture that would decode to too many pixels is refused before it is decoded.
 * Not here: a cover for a book that has none.
 */
import sharp from 'sharp';
import type { Archive } from './archive.ts';
import { EXTRACT_CAPS, XML_CAPS } from './caps.ts';
import type { Cover } from './extracted-book.ts';
import { resolveHref } from './href.ts';
import type { ManifestItem, PackageDocument } from './package-document.ts';
import { contentItem } from './package-document.ts';
import { presentPath } from './structure.ts';
import { attributeByLocalName, descendants, parseXml } from './xml.ts';

type Candidate = { file: string; foundBy: Cover['foundBy'] };

const FORMATS = new Set(['jpeg', 'png', 'gif', 'webp', 'svg', 'avif', 'heif']);

/** @param note told in plain words why a candidate was no use */
export async function extractCover(
  archive: Archive,
  document: PackageDocument,
  note: (text: string) => void,
): Promise<Cover | null> {
  const tried = new Set<string>();
  for await (const candidate of candidates(archive, document)) {
    if (tried.has(candidate.file)) continue;
    tried.add(candidate.file);
    try {
      return await encode(await archive.read(candidate.file, EXTRACT_CAPS.coverSizeBytesMax), candidate);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      note(`The cover ${candidate.file} cannot be used: ${why}`);
    }
  }
  return null;
}

async function encode(bytes: Buffer, candidate: Candidate): Promise<Cover> {
  const options = { limitInputPixels: EXTRACT_CAPS.coverPixelCountMax, failOn: 'error' } as const;
  const { format, width, height, autoOrient } = await sharp(bytes, options).metadata();
  if (!FORMATS.has(format)) throw new Error(`${format} is no image format of EPUB.`);
  if (width * height > EXTRACT_CAPS.coverPixelCountMax) throw new Error('it has too many pixels.');
  const widthPx = autoOrient.width;
  const fitting = EXTRACT_CAPS.coverWidthsPx.filter((wanted) => wanted <= widthPx);
  const renditions: Cover['renditions'] = [];
  for (const wanted of fitting.length > 0 ? fitting : [widthPx]) {
    const { data, info } = await sharp(bytes, options)
      .autoOrient()
      .resize({ width: wanted, withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .jpeg({ quality: EXTRACT_CAPS.coverJpegQuality })
      .toBuffer({ resolveWithObject: true });
    renditions.push({ widthPx: info.width, heightPx: info.height, mediaType: 'image/jpeg', bytes: data });
  }
  return { ...candidate, widthPx, heightPx: autoOrient.height, renditions };
}

/** Best first: what the book calls its cover, then the first picture on its first pages. */
async function* candidates(archive: Archive, document: PackageDocument): AsyncGenerator<Candidate> {
  for (const item of document.manifest) {
    if (item.properties.has('cover-image')) yield* present(archive, item, 'PROPERTY');
  }
  const metas = document.metadata.filter(({ attributes }) => attributes.get('name') === 'cover');
  for (const { attributes } of metas) {
    const value = attributes.get('content') ?? '';
    // Some tools write the href where the id belongs.
    const item = document.itemsById.get(value) ?? document.manifest.find(({ href }) => href === value);
    if (item !== undefined) yield* fromItem(archive, item, 'META');
  }
  for (const { type, target } of document.guide) {
    if (type !== 'cover' || target.kind !== 'LOCAL') continue;
    const item = document.manifest.find((known) => known.target.kind === 'LOCAL' && known.target.path === target.path);
    if (item !== undefined) yield* fromItem(archive, item, 'GUIDE');
  }
  const first = document.spine[0]?.item;
  if (first !== null && first !== undefined) yield* fromItem(archive, contentItem(document, first), 'FIRST_IMAGE');
}

async function* fromItem(archive: Archive, item: ManifestItem, foundBy: Cover['foundBy']): AsyncGenerator<Candidate> {
  if (item.mediaType.startsWith('image/')) yield* present(archive, item, foundBy);
  else {
    const file = await firstImage(archive, item);
    if (file !== null) yield { file, foundBy };
  }
}

function* present(archive: Archive, item: ManifestItem, foundBy: Cover['foundBy']): Generator<Candidate> {
  const file = presentPath(archive, item);
  if (file !== null && item.mediaType.startsWith('image/')) yield { file, foundBy };
}

async function firstImage(archive: Archive, page: ManifestItem): Promise<string | null> {
  const path = presentPath(archive, page);
  if (path === null) return null;
  const parsed = parseXml(await archive.read(path, XML_CAPS.documentSizeBytesMax), path);
  if (!parsed.ok) return null;
  for (const element of descendants(parsed.root)) {
    if (element.name !== 'img' && element.name !== 'image') continue;
    const href = element.attributes.get('src') ?? attributeByLocalName(element, 'href') ?? '';
    const target = resolveHref(path, href);
    if (target.kind === 'LOCAL' && archive.has(target.path)) return target.path;
  }
  return null;
}
