import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { extract, ExtractionError } from '../../src/epub/index.ts';
import { countWords } from '../../src/epub/plain-text.ts';
import { bookWith, makeNoOpf, makeSlowBook, opf, xhtml } from './hostile.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();
const CHAPTERS = [{ title: 'C', paragraphs: ['It was a dark and stormy night.'] }];

describe('words', () => {
  it.each([
    ["don't stop-gap 3.14 now", 4],
    ['吾輩は猫である。', 5],
    ['नमस्ते दुनिया', 2],
    ['مرحبا بالعالم', 2],
    ['สวัสดีชาวโลก', 3],
    ['', 0],
    ['— … !', 0],
  ])('%s', (text, wordCount) => {
    expect(countWords(text)).toBe(wordCount);
  });
});

describe('content hash', () => {
  const build = (title: string, words: string) =>
    buildEpub({ title, language: 'en', chapters: [{ title: 'C', paragraphs: [words.repeat(100)] }] });
  const hashOf = async (bytes: Buffer) => (await extract(await layDown(bytes))).contentHash;

  it('is the same for the same text in another zip, another title, another punctuation', async () => {
    expect(await hashOf(await build('A', 'Hello, World and all! '))).toBe(
      await hashOf(await build('B', 'hello world — and all ')),
    );
  });

  it('differs for another text', async () => {
    expect(await hashOf(await build('A', 'Hello world '))).not.toBe(await hashOf(await build('A', 'Hello moon ')));
  });

  it('tells picture books without text apart by their pictures', async () => {
    const picture = (band: string) =>
      buildEpub({ title: 'P', language: 'en', cover: { background: '#fff', band }, chapters: CHAPTERS });
    expect(await hashOf(await picture('#f00'))).not.toBe(await hashOf(await picture('#00f')));
  });
});

describe('covers', () => {
  it('are never scaled up', async () => {
    const cover = { background: '#fff', band: '#000', widthPx: 100, heightPx: 150 };
    const book = await extract(
      await layDown(await buildEpub({ title: 'P', language: 'en', cover, chapters: CHAPTERS })),
    );
    expect(book.cover?.renditions.map(({ widthPx }) => widthPx)).toEqual([100]);
  });

  it('are refused with a note when they decode to too many pixels', async () => {
    const huge = await sharp({ create: { width: 9_000, height: 9_000, channels: 3, background: '#fff' } })
      .jpeg()
      .toBuffer();
    const book = await extract(
      await layDown(await buildEpub({ title: 'P', language: 'en', cover: huge, chapters: CHAPTERS })),
    );
    expect(book.cover).toBeNull();
    expect(book.notes[0]).toContain('cover.jpg');
  });

  it('are refused with a note when they are no picture', async () => {
    const cover = Buffer.from('GIF89a no');
    const book = await extract(
      await layDown(await buildEpub({ title: 'P', language: 'en', cover, chapters: CHAPTERS })),
    );
    expect(book.cover).toBeNull();
    expect(book.notes).toHaveLength(1);
  });

  it('are found by the meta element of EPUB 2 and on the first page', async () => {
    const png = await sharp({ create: { width: 200, height: 300, channels: 3, background: '#0f0' } })
      .png()
      .toBuffer();
    const items =
      '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="pic" href="pic.png" media-type="image/png"/>';
    const plain = opf(items, '<itemref idref="c1"/>');
    const files = {
      'EPUB/pic.png': png,
      'EPUB/c1.xhtml': xhtml('<img src="pic.png" alt=""/>'),
      'EPUB/package.opf': plain,
    };
    expect((await extract(await layDown(bookWith(files)))).cover).toMatchObject({
      foundBy: 'FIRST_IMAGE',
      widthPx: 200,
    });
    const named = plain.replace('</metadata>', '<meta name="cover" content="pic"/></metadata>');
    const book = await extract(await layDown(bookWith({ ...files, 'EPUB/package.opf': named })));
    expect(book.cover).toMatchObject({ foundBy: 'META', file: 'EPUB/pic.png' });
  });
});

describe('texts', () => {
  it('carry no markup, script, control or override character', async () => {
    const body =
      '<h1>A &lt;b&gt;</h1><script>alert(1)</script><p>one&#x202E;two&#x85;<style>p{}</style> <b>three</b></p>';
    const book = await extract(await layDown(bookWith({ 'EPUB/c1.xhtml': xhtml(body.repeat(10)) })));
    expect(book.plainText).toContain('onetwo');
    expect(book.plainText).not.toMatch(/alert|p\{\}|\u202e|[\p{Cc}--\n]/v);
    expect(book.facts.isScripted).toBe(true);
    expect(book.sample[0]?.paragraphs[0]).toBe('A <b>');
  });

  it('read ruby once and named characters as what they are', async () => {
    const body = '<p><ruby>猫<rt>ねこ</rt></ruby> caf&eacute; &#8212; &amp;</p>';
    const book = await extract(await layDown(bookWith({ 'EPUB/c1.xhtml': xhtml(body) })));
    expect(book.plainText).toBe('猫 café — &');
  });
});

describe('table of contents', () => {
  it('is cut at the caps and says so', async () => {
    const nest = (depth: number): string =>
      depth === 0 ? '' : `<ol><li><a href="c1.xhtml#d${depth}">L${depth}</a>${nest(depth - 1)}</li></ol>`;
    const book = await extract(
      await layDown(bookWith({ 'EPUB/nav.xhtml': xhtml(`<nav epub:type="toc">${nest(20)}</nav>`) })),
    );
    expect(book.isTocCut).toBe(true);
    expect(book.toc[0]).toMatchObject({ title: 'L20', href: 'EPUB/c1.xhtml#d20' });
  });
});

describe('a reading that cannot end well', () => {
  it('throws a typed error at the time limit', async () => {
    const running = extract(await layDown(makeSlowBook()), { timeoutMs: 150 });
    await expect(running).rejects.toMatchObject({ code: 'EXTRACTION_TIMED_OUT' });
  });

  it('throws a typed error for a book without a package', async () => {
    await expect(extract(await layDown(makeNoOpf()))).rejects.toBeInstanceOf(ExtractionError);
  });
});
