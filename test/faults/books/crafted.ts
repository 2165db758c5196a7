/**
 * The crafted books of row 23: what each is, how it is made, and what must be said of it.
 *
 * HOSTILE: kept from everyone. BLOCKED: its author is told what to mend. HARMLESS: it may be published, since nothing in
 * it can do anything here; what it would do in a reader is that reader's to forbid.
 */
import * as make from '../../epub/hostile.ts';

export type Verdict = 'HOSTILE' | 'BLOCKED' | 'HARMLESS';

export interface CraftedBook {
  readonly name: string;
  readonly make: () => Buffer;
  readonly verdict: Verdict;
  /** The fault that must be among those told; null where there is none to tell. */
  readonly code: string | null;
}

const hostile = (name: string, book: () => Buffer, code: string): CraftedBook => ({
  name,
  make: book,
  verdict: 'HOSTILE',
  code,
});
const blocked = (name: string, book: () => Buffer, code: string): CraftedBook => ({
  name,
  make: book,
  verdict: 'BLOCKED',
  code,
});
const harmless = (name: string, book: () => Buffer, code: string | null = null): CraftedBook => ({
  name,
  make: book,
  verdict: 'HARMLESS',
  code,
});

export const craftedBooks: readonly CraftedBook[] = [
  hostile('zip bomb', make.makeBomb, 'BOMB'),
  hostile('overlapping entries', make.makeOverlap, 'ENTRIES_OVERLAP'),
  hostile('name that climbs out', make.makeTraversal, 'NAME_TRAVERSAL'),
  hostile('name that climbs out by backslashes', make.makeBackslashTraversal, 'NAME_TRAVERSAL'),
  hostile('absolute name', make.makeAbsoluteName, 'NAME_ABSOLUTE'),
  hostile('name on a drive', make.makeDriveName, 'NAME_ABSOLUTE'),
  hostile('name with NUL', make.makeNulName, 'NAME_FORGED'),
  hostile('symbolic link', make.makeSymlink, 'ENTRY_SYMLINK'),
  hostile('device', make.makeDevice, 'ENTRY_SPECIAL_FILE'),
  hostile('one name twice', make.makeDuplicateName, 'NAME_DUPLICATE'),
  hostile('two names for one entry', make.makeTwoHeaderNames, 'HEADERS_DISAGREE'),
  hostile('lying size', make.makeLyingSize, 'ENTRY_SIZE_LIE'),
  hostile('two sizes', make.makeTwoSizes, 'ENTRY_SIZE_LIE'),
  hostile('ten thousand entries and one', make.makeManyEntries, 'TOO_MANY_ENTRIES'),
  hostile('entity bomb', make.makeEntityBomb, 'ENTITY_BOMB'),
  hostile('entity that contains itself', make.makeEntityLoop, 'ENTITY_BOMB'),
  hostile('entity that reads a file', make.makeFileEntity, 'ENTITY_READS_FILE'),
  harmless('entity that reads an address', make.makeParameterEntity, 'ENTITY_EXTERNAL'),
  hostile('three hundred entities', make.makeManyEntities, 'ENTITY_BOMB'),
  hostile('deep markup', make.makeDeepXml, 'XML_TOO_DEEP'),
  hostile('manifest of 100,000 items', make.makeHugeManifest, 'TOO_MANY_MANIFEST_ITEMS'),
  hostile('spine of 20,000 items', make.makeLongSpine, 'TOO_MANY_SPINE_ITEMS'),
  hostile('spine of a million items', make.makeMillionSpineItems, 'BOMB'),
  blocked('chapter of 14 MB', make.makeHugeDocument, 'ENTRY_TOO_LARGE'),
  hostile('attribute of 11 MB', make.makeHugeAttribute, 'BOMB'),
  blocked('zip password', make.makeEncryptedFlag, 'ENTRY_ENCRYPTED'),
  blocked('DRM', make.makeDrm, 'DRM'),
  blocked('Readium LCP licence', make.makeLcp, 'DRM'),
  blocked('wrong checksum', make.makeWrongChecksum, 'ENTRY_DAMAGED'),
  blocked('unknown packing', make.makeUnknownMethod, 'ENTRY_METHOD'),
  blocked('names apart by case', make.makeCaseDuplicate, 'NAME_DUPLICATE_CASE'),
  blocked('name that is not UTF-8', make.makeBrokenUtf8Name, 'NAME_NOT_UTF8'),
  blocked('chapter that is not UTF-8', make.makeWrongEncoding, 'XML_ENCODING'),
  blocked('program before the zip', make.makePrefixed, 'NOT_A_ZIP'),
  blocked('script behind the zip', make.makeTrailing, 'ZIP_DAMAGED'),
  blocked('wrong mimetype', make.makeWrongMimetype, 'MIMETYPE_WRONG'),
  blocked('cut short', make.makeTruncated, 'ZIP_DAMAGED'),
  harmless('bomb in a zip of its own', make.makeNestedBomb),
  harmless('book in a book', make.makeQuotedZip),
  harmless('script in a chapter', make.makeScripted),
  harmless('script from elsewhere', make.makeRemote),
  harmless('cover with script and a file', make.makeScriptedSvg),
  harmless('cover of 60,000 by 60,000 pixels', make.makePixelBomb),
];
