/** Reading order: the documents that are read from front to back, and what each is called. */
import { EXTRACT_CAPS } from './caps.ts';
import type { ManifestItem, PackageDocument } from './package-document.ts';
import { contentItem, SVG_MEDIA_TYPE, XHTML_MEDIA_TYPE } from './package-document.ts';
import { cleanText, clipText } from './plain-text.ts';
import { descendants, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** The linear chapters, without the table of contents. */
export function readingOrder(document: PackageDocument): ManifestItem[] {
  const linear = document.spine.filter(({ isLinear }) => isLinear);
  const items: ManifestItem[] = [];
  for (const { item } of linear.length > 0 ? linear : document.spine) {
    if (item === null || item === document.nav) continue;
    const shown = contentItem(document, item);
    if (shown.mediaType === XHTML_MEDIA_TYPE || shown.mediaType === SVG_MEDIA_TYPE) items.push(shown);
  }
  return items;
}

/** The first heading of a chapter. */
export function headingOf(root: XmlElement): string | null {
  for (const element of descendants(root)) {
    if (!/^h[1-3]$/u.test(element.name)) continue;
    const text = clipText(cleanText(textOf(element)), EXTRACT_CAPS.labelLengthMax);
    return text === '' ? null : text;
  }
  return null;
}
