/**
 * Hostile and broken books, each made in memory by a verb of its own. Nothing binary is kept in the repository.
 */
import { crc32, deflateSync } from 'node:zlib';
import { rawZip } from './raw-zip.ts';
import type { RawEntry } from './raw-zip.ts';

const CONTAINER = `<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>`;

const OPF = opf('<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/>', '<itemref idref="c1"/>');

const NAV = xhtml('<nav epub:type="toc"><ol><li><a href="c1.xhtml">One</a></li></ol></nav>');
const CHAPTER = xhtml('<p>A quiet chapter.</p>');

/** A sound little book; `changes` put files in place of its own (null takes one out). */
export function bookWith(
  changes: Record<string, string | Buffer | null> = {},
  extra: readonly RawEntry[] = [],
): Buffer {
  const files: Record<string, string | Buffer | null> = {
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'EPUB/package.opf': OPF,
    'EPUB/nav.xhtml': NAV,
    'EPUB/c1.xhtml': CHAPTER,
    ...changes,
  };
  const entries: RawEntry[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (content !== null) entries.push({ name, content, isDeflated: name !== 'mimetype' });
  }
  return rawZip([...entries, ...extra]);
}

export const makeBomb = () => bookWith({}, [{ name: 'EPUB/zeros.bin', content: Buffer.alloc(20 * 1024 * 1024) }]);

export const makeOverlap = () =>
  bookWith({}, [
    { name: 'EPUB/a.bin', content: 'shared bytes' },
    { name: 'EPUB/b.bin', content: '', bytesOfEntry: 5 },
  ]);

export const makeTraversal = () => bookWith({ '../../etc/cron.d/evil': 'x' });
export const makeAbsoluteName = () => bookWith({ '/etc/passwd': 'x' });
export const makeDriveName = () => bookWith({ 'C:\\windows\\evil.dll': 'x' });
export const makeBackslashTraversal = () => bookWith({ '..\\..\\evil': 'x' });
export const makeBackslashName = () => bookWith({ 'EPUB\\c2.xhtml': CHAPTER });
export const makeNulName = () => bookWith({ 'EPUB/c.xhtml\0.png': 'x' });

export const makeSymlink = () =>
  bookWith({}, [{ name: 'EPUB/link', content: '/etc/passwd', externalAttributes: 0o120777 << 16 }]);
export const makeDevice = () => bookWith({}, [{ name: 'EPUB/dev', content: '', externalAttributes: 0o020666 << 16 }]);

export const makeDuplicateName = () => bookWith({}, [{ name: 'EPUB/c1.xhtml', content: xhtml('<p>Another.</p>') }]);
export const makeCaseDuplicate = () => bookWith({ 'EPUB/C1.xhtml': CHAPTER });
export const makeTwoHeaderNames = () => bookWith({}, [{ name: 'EPUB/a.txt', localName: 'EPUB/b.txt', content: 'x' }]);

export const makeEncryptedFlag = () => bookWith({}, [{ name: 'EPUB/locked.bin', content: 'x', flags: 0x801 }]);
export const makeUnknownMethod = () => bookWith({}, [{ name: 'EPUB/lzma.bin', content: 'x', method: 14 }]);

/** Says 10 bytes, unpacks to 4 MiB of noise-free text: found only while it streams. */
export const makeLyingSize = () =>
  bookWith({}, [{ name: 'EPUB/liar.txt', content: Buffer.alloc(4 * 1024 * 1024, 'ab'), declaredSizeBytes: 10 }]);
export const makeTwoSizes = () =>
  bookWith({}, [{ name: 'EPUB/two.txt', content: 'hello hello hello', localDeclaredSizeBytes: 3 }]);
export const makeWrongChecksum = () => bookWith({}, [{ name: 'EPUB/bad.txt', content: 'hello', checksum: 1 }]);

