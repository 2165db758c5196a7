/**
 * Preflight: is this file a zip that may be opened at all?
 *
 * Life of a check: size on disk → zip directory → every entry's name, kind, method, declared size and place → only then
 * the bytes, streamed with the declared size as a hard stop → `mimetype`, DRM. Each step runs only if the one before
 * found nothing hostile, so a bomb is refused before a byte of it is inflated.
 * Promise: nothing is written, memory stays flat, and a hostile file gives a result, never an exception.
 * Not here: what is inside the documents (structure.ts).
 */
import { open, stat } from 'node:fs/promises';
import type { Entry, ZipFile } from 'yauzl';
import { ArchiveReadError, decodeName, openZip, readChunks } from './archive.ts';
import { ARCHIVE_CAPS, PACKAGE_CAPS } from './caps.ts';
import type { ArchiveCaps } from './caps.ts';
import { EpubFileError, FaultLog } from './fault.ts';
import type { Fault } from './fault.ts';
import { judgeEntry, judgeNames, judgeSizes } from './preflight-entries.ts';
import type { NamedEntry } from './preflight-entries.ts';
import { judgePlaces } from './preflight-places.ts';
import { judgeProtection } from './protection.ts';

export type ArchiveEntry = { name: string; sizeBytes: number; compressedSizeBytes: number };

type PreflightFacts = {
  fileSizeBytes: number;
  uncompressedSizeBytes: number;
  entries: ArchiveEntry[];
  /** Worth telling the author, blocks nothing. */
  findings: Fault[];
};

export type PreflightResult =
  | (PreflightFacts & { ok: true; hostile: []; blocking: [] })
  /** `hostile` not empty: reject and quarantine. Else `blocking` is not empty: the author can mend it. */
  | (PreflightFacts & { ok: false; hostile: Fault[]; blocking: Fault[] });

const MIMETYPE = 'application/epub+zip';

/**
 * Judges an archive before anything trusts it.
 * @param caps what to change of ARCHIVE_CAPS
 * @throws EpubFileError when the path cannot be read; never because of what the file contains
 */
export async function preflight(path: string, caps: Partial<ArchiveCaps> = {}): Promise<PreflightResult> {
  const limits = { ...ARCHIVE_CAPS, ...caps };
  const log = new FaultLog();
  const fileSizeBytes = await readFileSize(path);
  const entries = (await isZipWithinSize(path, fileSizeBytes, limits, log)) ? await judgeZip(path, limits, log) : [];
  const facts: PreflightFacts = {
    fileSizeBytes,
    uncompressedSizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    entries,
    findings: log.findings,
  };
  if (log.isClean) return { ok: true, ...facts, hostile: [], blocking: [] };
  return { ok: false, ...facts, hostile: log.hostile, blocking: log.blocking };
}

async function readFileSize(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is not a regular file');
    return found.size;
  } catch (error) {
    throw new EpubFileError(path, error);
  }
}

async function isZipWithinSize(path: string, sizeBytes: number, caps: ArchiveCaps, log: FaultLog): Promise<boolean> {
  if (sizeBytes > caps.fileSizeBytesMax) {
    log.addBlocking(
      'FILE_TOO_LARGE',
      `The file has ${sizeBytes} bytes; ${caps.fileSizeBytesMax} are allowed. Make its images or films smaller.`,
    );
    return false;
  }
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.equals(Buffer.from('PK\u0003\u0004', 'latin1'))) return true;
  } finally {
    await file.close();
  }
  log.addBlocking('NOT_A_ZIP', 'The file is not an EPUB: it does not start as a zip. Export the book as EPUB again.');
  return false;
}

