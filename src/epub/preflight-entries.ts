/**
 * Preflight of entries: names, kinds, methods and declared sizes, from the zip's directory alone.
 *
 * Promise: no byte of an entry is read here.
 */
import type { Entry } from 'yauzl';
import type { ArchiveCaps } from './caps.ts';
import type { FaultLog } from './fault.ts';

export type NamedEntry = { name: string; entry: Entry };

const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;
const FLAG_ENCRYPTED = 0x01;
const FLAG_STRONG_ENCRYPTION = 0x40;

// The file kind in the upper half of the external attributes, as Unix writes it.
const KIND_MASK = 0xf000;
const KIND_NONE = 0;
const KIND_FILE = 0x8000;
const KIND_FOLDER = 0x4000;
const KIND_SYMLINK = 0xa000;

export function judgeEntry({ name, entry }: NamedEntry, caps: ArchiveCaps, log: FaultLog): void {
  const place = { file: name };
  judgeName(name, entry, caps, log);
  const kind = (entry.externalFileAttributes >>> 16) & KIND_MASK;
  if (kind === KIND_SYMLINK) {
    log.addHostile('ENTRY_SYMLINK', `${name} is a link to another file. Links are never followed.`, place);
  } else if (kind !== KIND_NONE && kind !== KIND_FILE && kind !== KIND_FOLDER) {
    log.addHostile('ENTRY_SPECIAL_FILE', `${name} is a device or a pipe, not a file.`, place);
  }
  if ((entry.generalPurposeBitFlag & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION)) !== 0) {
    const message = `${name} is locked with a zip password. Export the book without one.`;
    log.addBlocking('ENTRY_ENCRYPTED', message, place);
  } else if (entry.compressionMethod !== METHOD_STORED && entry.compressionMethod !== METHOD_DEFLATED) {
    const message = `${name} is packed by method ${entry.compressionMethod}; EPUB allows "store" and "deflate" only.`;
    log.addBlocking('ENTRY_METHOD', message, place);
  }
  if (entry.compressionMethod === METHOD_STORED && entry.compressedSize !== entry.uncompressedSize) {
    const isEncrypted = (entry.generalPurposeBitFlag & FLAG_ENCRYPTED) !== 0;
    if (!isEncrypted) log.addHostile('ENTRY_SIZE_LIE', `${name} is stored, yet its two sizes differ.`, place);
  }
}

function judgeName(name: string, entry: Entry, caps: ArchiveCaps, log: FaultLog): void {
  const place = { file: name };
  const parts = name.split(/[/\\]/u);
  if (name === '' || name.includes('\0')) {
    log.addHostile('NAME_FORGED', 'An entry has an empty name, or one with a NUL character in it.', place);
  } else if (parts.includes('..')) {
    log.addHostile('NAME_TRAVERSAL', `The name ${name} climbs out of the book's folder.`, place);
  } else if (/^(?:[/\\]|[a-z]:)/iu.test(name)) {
    log.addHostile('NAME_ABSOLUTE', `The name ${name} is a place on somebody's disk, not in the book.`, place);
  } else if (name.includes('\\')) {
    const message = `The name ${name} has a backslash; EPUB separates folders by "/". Pack the book with another tool.`;
    log.addBlocking('NAME_BACKSLASH', message, place);
  } else if (/\p{Cc}/u.test(name)) {
    log.addBlocking('NAME_CONTROL', `The name ${name} has invisible control characters. Rename the file.`, place);
  }
  if (entry.fileNameRaw.length > caps.nameLengthBytesMax) {
    const message = `The name ${name.slice(0, 60)}… has more than ${caps.nameLengthBytesMax} bytes. Shorten it.`;
    log.addBlocking('NAME_TOO_LONG', message);
  }
}

/** One name twice shows one file to the checker and another to the reader; names apart only by case clash on disks. */
export function judgeNames(named: NamedEntry[], log: FaultLog): void {
  const exact = new Set<string>();
  const folded = new Map<string, string>();
  for (const { name } of named) {
    const key = name.normalize('NFC').toLowerCase();
    const earlier = folded.get(key);
    if (exact.has(name)) {
      log.addHostile('NAME_DUPLICATE', `The zip holds ${name} twice.`, { file: name });
    } else if (earlier !== undefined) {
      const message = `${name} and ${earlier} are one file on most disks. Rename one of them.`;
      log.addBlocking('NAME_DUPLICATE_CASE', message, { file: name });
    }
    exact.add(name);
    folded.set(key, name);
  }
}

export function judgeSizes(named: NamedEntry[], caps: ArchiveCaps, log: FaultLog): void {
  let totalBytes = 0;
  let compressedBytes = 0;
  for (const { name, entry } of named) {
    totalBytes += entry.uncompressedSize;
    compressedBytes += entry.compressedSize;
    judgeSize(name, entry, caps, log);
  }
  if (totalBytes > caps.ratioJudgedFromBytes && totalBytes > compressedBytes * caps.compressionRatioMax) {
    log.addHostile('BOMB', `The archive unpacks to ${totalBytes} bytes from ${compressedBytes}: it is a zip bomb.`);
  } else if (totalBytes > caps.totalSizeBytesMax) {
    log.addBlocking(
      'CONTENT_TOO_LARGE',
      `The book unpacks to ${totalBytes} bytes; ${caps.totalSizeBytesMax} are allowed. Make images or films smaller.`,
    );
  }
}

function judgeSize(name: string, entry: Entry, caps: ArchiveCaps, log: FaultLog): void {
  const { uncompressedSize, compressedSize } = entry;
  if (uncompressedSize > caps.ratioJudgedFromBytes && uncompressedSize > compressedSize * caps.compressionRatioMax) {
    const message = `${name} unpacks to ${uncompressedSize} bytes from ${compressedSize}: it is a zip bomb.`;
    log.addHostile('BOMB', message, { file: name });
  } else if (uncompressedSize > caps.entrySizeBytesMax) {
    const message = `${name} has ${uncompressedSize} bytes; ${caps.entrySizeBytesMax} are allowed. Make it smaller.`;
    log.addBlocking('ENTRY_TOO_LARGE', message, { file: name });
  }
}