export const makeTruncated = () => {
  const book = bookWith();
  return book.subarray(0, Math.floor(book.length * 0.6));
};
export const makeNotAZip = () => Buffer.from('%PDF-1.7 this is no book');
export const makeEmptyFile = () => Buffer.alloc(0);
export const makeWrongMimetype = () => bookWith({ mimetype: 'application/zip' });
export const makeNoMimetype = () => bookWith({ mimetype: null });
export const makeBrokenUtf8Name = () =>
  bookWith({}, [{ name: Buffer.from([0x45, 0x50, 0x55, 0x42, 0x2f, 0xff, 0xfe, 0x2e]), content: 'x' }]);

export const makeDrm = () =>
  bookWith({
    'META-INF/encryption.xml': encryption('http://www.w3.org/2001/04/xmlenc#aes256-cbc'),
  });
export const makeLcp = () => bookWith({ 'META-INF/license.lcpl': '{}' });
export const makeObfuscatedFonts = () =>
  bookWith({ 'META-INF/encryption.xml': encryption('http://www.idpf.org/2008/embedding') });

export const makeNoContainer = () => bookWith({ 'META-INF/container.xml': null });
export const makeNoOpf = () => bookWith({ 'EPUB/package.opf': null });
export const makeNoNav = () => bookWith({ 'EPUB/nav.xhtml': null });
export const makeNoChapter = () => bookWith({ 'EPUB/c1.xhtml': null });
export const makeEmptySpine = () => bookWith({ 'EPUB/package.opf': opf('', '') });
export const makeUnknownIdref = () => bookWith({ 'EPUB/package.opf': opf('', '<itemref idref="ghost"/>') });
export const makeMalformedChapter = () => bookWith({ 'EPUB/c1.xhtml': xhtml('<p>One\n<b>two</p>') });
export const makeMalformedOpf = () => bookWith({ 'EPUB/package.opf': '<package><metadata></package>' });
export const makeWrongEncoding = () => bookWith({ 'EPUB/c1.xhtml': Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f]) });

export const makeMissingImage = () =>
  bookWith({
    'EPUB/package.opf': opf(
      '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="i" href="gone.png" media-type="image/png"/>',
      '<itemref idref="c1"/>',
    ),
  });

export const makeEntityBomb = () => {
  const levels = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`);
  const doctype = `<!DOCTYPE html [<!ENTITY l0 "lol">${levels.join('')}]>`;
  return bookWith({ 'EPUB/c1.xhtml': `${doctype}${xhtml('<p>&l9;</p>')}` });
};
export const makeEntityLoop = () =>
  bookWith({ 'EPUB/c1.xhtml': `<!DOCTYPE html [<!ENTITY a "&b;"><!ENTITY b "&a;">]>${xhtml('<p>&a;</p>')}` });
export const makeFileEntity = () =>
  bookWith({ 'EPUB/c1.xhtml': `<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xhtml('<p>&x;</p>')}` });
export const makeDeepXml = () => bookWith({ 'EPUB/c1.xhtml': deep(50_000) });
export const makeHugeManifest = () => {
  const items = Array.from(
    { length: 100_000 },
    (_, n) => `<item id="c${n}" href="c${n}.xhtml" media-type="application/xhtml+xml"/>`,
  );
  const refs = items.map((_, n) => `<itemref idref="c${n}"/>`);
  return bookWith({ 'EPUB/package.opf': opf(items.join('\n'), refs.join('\n')) });
};
export const makeManyEntries = () =>
  bookWith(
    {},
    Array.from({ length: 10_001 }, (_, n) => ({ name: `EPUB/f${n}.txt`, content: '', isDeflated: false })),
  );

/** A bomb that nobody would open: it lies packed inside another zip. */
export const makeNestedBomb = () => bookWith({ 'EPUB/inner.zip': makeBomb() });
/** Another kind of overlap: a whole zip hidden as the content of an entry, whose directory points into it. */
export const makeQuotedZip = () => bookWith({}, [{ name: 'EPUB/quoted.zip', content: bookWith(), isDeflated: false }]);
export const makePrefixed = () => Buffer.concat([Buffer.from('#!/bin/sh\nexit 1\n'), bookWith()]);
export const makeTrailing = () => Buffer.concat([bookWith(), Buffer.from('<script>alert(1)</script>')]);
export const makeHugeAttribute = () =>
  bookWith({ 'EPUB/c1.xhtml': xhtml(`<p title="${'a'.repeat(11_000_000)}">x</p>`) });
export const makeHugeDocument = () => bookWith({ 'EPUB/c1.xhtml': xhtml(`<p>${noise(14_000_000)}</p>`) });
export const makeMillionSpineItems = () =>
  bookWith({ 'EPUB/package.opf': opf('', '<itemref idref="nav"/>\n'.repeat(1_000_000)) });
export const makeLongSpine = () => bookWith({ 'EPUB/package.opf': opf('', '<itemref idref="nav"/>'.repeat(20_000)) });
export const makeScripted = () =>
  bookWith({ 'EPUB/c1.xhtml': xhtml('<script>fetch("http://169.254.169.254/")</script><p onclick="x()">x</p>') });
export const makeRemote = () =>
  bookWith({
    'EPUB/package.opf': opf(
      '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="r" href="http://127.0.0.1:9/x.js" media-type="text/javascript"/>',
      '<itemref idref="c1"/>',
    ),
  });
export const makeScriptedSvg = () =>
  withCover(
    'cover.svg',
    'image/svg+xml',
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">
<script>alert(1)</script><image xlink:href="file:///etc/passwd" width="9" height="9"/></svg>`),
  );
