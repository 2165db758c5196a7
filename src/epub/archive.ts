/**
 * Archive: the zip around a book, opened for reading by name.
 *
 * Promise: nothing is written to disk, and no read inflates more than the entry declares or the caller allows.
 * Names are decoded as UTF-8 here and nowhere else, so that the check and the reading see the same names.
 * Not here: judging the archive (preflight.ts). Whoever reads an archive that was not judged gets errors, not harm.
 */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

const nameDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ArchiveReadError extends Error {
  readonly code: 'ENTRY_MISSING' | 'ENTRY_TOO_LARGE' | 'ENTRY_SIZE_LIE' | 'ENTRY_DAMAGED';
  readonly file: string;

  constructor(code: ArchiveReadError['code'], file: string, message: string) {
    super(message);
    this.name = 'ArchiveReadError';
    this.code = code;
    this.file = file;
  }
}

/** @returns null when the name is not UTF-8 */
export function decodeName(entry: Entry): string | null {
  try {
    return nameDecoder.decode(entry.fileNameRaw);
  } catch {
    return null;
  }
}

/** Opens a zip with everything of yauzl's that would decide for us (names, sizes) switched off: preflight decides. */
export async function openZip(path: string): Promise<ZipFile> {
  return await yauzl.openPromise(path, {
    lazyEntries: true,
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  });
}

/**
 * Inflates one entry, chunk by chunk.
 * @throws ArchiveReadError ENTRY_SIZE_LIE when more or less comes out than declared, ENTRY_DAMAGED when it does not
 *         inflate or its checksum differs
 */
export async function* readChunks(zip: ZipFile, entry: Entry, name: string): AsyncGenerator<Buffer> {
  let stream: Readable;
  try {
    stream = await zip.openReadStreamPromise(entry);
  } catch (error) {
    throw damaged(name, error);
  }
  let sizeBytes = 0;
  let checksum = 0;
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) continue;
      sizeBytes += chunk.length;
      if (sizeBytes > entry.uncompressedSize) throw sizeLie(name, entry.uncompressedSize, `more than that`);
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof ArchiveReadError ? error : damaged(name, error);
  } finally {
    stream.destroy();
  }
  if (sizeBytes !== entry.uncompressedSize) throw sizeLie(name, entry.uncompressedSize, `${sizeBytes}`);
  if (checksum >>> 0 !== entry.crc32) throw damaged(name, new Error('its checksum differs'));
}

export class Archive {
  readonly #zip: ZipFile;
  readonly #entries: Map<string, Entry>;

  private constructor(zip: ZipFile, entries: Map<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  static async open(path: string): Promise<Archive> {
    const zip = await openZip(path);
    const entries = new Map<string, Entry>();
    try {
      for await (const entry of zip.eachEntry()) {
        const name = decodeName(entry);
        if (name !== null && !name.endsWith('/') && !entries.has(name)) entries.set(name, entry);
      }
    } catch (error) {
      zip.close();
      throw error;
    }
    return new Archive(zip, entries);
  }

  get names(): IterableIterator<string> {
    return this.#entries.keys();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  sizeBytes(name: string): number {
    return this.#entries.get(name)?.uncompressedSize ?? 0;
  }

  /** @throws ArchiveReadError */
  async read(name: string, sizeBytesMax: number): Promise<Buffer> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new ArchiveReadError('ENTRY_MISSING', name, `${name} is not in the book.`);
    if (entry.uncompressedSize > sizeBytesMax) {
      throw new ArchiveReadError(
        'ENTRY_TOO_LARGE',
        name,
        `${name} has ${entry.uncompressedSize} bytes; ${sizeBytesMax} are allowed here. Split it into smaller files.`,
      );
    }
    const chunks: Buffer[] = [];
    for await (const chunk of readChunks(this.#zip, entry, name)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async close(): Promise<void> {
    const closed = once(this.#zip, 'close');
    this.#zip.close();
    await closed;
  }
}

function sizeLie(name: string, declaredBytes: number, found: string): ArchiveReadError {
  return new ArchiveReadError(
    'ENTRY_SIZE_LIE',
    name,
    `The zip says that ${name} has ${declaredBytes} bytes, and it has ${found}.`,
  );
}

function damaged(name: string, cause: unknown): ArchiveReadError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArchiveReadError(
    'ENTRY_DAMAGED',
    name,
    `${name} is damaged inside the zip (${why}). Export the book again and upload the new file.`,
  );
}