async function judgeZip(path: string, caps: ArchiveCaps, log: FaultLog): Promise<ArchiveEntry[]> {
  let zip: ZipFile;
  try {
    zip = await openZip(path);
  } catch (error) {
    addDamagedZip(log, error);
    return [];
  }
  // yauzl reports a broken directory here as well as to its reader; unheard, it would end the process.
  zip.on('error', () => undefined);
  try {
    const named = await listEntries(zip, caps, log);
    if (named === null) return [];
    if (log.isClean) await judgePlaces(zip, named, log);
    if (log.isClean) await judgeContents(zip, named, log);
    return named.map(({ name, entry }) => ({
      name,
      sizeBytes: entry.uncompressedSize,
      compressedSizeBytes: entry.compressedSize,
    }));
  } finally {
    zip.close();
  }
}

/** @returns null when the directory itself is broken or too long */
async function listEntries(zip: ZipFile, caps: ArchiveCaps, log: FaultLog): Promise<NamedEntry[] | null> {
  if (zip.entryCount > caps.entryCountMax) {
    log.addHostile(
      'TOO_MANY_ENTRIES',
      `The zip has ${zip.entryCount} entries; ${caps.entryCountMax} are allowed. No book needs so many.`,
    );
    return null;
  }
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    addDamagedZip(log, error);
    return null;
  }
  const named: NamedEntry[] = [];
  for (const entry of entries) {
    const name = decodeName(entry);
    if (name === null) {
      const shown = entry.fileNameRaw.toString('latin1');
      log.addBlocking('NAME_NOT_UTF8', `A file name ("${shown}") is not UTF-8. Rename it with plain letters.`);
    } else {
      judgeEntry({ name, entry }, caps, log);
      named.push({ name, entry });
    }
  }
  judgeNames(named, log);
  judgeSizes(named, caps, log);
  return named;
}

async function judgeContents(zip: ZipFile, named: NamedEntry[], log: FaultLog): Promise<void> {
  const kept = new Map<string, Buffer>();
  for (const { name, entry } of named) {
    if (name.endsWith('/')) continue;
    const isKept = name === 'mimetype' || name.startsWith('META-INF/');
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const chunk of readChunks(zip, entry, name)) {
        sizeBytes += chunk.length;
        if (isKept && sizeBytes <= PACKAGE_CAPS.containerSizeBytesMax) chunks.push(chunk);
      }
    } catch (error) {
      if (!(error instanceof ArchiveReadError)) throw error;
      if (error.code === 'ENTRY_SIZE_LIE') log.addHostile('ENTRY_SIZE_LIE', error.message, { file: name });
      else log.addBlocking('ENTRY_DAMAGED', error.message, { file: name });
      if (log.hostile.length > 0) return;
    }
    if (isKept) kept.set(name, Buffer.concat(chunks));
  }
  judgeMimetype(named, kept.get('mimetype'), log);
  await judgeProtection(kept, log);
}

function judgeMimetype(named: NamedEntry[], content: Buffer | undefined, log: FaultLog): void {
  const place = { file: 'mimetype' };
  if (content === undefined) {
    const message = `The file says nowhere that it is an EPUB. Add a file "mimetype" that holds ${MIMETYPE}.`;
    log.addBlocking('MIMETYPE_MISSING', message, place);
    return;
  }
  const text = content.toString('latin1');
  if (text.trim() !== MIMETYPE) {
    log.addBlocking('MIMETYPE_WRONG', `The file "mimetype" holds "${text.slice(0, 60)}", not ${MIMETYPE}.`, place);
  } else if (text !== MIMETYPE) {
    log.addFinding('MIMETYPE_PADDED', 'WARNING', 'The file "mimetype" has spaces or line ends: take them out.', place);
  }
  if (named[0]?.name !== 'mimetype' || named[0].entry.compressionMethod !== 0) {
    const message = 'The file "mimetype" is not first in the zip or is compressed; a few readers insist on both.';
    log.addFinding('MIMETYPE_NOT_FIRST', 'WARNING', message, place);
  }
}

function addDamagedZip(log: FaultLog, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  log.addBlocking('ZIP_DAMAGED', `The zip is damaged or cut short (${why}). Export and upload the book again.`);
}
