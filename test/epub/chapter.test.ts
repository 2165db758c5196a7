/** Reading a chapter: what comes out of books that were written to do harm. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { ChapterError, extract, readChapter } from '../../src/epub/index.ts';
import { bookWith, makeDeepXml, makeEntityBomb, makeScriptedSvg, opf, xhtml } from './hostile.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();
const read = async (bytes: Buffer, index = 0, wordsMax: number | null = null) =>
  readChapter(await layDown(bytes), { index, wordsMax });
/** The body of the page that is made of a chapter with this in it. */
const bodyOf = async (body: string, files: Record<string, string | Buffer> = {}) =>
  /<body>(?<body>[\s\S]*)<\/body>/u.exec(await read(bookWith({ 'EPUB/c1.xhtml': xhtml(body), ...files })))?.[1]?.trim();

const MARKUP = /<\/?(?<name>[a-z][a-z\d]*)(?<attributes>(?: [a-z]+(?:="[^"<>]*")?)*)>/gu;
const FORBIDDEN = /^(?:script|style|link|meta|base|iframe|object|embed|form|input|svg|audio|video|frame)$/u;
const DANGEROUS = /^(?:on.*|style|srcset|action|formaction|background|ping|srcdoc|target)$/u;

/** What in a page might run, load, submit or lead out of it. */
function holesIn(html: string): string[] {
  const holes: string[] = [];
  const rest = html.slice(html.indexOf('<body>')).replaceAll(MARKUP, (_whole, name: string, attributes: string) => {
    if (FORBIDDEN.test(name)) holes.push(name);
    for (const [whole, key = '', value = ''] of attributes.matchAll(/ (?<key>[a-z]+)(?:="(?<value>[^"]*)")?/gu)) {
      const isAddress = key === 'src' || key === 'href';
      const isOurs = (key === 'src' ? /^data:image\/webp;base64,[\w+/=]+$/u : /^(?:#|chapter:\d+)/u).test(value);
      if (DANGEROUS.test(key) || (isAddress && !isOurs)) holes.push(whole);
    }
    return '';
  });
  return /[<>]/u.test(rest) ? [...holes, rest] : holes;
}

const PICTURE = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c00' } })
  .png()
  .toBuffer();

describe('a chapter', () => {
  it('keeps what it says and how it is built', async () => {
    const body = await bodyOf(
      '<h2 id="top" class="x">Tides</h2><p lang="fr">Très <em>bas</em> &amp; &lt;calm&gt;<br/>.</p>' +
        '<ol start="3" type="a"><li value="7">x</li></ol><table><tr><td colspan="2">y</td></tr></table>' +
        '<math display="block"><mfrac><mn>1</mn><mn>2</mn></mfrac></math><ruby>漢<rt>kan</rt></ruby>',
    );
    expect(body).toBe(
      '<h2 id="top">Tides</h2><p lang="fr">Très <em>bas</em> &amp; &lt;calm&gt;<br>.</p>' +
        '<ol start="3" type="a"><li value="7">x</li></ol><table><tr><td colspan="2">y</td></tr></table>' +
        '<math display="block"><mfrac><mn>1</mn><mn>2</mn></mfrac></math><ruby>漢<rt>kan</rt></ruby>',
    );
  });

  it('shows its pictures, encoded anew, and the words of those that it cannot show', async () => {
    const body = await bodyOf(
      '<p><img src="red.png" alt="red"/><img src="gone.png" alt="lost"/><img src="https://evil.example/x.png" alt="far"/>' +
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="red.png"/></svg></p>',
      { 'EPUB/red.png': PICTURE },
    );
    expect(body?.match(/src="data:image\/webp;base64,/gu)).toHaveLength(2);
    expect(body).toContain('[lost]');
    expect(body).toContain('[far]');
    expect(body).not.toContain('evil.example');
    expect(body).not.toContain(PICTURE.toString('base64').slice(0, 40));
  });

  it('leads to places of the book and nowhere else', async () => {
    const items =
      '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/><item id="c2" href="c2.xhtml" media-type="application/xhtml+xml"/>';
    const html = await read(
      bookWith({
        'EPUB/package.opf': opf(items, '<itemref idref="c1"/><itemref idref="c2"/>'),
        'EPUB/c2.xhtml': xhtml('<p>two</p>'),
        'EPUB/c1.xhtml': xhtml(
          '<p><a href="#here">a</a><a href="c2.xhtml#n1">b</a><a href="https://evil.example/">c</a><a href="../../x">d</a>' +
            '<a href="chapter:0">e</a><a href="nav.xhtml">f</a></p>',
        ),
      }),
    );
    expect(html).toContain('<a href="#here">a</a><a href="chapter:1#n1">b</a><a>c</a><a>d</a><a>e</a><a>f</a>');
  });

  it('is cut where a sample ends, and says so', async () => {
    const html = await read(
      await buildEpub({
        title: 'T',
        language: 'en',
        chapters: [{ title: 'One', paragraphs: ['a b c d e', 'f g h i', 'never shown'] }],
      }),
      0,
      7,
    );
    expect(html).toContain('<p>f …</p></section>');
    expect(html).toContain('The sample ends here.');
    expect(html).not.toContain('never shown');
  });

  it('is counted as the list of chapters counts', async () => {
    const bytes = await buildEpub({
      title: 'T',
      language: 'en',
      chapters: ['One', 'Two', 'Three'].map((title) => ({ title, paragraphs: [`This is ${title}.`] })),
    });
    const { chapters } = await extract(await layDown(bytes));
    expect(chapters).toEqual(['One', 'Two', 'Three'].map((title) => ({ title, wordCount: 4 })));
    expect(await read(bytes, 2)).toContain('This is Three.');
    await expect(read(bytes, 3)).rejects.toThrow(ChapterError);
  });
});

const HOSTILE: [what: string, body: string][] = [
  ['a script', '<script>alert(1)</script><p>x</p>'],
  ['a script with a prefix', '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'],
  ['a script in capitals', '<SCRIPT>alert(1)</SCRIPT><Script>alert(1)</Script>'],
  ['an event handler', '<p onclick="x()" onload="x()">x</p><img src="red.png" onerror="alert(1)"/>'],
  [
    'a script in a drawing',
    '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script><a href="javascript:x()"><text>y</text></a></svg>',
  ],
  ['an animation', '<svg xmlns="http://www.w3.org/2000/svg"><set attributeName="href" to="javascript:x()"/></svg>'],
  [
    'a link to a script',
    '<a href="javascript:alert(1)">x</a><a href=" java&#10;script:alert(1)">x</a><a href="data:text/html,x">x</a><a href="vbscript:x">x</a>',
  ],
  [
    'a frame',
    '<iframe src="https://evil.example/"></iframe><iframe srcdoc="&lt;script&gt;x()&lt;/script&gt;"></iframe>',
  ],
  ['a plug-in', '<object data="x.swf"><embed src="x.swf"/></object><applet code="x"></applet>'],
  ['a form', '<form action="https://evil.example/"><input name="a"/><button formaction="x">send</button></form>'],
  [
    'a refresh',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/"/><base href="https://evil.example/"/>',
  ],
  ['a style', '<style>*{background:url(https://evil.example/)}</style><p style="background:url(//evil.example)">x</p>'],
  ['a remote picture', '<img src="https://evil.example/x.png" srcset="https://evil.example/y.png 2x"/>'],
  [
    'a picture by another way',
    '<picture><source srcset="//evil.example/x"/><img src="data:image/svg+xml,&lt;svg/&gt;"/></picture>',
  ],
  ['media', '<audio src="//evil.example/a" autoplay=""/><video poster="//evil.example/p"><track src="x"/></video>'],
  ['markup in text', '<p>&lt;script&gt;alert(1)&lt;/script&gt;<![CDATA[</p><script>alert(1)</script>]]></p>'],
  ['markup in a value', '<p id="&quot;&gt;&lt;script&gt;x()&lt;/script&gt;" title="&#34;onload=&#34;x()">x</p>'],
  [
    'raw text that ends too early',
    '<noscript><p title="&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;">x</p></noscript><xmp>&lt;img src=x&gt;</xmp>',
  ],
  [
    'formulas that turn into markup',
    '<math><mtext><table><mglyph><style>&lt;img src=x onerror=x()&gt;</style></mglyph></table></mtext></math>',
  ],
  [
    'a link that looks like ours',
    '<p title=" href=&quot;chapter:1&quot;"> href="chapter:1" </p><a href="chapter:1">x</a>',
  ],
];

describe('a hostile chapter', () => {
  it.each(HOSTILE)('with %s comes out inert', async (_what, body) => {
    const html = await read(bookWith({ 'EPUB/c1.xhtml': xhtml(body), 'EPUB/red.png': PICTURE }));
    expect(holesIn(html)).toEqual([]);
    expect(html).not.toContain('evil.example');
    expect(html.match(/<script|<style/gu)).toEqual(['<style']);
  });

  it('with a script in its picture shows the picture alone', async () => {
    const html = await read(makeScriptedSvg());
    expect(holesIn(html)).toEqual([]);
  });

  it('with a picture of too many pixels, or none at all, shows its words', async () => {
    const head = Buffer.from(PICTURE);
    head.writeUInt32BE(60_000, 16);
    head.writeUInt32BE(60_000, 20);
    const body = await bodyOf('<p><img src="a.png" alt="bomb"/><img src="b.png" alt="text"/></p>', {
      'EPUB/a.png': head,
      'EPUB/b.png': 'no picture',
    });
    expect(body).toBe('<p> [bomb]  [text] </p>');
  });

  it('that shows one picture a thousand times is bounded', async () => {
    const noise = await sharp({
      create: {
        width: 900,
        height: 900,
        channels: 3,
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
        background: '#000',
      },
    })
      .png()
      .toBuffer();
    const html = await read(
      bookWith({ 'EPUB/c1.xhtml': xhtml('<img src="n.png" alt="n"/>'.repeat(1_000)), 'EPUB/n.png': noise }),
    );
    expect(html.length).toBeLessThan(12 * 1024 * 1024);
    expect(html).toContain('[n]');
  });

  it('that is too long is cut, and says so', async () => {
    const html = await read(bookWith({ 'EPUB/c1.xhtml': xhtml('<p>word &lt; word</p>'.repeat(200_000)) }));
    expect(html.length).toBeLessThan(4 * 1024 * 1024);
    expect(html).toContain('too long to be shown here');
    expect(holesIn(html)).toEqual([]);
  });

  it.each([
    ['elements nested too deep', makeDeepXml()],
    ['entities that grow without end', makeEntityBomb()],
  ])('with %s is refused', async (_what, bytes) => {
    await expect(read(bytes)).rejects.toThrow(ChapterError);
  });
});
