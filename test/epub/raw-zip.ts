/**
 * Raw zip: writes archives byte by byte, so that a test can say things no honest zip tool would.
 */
import { crc32, deflateRawSync } from 'node:zlib';

export type RawEntry = {
  name: string | Buffer;
  content: Buffer | string;
  /** (Default: true) */
  isDeflated?: boolean;
  /** Lies; each stands in place of the true value. */
  declaredSizeBytes?: number;
  localDeclaredSizeBytes?: number;
  localName?: string;
  checksum?: number;
  method?: number;
  flags?: number;
  externalAttributes?: number;
  /** Points at the bytes of the entry with this index instead of its own. */
  bytesOfEntry?: number;
};

type Placed = { entry: RawEntry; name: Buffer; packed: Buffer; sizeBytes: number; checksum: number; offset: number };

const UTF8_NAMES = 0x800;

export function rawZip(entries: readonly RawEntry[]): Buffer {
  const chunks: Buffer[] = [];
  const placed: Placed[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content);
    const name = Buffer.from(entry.name);
    const packed = entry.isDeflated === false ? content : deflateRawSync(content, { level: 9 });
    const shared = entry.bytesOfEntry === undefined ? undefined : placed[entry.bytesOfEntry];
    const item =
      shared === undefined
        ? { entry, name, packed, sizeBytes: content.length, checksum: crc32(content), offset }
        : { ...shared, entry, name };
    placed.push(item);
    if (shared !== undefined) continue;
    const header = localHeader(item);
    chunks.push(header, packed);
    offset += header.length + packed.length;
  }
  const directory = Buffer.concat(placed.map(directoryEntry));
  return Buffer.concat([...chunks, directory, endRecord(placed.length, directory.length, offset)]);
}

function localHeader({ entry, name, packed, sizeBytes, checksum }: Placed): Buffer {
  const local = entry.localName === undefined ? name : Buffer.from(entry.localName);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(entry.flags ?? UTF8_NAMES, 6);
  header.writeUInt16LE(methodOf(entry), 8);
  header.writeUInt32LE(entry.checksum ?? checksum, 14);
  header.writeUInt32LE(packed.length, 18);
  header.writeUInt32LE(entry.localDeclaredSizeBytes ?? entry.declaredSizeBytes ?? sizeBytes, 22);
  header.writeUInt16LE(local.length, 26);
  return Buffer.concat([header, local]);
}

function directoryEntry({ entry, name, packed, sizeBytes, checksum, offset }: Placed): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((3 << 8) | 20, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(entry.flags ?? UTF8_NAMES, 8);
  header.writeUInt16LE(methodOf(entry), 10);
  header.writeUInt32LE(entry.checksum ?? checksum, 16);
  header.writeUInt32LE(packed.length, 20);
  header.writeUInt32LE(entry.declaredSizeBytes ?? sizeBytes, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE((entry.externalAttributes ?? 0o100644 << 16) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

function endRecord(entryCount: number, directorySizeBytes: number, directoryOffset: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(entryCount, 8);
  record.writeUInt16LE(entryCount, 10);
  record.writeUInt32LE(directorySizeBytes, 12);
  record.writeUInt32LE(directoryOffset, 16);
  return record;
}

function methodOf(entry: RawEntry): number {
  return entry.method ?? (entry.isDeflated === false ? 0 : 8);
}
