/**
 * Structure: can a reading system open this book and turn its pages?
 *
 * Life of a check: container → package document → spine, every item there and well-formed → table of contents → the
 * rest of the manifest. This decides whether a book is blocked; the long report of the checker never does so alone.
 * Promise: blocks only what leaves a reader with an error page or nothing; a missing picture is a finding.
 */
import { Archive, ArchiveReadError } from './archive.ts';
import { PACKAGE_CAPS, XML_CAPS } from './caps.ts';
import { FaultLog } from './fault.ts';
import type { ManifestItem, PackageDocument } from './package-document.ts';
import {
  contentItem,
  isEpub3,
  NCX_MEDIA_TYPE,
  readPackage,
  SVG_MEDIA_TYPE,
  XHTML_MEDIA_TYPE,
} from './package-document.ts';
import { descendants, parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

const CONTAINER = 'META-INF/container.xml';
const OPF_MEDIA_TYPE = 'application/oebps-package+xml';

export type Structure = { log: FaultLog; document: PackageDocument | null };

export type Progress = (step: string, doneCount: number, totalCount: number) => void;

export async function checkStructure(archive: Archive, onProgress: Progress): Promise<Structure> {
  const log = new FaultLog();
  const document = await openPackage(archive, log);
  if (document === null) return { log, document };
  const checked = await checkSpine(archive, document, log, onProgress);
  if (log.hostile.length === 0) await checkContents(archive, document, checked, log);
  if (log.hostile.length === 0) await checkManifest(archive, document, checked, log);
  return { log, document };
}

/** Finds and reads the package document; what stands in the way is in the log. */
export async function openPackage(archive: Archive, log: FaultLog): Promise<PackageDocument | null> {
  if (!archive.has(CONTAINER)) {
    const message = `${CONTAINER} is missing: no reader can find the book's contents. Export the book as EPUB again.`;
    log.addBlocking('CONTAINER_MISSING', message, { file: CONTAINER });
    return null;
  }
  const container = await readXml(archive, CONTAINER, log, PACKAGE_CAPS.containerSizeBytesMax);
  if (container === null) return null;
  const rootfiles = [...descendants(container, 'rootfile')];
  const rootfile = rootfiles.find(({ attributes }) => attributes.get('media-type') === OPF_MEDIA_TYPE) ?? rootfiles[0];
  const path = rootfile?.attributes.get('full-path') ?? '';
  if (path === '' || !archive.has(path)) {
    const message =
      path === ''
        ? `${CONTAINER} names no package document (OPF).`
        : `${CONTAINER} names the package document ${path}, which is not in the book.`;
    log.addBlocking('OPF_MISSING', `${message} Export the book as EPUB again.`, { file: CONTAINER });
    return null;
  }
  const root = await readXml(archive, path, log, XML_CAPS.documentSizeBytesMax);
  if (root === null) return null;
  const read = readPackage(root, path);
  if (read.ok) return read.document;
  log.hostile.push(read.fault);
  return null;
}

/** Reads a document that the book cannot do without. */
async function readXml(
  archive: Archive,
  file: string,
  log: FaultLog,
  sizeBytesMax: number,
): Promise<XmlElement | null> {
  let bytes: Buffer;
  try {
    bytes = await archive.read(file, sizeBytesMax);
  } catch (error) {
    if (!(error instanceof ArchiveReadError)) throw error;
    log.addBlocking(error.code, error.message, { file });
    return null;
  }
  const parsed = parseXml(bytes, file);
  if (!parsed.ok) {
    if (parsed.isHostile) log.hostile.push(parsed.fault);
    else log.blocking.push(parsed.fault);
    return null;
  }
  addEntityFindings(parsed, file, log);
  return parsed.root;
}

async function checkSpine(
  archive: Archive,
  document: PackageDocument,
  log: FaultLog,
  onProgress: Progress,
): Promise<Set<string>> {
  const checked = new Set<string>();
  if (document.spine.length === 0) {
    const message = 'The spine is empty: the book has no pages to show. List the chapters in reading order.';
    log.addBlocking('SPINE_EMPTY', message, { file: document.path });
  }
  for (const [index, { idref, item }] of document.spine.entries()) {
    onProgress('structure', index, document.spine.length);
    if (item === null) {
      const message = `The spine names "${idref}", which the manifest does not list. Add it or take it out.`;
      log.addBlocking('SPINE_ITEM_UNKNOWN', message, { file: document.path });
      continue;
    }
    const shown = contentItem(document, item);
    const path = presentPath(archive, shown);
    if (path === null) {
      const message = `The chapter ${shown.href} is not in the book. Add the file or take it out of the spine.`;
      log.addBlocking('SPINE_RESOURCE_MISSING', message, { file: document.path });
    } else if (!checked.has(path) && isXml(shown)) {
      checked.add(path);
      await readXml(archive, path, log, XML_CAPS.documentSizeBytesMax);
      if (log.hostile.length > 0) break;
    }
  }
  return checked;
}

/** A reader wants one table of contents it understands: nav (EPUB 3) or NCX (EPUB 2, and for old readers). */
async function checkContents(
  archive: Archive,
  document: PackageDocument,
  checked: Set<string>,
  log: FaultLog,
): Promise<void> {
  const place = { file: document.path };
  const candidates = [document.nav, document.ncx].filter((item) => item !== null);
  const present = candidates.filter((item) => presentPath(archive, item) !== null);
  if (present.length === 0) {
    const named = candidates[0];
    const message =
      named === undefined
        ? 'The book has no table of contents. Add a navigation document (nav) and list it in the manifest.'
        : `The table of contents ${named.href} is not in the book. Add the file.`;
    log.addBlocking('NAV_MISSING', message, place);
    return;
  }
  if (isEpub3(document) && document.nav === null) {
    const message = 'An EPUB 3 needs a navigation document; this one has only the NCX of EPUB 2. Add one.';
    log.addFinding('NAV_ONLY_NCX', 'ERROR', message, place);
  }
  for (const item of present) {
    const path = presentPath(archive, item);
    if (path === null || checked.has(path)) continue;
    checked.add(path);
    await readXml(archive, path, log, XML_CAPS.documentSizeBytesMax);
  }
}

async function checkManifest(
  archive: Archive,
  document: PackageDocument,
  checked: Set<string>,
  log: FaultLog,
): Promise<void> {
  const place = { file: document.path };
  for (const item of document.manifest) {
    if (item.target.kind === 'REMOTE') continue;
    const path = presentPath(archive, item);
    if (path === null) {
      const message = `The manifest lists ${item.href || 'an item without href'}, which is not in the book.`;
      log.addFinding('MANIFEST_RESOURCE_MISSING', 'ERROR', `${message} Add the file or take it out.`, place);
    } else if (!checked.has(path) && isXml(item)) {
      checked.add(path);
      await checkSideDocument(archive, path, log);
      if (log.hostile.length > 0) return;
    }
  }
  if (!document.metadata.some(({ name }) => name === 'title')) {
    log.addFinding('TITLE_MISSING', 'WARNING', 'The book does not say its own title.', place);
  }
}

/** A page that is not in reading order (a note, a figure) may be broken without closing the book. */
async function checkSideDocument(archive: Archive, file: string, log: FaultLog): Promise<void> {
  try {
    const parsed = parseXml(await archive.read(file, XML_CAPS.documentSizeBytesMax), file);
    if (parsed.ok) addEntityFindings(parsed, file, log);
    else if (parsed.isHostile) log.hostile.push(parsed.fault);
    else log.addFinding(parsed.fault.code, 'ERROR', parsed.fault.message, parsed.fault);
  } catch (error) {
    if (!(error instanceof ArchiveReadError)) throw error;
    log.addFinding(error.code, 'ERROR', error.message, { file });
  }
}

function addEntityFindings(
  parsed: { hasUnknownEntity: boolean; hasExternalEntity: boolean },
  file: string,
  log: FaultLog,
): void {
  if (parsed.hasUnknownEntity) {
    const message = `${file} uses a named character that nobody declared. Write the character itself.`;
    log.addFinding('ENTITY_UNKNOWN', 'ERROR', message, { file });
  }
  if (parsed.hasExternalEntity) {
    const message = `${file} asks readers to fetch a part of it from elsewhere; they will not. Put the text in.`;
    log.addFinding('ENTITY_EXTERNAL', 'ERROR', message, { file });
  }
}

/** @returns the item's name in the archive; null when it is not there */
export function presentPath(archive: Archive, item: ManifestItem): string | null {
  return item.target.kind === 'LOCAL' && archive.has(item.target.path) ? item.target.path : null;
}

function isXml({ mediaType }: ManifestItem): boolean {
  return (
    mediaType === XHTML_MEDIA_TYPE ||
    mediaType === SVG_MEDIA_TYPE ||
    mediaType === NCX_MEDIA_TYPE ||
    mediaType === 'application/smil+xml'
  );
}
