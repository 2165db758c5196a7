/**
 * Preflight of places: where each entry's bytes lie in the zip, and whether both of its headers tell one story.
 *
 * Overlapping entries let a small file unpack to petabytes (each declares the same bytes again); headers that disagree
 * show one file to the tool that walks the directory and another to the tool that walks the bytes.
 * Promise: reads 30 bytes and a name per entry, inflates nothing.
 */
import type { LocalFileHeader, ZipFile } from 'yauzl';
import type { FaultLog } from './fault.ts';
import type { NamedEntry } from './preflight-entries.ts';

/** Sizes then stand after the data, and the header says 0. */
const FLAG_SIZES_FOLLOW = 0x08;
const ZIP64_SIZE = 0xffffffff;

type Span = { name: string; start: number; end: number };

export async function judgePlaces(zip: ZipFile, named: NamedEntry[], log: FaultLog): Promise<void> {
  const spans: Span[] = [];
  for (const { name, entry } of named) {
    let header: LocalFileHeader;
    try {
      header = await zip.readLocalFileHeaderPromise(entry);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `${name} is not where the zip says (${why}). Export and upload the book again.`;
      log.addBlocking('ENTRY_DAMAGED', message, { file: name });
      continue;
    }
    judgeHeaders({ name, entry }, header, log);
    const start = entry.relativeOffsetOfLocalHeader;
    spans.push({ name, start, end: header.fileDataStart + entry.compressedSize });
  }
  spans.sort((a, b) => a.start - b.start);
  for (const [index, span] of spans.entries()) {
    const next = spans[index + 1];
    if (next !== undefined && next.start < span.end) {
      log.addHostile('ENTRIES_OVERLAP', `${span.name} and ${next.name} use the same bytes of the zip.`, {
        file: next.name,
      });
    } else if (span.end > zip.fileSize) {
      const message = `${span.name} goes on after the end of the file. Export and upload the book again.`;
      log.addBlocking('ENTRY_DAMAGED', message, { file: span.name });
    }
  }
}

function judgeHeaders({ name, entry }: NamedEntry, header: LocalFileHeader, log: FaultLog): void {
  const place = { file: name };
  if (!header.fileName.equals(entry.fileNameRaw)) {
    log.addHostile('HEADERS_DISAGREE', `${name} has another name in front of its bytes.`, place);
  }
  if (header.compressionMethod !== entry.compressionMethod) {
    log.addHostile('HEADERS_DISAGREE', `${name} has another packing method in front of its bytes.`, place);
  }
  if ((header.generalPurposeBitFlag & FLAG_SIZES_FOLLOW) !== 0 || header.uncompressedSize === ZIP64_SIZE) return;
  if (header.uncompressedSize !== entry.uncompressedSize || header.compressedSize !== entry.compressedSize) {
    log.addHostile('ENTRY_SIZE_LIE', `${name} declares two different sizes.`, place);
  }
}
