/**
 * Chapter pictures: the pictures of one chapter as `data:` URIs.
 *
 * Promise: each was decoded and encoded anew here, so no byte of the author's file reaches a browser; what would decode
 * to too many pixels is refused before it is decoded. A picture that cannot be shown is left out.
 */
import sharp from 'sharp';
import type { Archive } from './archive.ts';
import { CHAPTER_CAPS } from './caps.ts';
import { resolveHref } from './href.ts';
import { attributeByLocalName, descendants } from './xml.ts';
import type { XmlElement } from './xml.ts';

const FORMATS = new Set(['jpeg', 'png', 'gif', 'webp', 'svg', 'heif']);

/** @returns `data:` URIs by path inside the book, only those that can be shown */
export async function readPictures(archive: Archive, root: XmlElement, file: string): Promise<Map<string, string>> {
  const pictures = new Map<string, string>();
  const tried = new Set<string>();
  let length = 0;
  for (const element of descendants(root)) {
    const path = picturePath(element, file);
    if (path === null || tried.has(path) || !archive.has(path)) continue;
    if (tried.size >= CHAPTER_CAPS.pictureCountMax || length >= CHAPTER_CAPS.picturesLengthMax) break;
    tried.add(path);
    const uri = await encode(archive, path);
    if (uri === null) continue;
    pictures.set(path, uri);
    length += uri.length;
  }
  return pictures;
}

/** Where the picture that an element shows is inside the book; null when it shows none. */
export function picturePath(element: XmlElement, file: string): string | null {
  const name = element.name.toLowerCase();
  if (name !== 'img' && name !== 'image') return null;
  const href = name === 'img' ? element.attributes.get('src') : attributeByLocalName(element, 'href');
  const target = resolveHref(file, href ?? '');
  return target.kind === 'LOCAL' && target.path !== file ? target.path : null;
}

async function encode(archive: Archive, path: string): Promise<string | null> {
  try {
    const bytes = await archive.read(path, CHAPTER_CAPS.pictureFileSizeBytesMax);
    const options = { limitInputPixels: CHAPTER_CAPS.picturePixelCountMax, failOn: 'error' } as const;
    const { format, width, height } = await sharp(bytes, options).metadata();
    if (!FORMATS.has(format) || width * height > CHAPTER_CAPS.picturePixelCountMax) return null;
    const { pictureWidthPxMax, pictureHeightPxMax, pictureQuality } = CHAPTER_CAPS;
    const encoded = await sharp(bytes, options)
      .autoOrient()
      .resize({ width: pictureWidthPxMax, height: pictureHeightPxMax, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: pictureQuality })
      .toBuffer();
    return `data:image/webp;base64,${encoded.toString('base64')}`;
  } catch {
    // Missing, damaged, too large or no picture: its words stand in for it.
    return null;
  }
}
