/**
 * Package document (OPF): the book's own list of what it consists of, as data.
 *
 * Read leniently, since old books bend the rules in many harmless ways; what makes a book unreadable is told by
 * structure.ts, which looks at this and at the archive.
 */
import { PACKAGE_CAPS } from './caps.ts';
import { makeFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { resolveHref } from './href.ts';
import type { Target } from './href.ts';
import { childElements, firstChild } from './xml.ts';
import type { XmlElement } from './xml.ts';

export type ManifestItem = {
  id: string;
  href: string;
  target: Target;
  mediaType: string;
  properties: ReadonlySet<string>;
  fallback: string | null;
};

type SpineItem = {
  idref: string;
  item: ManifestItem | null;
  isLinear: boolean;
  properties: ReadonlySet<string>;
};

export type PackageDocument = {
  /** Path of the OPF in the archive. */
  path: string;
  /** As written: "3.0", "2.0". */
  version: string;
  uniqueIdentifierId: string | null;
  metadata: XmlElement[];
  manifest: ManifestItem[];
  itemsById: ReadonlyMap<string, ManifestItem>;
  spine: SpineItem[];
  /** The NCX, by the spine's `toc` or by its media type. */
  ncx: ManifestItem | null;
  nav: ManifestItem | null;
  progression: 'LTR' | 'RTL' | 'DEFAULT';
  guide: { type: string; target: Target }[];
};

export const NCX_MEDIA_TYPE = 'application/x-dtbncx+xml';
export const XHTML_MEDIA_TYPE = 'application/xhtml+xml';
export const SVG_MEDIA_TYPE = 'image/svg+xml';

export type PackageResult = { ok: true; document: PackageDocument } | { ok: false; fault: Fault };

/** @returns the fault is hostile: no honest book lists a hundred thousand files */
export function readPackage(root: XmlElement, path: string): PackageResult {
  const manifestElement = firstChild(root, 'manifest');
  const spineElement = firstChild(root, 'spine');
  const itemElements = manifestElement === undefined ? [] : childElements(manifestElement, 'item');
  const refElements = spineElement === undefined ? [] : childElements(spineElement, 'itemref');
  if (itemElements.length > PACKAGE_CAPS.manifestItemCountMax) {
    return tooMany('TOO_MANY_MANIFEST_ITEMS', path, itemElements.length, PACKAGE_CAPS.manifestItemCountMax);
  }
  if (refElements.length > PACKAGE_CAPS.spineItemCountMax) {
    return tooMany('TOO_MANY_SPINE_ITEMS', path, refElements.length, PACKAGE_CAPS.spineItemCountMax);
  }
  const manifest = itemElements.map((element) => readItem(element, path));
  const itemsById = new Map(manifest.map((item) => [item.id, item]));
  const tocId = spineElement?.attributes.get('toc');
  const guide = firstChild(root, 'guide');
  return {
    ok: true,
    document: {
      path,
      version: root.attributes.get('version')?.trim() ?? '',
      uniqueIdentifierId: root.attributes.get('unique-identifier') ?? null,
      metadata: readMetadata(root),
      manifest,
      itemsById,
      spine: refElements.map((element) => readSpineItem(element, itemsById)),
      ncx:
        (tocId === undefined ? undefined : itemsById.get(tocId)) ??
        manifest.find(({ mediaType }) => mediaType === NCX_MEDIA_TYPE) ??
        null,
      nav: manifest.find(({ properties }) => properties.has('nav')) ?? null,
      progression: readProgression(spineElement),
      guide:
        guide === undefined ? [] : childElements(guide, 'reference').map((element) => readReference(element, path)),
    },
  };
}

export function isEpub3(document: PackageDocument): boolean {
  return document.version.startsWith('3');
}

/** Spine items in reading order, leading to the first format in their fallbacks that every reader shows. */
export function contentItem(document: PackageDocument, item: ManifestItem): ManifestItem {
  const seen = new Set<string>();
  for (let next: ManifestItem | undefined = item; next !== undefined && !seen.has(next.id);) {
    if (next.mediaType === XHTML_MEDIA_TYPE || next.mediaType === SVG_MEDIA_TYPE) return next;
    seen.add(next.id);
    next = next.fallback === null ? undefined : document.itemsById.get(next.fallback);
  }
  return item;
}

function tooMany(code: string, file: string, count: number, countMax: number): PackageResult {
  const message = `${file} lists ${count} files; ${countMax} are allowed. No book needs so many.`;
  return { ok: false, fault: makeFault(code, 'ERROR', message, { file }) };
}

function readItem(element: XmlElement, path: string): ManifestItem {
  const { attributes } = element;
  const href = attributes.get('href') ?? '';
  return {
    id: attributes.get('id') ?? '',
    href,
    target: href === '' ? { kind: 'BAD' } : resolveHref(path, href),
    mediaType: (attributes.get('media-type') ?? '').trim().toLowerCase(),
    properties: words(attributes.get('properties')),
    fallback: attributes.get('fallback') ?? null,
  };
}

function readSpineItem({ attributes }: XmlElement, itemsById: Map<string, ManifestItem>): SpineItem {
  const idref = attributes.get('idref') ?? '';
  return {
    idref,
    item: itemsById.get(idref) ?? null,
    isLinear: attributes.get('linear') !== 'no',
    properties: words(attributes.get('properties')),
  };
}

/** EPUB 2 allowed a `dc-metadata` and an `x-metadata` element in between. */
function readMetadata(root: XmlElement): XmlElement[] {
  const metadata = firstChild(root, 'metadata');
  if (metadata === undefined) return [];
  return childElements(metadata).flatMap((element) =>
    element.name === 'dc-metadata' || element.name === 'x-metadata' ? childElements(element) : [element],
  );
}

function readProgression(spine: XmlElement | undefined): PackageDocument['progression'] {
  const direction = spine?.attributes.get('page-progression-direction');
  if (direction === 'rtl') return 'RTL';
  return direction === 'ltr' ? 'LTR' : 'DEFAULT';
}

function readReference({ attributes }: XmlElement, path: string): { type: string; target: Target } {
  return { type: attributes.get('type') ?? '', target: resolveHref(path, attributes.get('href') ?? '') };
}

function words(value: string | undefined): Set<string> {
  return new Set((value ?? '').split(/\s+/u).filter((word) => word !== ''));
}