/** Says 60,000 by 60,000 pixels in 69 bytes. */
export const makePixelBomb = () => withCover('cover.png', 'image/png', pngHead(60_000, 60_000));
export const makeManyEntities = () => {
  const entities = Array.from({ length: 300 }, (_, at) => `<!ENTITY e${at} "x">`).join('');
  return bookWith({ 'EPUB/c1.xhtml': `<!DOCTYPE html [${entities}]>${xhtml('<p>&e1;</p>')}` });
};
export const makeParameterEntity = () =>
  bookWith({
    'EPUB/c1.xhtml': `<!DOCTYPE html [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd">%x;]>${xhtml('<p>x</p>')}`,
  });

function withCover(name: string, mediaType: string, content: Buffer): Buffer {
  const items = `<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="cover" href="${name}" media-type="${mediaType}" properties="cover-image"/>`;
  return bookWith({ 'EPUB/package.opf': opf(items, '<itemref idref="c1"/>'), [`EPUB/${name}`]: content });
}

function pngHead(width: number, height: number): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    magic,
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Text that does not pack so well that its size gives it away. */
function noise(lengthChars: number): string {
  let [state, text] = [1, ''];
  while (text.length < lengthChars) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += `${state.toString(36)} `;
  }
  return text;
}

/** Sound markup of a size that keeps a reader busy for seconds. */
export const makeSlowBook = () => bookWith({ 'EPUB/c1.xhtml': xhtml('<p>word <i>word</i></p>\n'.repeat(400_000)) });

export function xhtml(body: string): string {
  return `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title></head><body>
${body}
</body></html>`;
}

export function opf(items: string, refs: string): string {
  return `<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x</dc:identifier><dc:title>T</dc:title>
<dc:language>en</dc:language><meta property="dcterms:modified">2020-01-01T00:00:00Z</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>${items}</manifest>
<spine>${refs}</spine></package>`;
}

function encryption(algorithm: string): string {
  return `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="${algorithm}"/>
<CipherData><CipherReference URI="EPUB/c1.xhtml"/></CipherData></EncryptedData></encryption>`;
}

function deep(depth: number): string {
  return xhtml(`${'<div>'.repeat(depth)}x${'</div>'.repeat(depth)}`);
}
