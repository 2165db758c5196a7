import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type BuildSpec, buildEpub } from '../../src/epub/build.ts';
import { extract, preflight, validateEpub } from '../../src/epub/index.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();

const SPEC: BuildSpec = {
  title: 'Salt & "Sugar" <of> the Earth',
  subtitle: 'A round trip',
  language: 'de-AT',
  contributors: [
    { name: 'Ada Example', sortName: 'Example, Ada' },
    { name: 'Bo Translator', role: 'trl' },
  ],
  isbn: '9780306406157',
  publisher: 'Booky Press',
  description: 'About salt.',
  subjects: ['Food', 'Chemistry'],
  rights: 'CC0',
  publishedOn: '2019-05-05',
  pageProgression: 'RTL',
  accessibilitySummary: 'All text, no pictures.',
  hasNcx: true,
  cover: { background: '#123456', band: '#ff8800' },
  chapters: [
    { title: 'One', paragraphs: Array.from({ length: 9 }, () => 'ten words are in this line of text here now') },
    { title: 'Two & a half', paragraphs: ['The end.'] },
  ],
};

describe('a built book', () => {
  it('passes preflight, structure and EPUBCheck without a single finding', async () => {
    const path = await layDown(await buildEpub(SPEC));
    expect(await preflight(path)).toMatchObject({ ok: true, findings: [] });
    expect(await validateEpub(path)).toMatchObject({ outcome: 'CHECKED', hostile: [], blocking: [], findingCount: 0 });
  });

  it('needs no more than a title, a language and a chapter', async () => {
    const spec = { title: 'T', language: 'en', chapters: [{ title: 'C', paragraphs: ['p'] }] };
    const path = await layDown(await buildEpub(spec));
    expect(await validateEpub(path)).toMatchObject({ outcome: 'CHECKED', blocking: [], findingCount: 0 });
  });

  it('gives the same bytes for the same description', async () => {
    expect((await buildEpub(SPEC)).equals(await buildEpub(SPEC))).toBe(true);
  });

  it('comes back from extraction as it was described', async () => {
    const book = await extract(await layDown(await buildEpub(SPEC)));
    expect(book).toMatchObject({
      title: SPEC.title,
      subtitle: SPEC.subtitle,
      languages: ['de-AT'],
      isbn13: SPEC.isbn,
      publisher: SPEC.publisher,
      description: SPEC.description,
      subjects: SPEC.subjects,
      rights: SPEC.rights,
      publishedOn: SPEC.publishedOn,
      pageProgression: 'RTL',
      layout: 'REFLOWABLE',
      epubVersion: '3.0',
      notes: [],
      contributors: [
        { name: 'Ada Example', role: 'aut', sortName: 'Example, Ada' },
        { name: 'Bo Translator', role: 'trl', sortName: null },
      ],
    });
    expect(book.toc.map(({ title }) => title)).toEqual(['One', 'Two & a half']);
    expect(book.wordCount).toBe(1 + 9 * 10 + 3 + 2);
    expect(book.accessibility).toMatchObject({ summary: SPEC.accessibilitySummary, hazards: ['none'] });
  });

  it('shows a tenth of its words as sample', async () => {
    const { sample } = await extract(await layDown(await buildEpub(SPEC)));
    expect(sample).toEqual([{ title: 'One', paragraphs: ['One', expect.stringMatching(/^ten words are .+ …$/u)] }]);
  });

  it('has its cover encoded anew in three widths', async () => {
    const { cover } = await extract(await layDown(await buildEpub(SPEC)));
    expect(cover).toMatchObject({ foundBy: 'PROPERTY', widthPx: 800, heightPx: 1200 });
    expect(cover?.renditions.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual([
      [160, 240],
      [320, 480],
      [640, 960],
    ]);
    for (const { bytes, widthPx } of cover?.renditions ?? []) {
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: widthPx });
    }
  });
});
