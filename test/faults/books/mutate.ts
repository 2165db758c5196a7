/**
 * Mutants of sound books, by a seed that replays them: bytes of the file changed, cut out or doubled, or the contents
 * mangled and packed anew, so that every checksum is right and the documents themselves are read.
 */
import { bookWith, opf, xhtml } from '../../epub/hostile.ts';
import type { Random } from '../harness/random.ts';

const CUT_BYTES_MAX = 40;
const CHANGES_MAX = 5;
const CONTENTS: Readonly<Record<string, string>> = {
  'META-INF/container.xml': `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
  'EPUB/package.opf': opf(
    '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="c2" href="c2.xhtml" media-type="application/xhtml+xml"/>',
    '<itemref idref="c1"/><itemref idref="c2"/>',
  ),
  'EPUB/nav.xhtml': xhtml(
    '<nav epub:type="toc"><ol><li><a href="c1.xhtml">One</a></li><li><a href="c2.xhtml">Two</a></li></ol></nav>',
  ),
  'EPUB/c1.xhtml': xhtml('<h1>One</h1><p>It was a <i>dark</i> night &amp; nobody spoke.</p>'),
  'EPUB/c2.xhtml': xhtml('<h1>Two</h1><p>Then somebody did.</p><img src="x.png" alt="x"/>'),
};
/** What tends to trip readers, put where it does not belong. */
const TRIPPERS = [
  '<!DOCTYPE html [<!ENTITY a "&a;">]>',
  '&#0;',
  '&#x110000;',
  '\u0000',
  '\uFEFF',
  ']]>',
  '<![CDATA[',
  '<?xml version="9"?>',
  '<script>',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  'a'.repeat(5_000),
  '<b>'.repeat(300),
  '\u202E',
  '-1',
  '99999999999999999999',
  '" onload="x',
  '%00',
  '<!--',
];

/** @returns whether the archive itself is sound, so that its documents are read */
export function mutant(random: Random): { bytes: Buffer; isRepacked: boolean } {
  const isRepacked = random.next() < 0.2;
  return { bytes: isRepacked ? mangleContents(random) : mangleBytes(bookWith(CONTENTS), random), isRepacked };
}

function mangleBytes(book: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(book);
  for (let change = random.whole(1, CHANGES_MAX); change > 0 && bytes.length > 0; change--) {
    const at = random.whole(0, bytes.length - 1);
    const kind = random.whole(0, 3);
    if (kind === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.whole(1, CUT_BYTES_MAX))]);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - CUT_BYTES_MAX))]);
    else bytes[at] = random.whole(0, 255);
  }
  return bytes;
}

function mangleContents(random: Random): Buffer {
  const contents: Record<string, string | Buffer | null> = { ...CONTENTS };
  for (let change = random.whole(1, CHANGES_MAX); change > 0; change--) {
    const name = random.pick(Object.keys(CONTENTS));
    const content = contents[name];
    if (typeof content !== 'string') continue;
    const at = random.whole(0, content.length);
    const kind = random.whole(0, 4);
    if (kind === 0) contents[name] = content.slice(0, at) + random.pick(TRIPPERS) + content.slice(at);
    else if (kind === 1) contents[name] = content.slice(0, at) + content.slice(at + random.whole(1, CUT_BYTES_MAX));
    else if (kind === 2) contents[name] = content.slice(0, at) + content.slice(Math.max(0, at - CUT_BYTES_MAX));
    else if (kind === 3) contents[name] = mangleBytes(Buffer.from(content), random);
    else contents[name] = null;
  }
  return bookWith(contents);
}
