/**
 * Real books, where the folder with them is present: BOOKS_DIR, or ../shared/data/books beside the repository.
 * Every one is opened by common reading systems, so none may be blocked.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { extract, preflight, validateEpub } from '../../src/epub/index.ts';

const folder = process.env['BOOKS_DIR'] ?? resolve(import.meta.dirname, '../../../shared/data/books');
const isPresent = existsSync(folder);

type Expected = [file: string, title: string, language: string, wordCount: number, coverFoundBy: string | null];

const LIMITS = { timeoutMs: 100_000, memoryMbMax: 1_024 };
const TEST_TIMEOUT_MS = 300_000;

const BOOKS: Expected[] = [
  ['idpf-accessible_epub_3.epub', 'Accessible EPUB 3', 'en', 30_791, 'PROPERTY'],
  ['idpf-childrens-literature.epub', "Children's Literature", 'en', 54_613, 'PROPERTY'],
  ['idpf-cole-voyage-of-life.epub', 'Thomas Cole - The Voyage of Life', 'en-US', 1_405, 'PROPERTY'],
  ['idpf-epub30-spec.epub', 'EPUB 3.0 Specification', 'en', 47_902, 'PROPERTY'],
  ['idpf-figure-gallery-bindings.epub', 'EPUB Figure Gallery', 'en-US', 563, 'PROPERTY'],
  ['idpf-haruko-html-jpeg.epub', 'ハルコさんの彼氏', 'ja-JP', 188, 'FIRST_IMAGE'],
  ['idpf-hefty-water.epub', 'Hefty Water', 'en', 537, null],
  ['idpf-linear-algebra.epub', 'A First Course in Linear Algebra', 'en', 203_986, null],
  ['idpf-mahabharata.epub', 'महाभारत', 'sa', 926_988, 'PROPERTY'],
  ['idpf-moby-dick.epub', 'Moby-Dick', 'en-US', 213_818, 'PROPERTY'],
  ['idpf-page-blanche.epub', 'Page Blanche', 'fr', 0, 'PROPERTY'],
  ['idpf-regime-anticancer-arabic.epub', 'Le Vrai Régime anti-cancer', 'ar', 4_748, 'META'],
  ['idpf-sous-le-vent.epub', 'Sous le vent', 'fr', 954, 'PROPERTY'],
  ['idpf-svg-in-spine.epub', 'SVG in Spine', 'en-US', 0, 'PROPERTY'],
  ['idpf-trees.epub', 'Trees', 'en', 862, 'PROPERTY'],
  ['idpf-wasteland-otf-obf.epub', 'The Waste Land', 'en-US', 4_601, 'PROPERTY'],
  ['se-pride.epub', 'Pride and Prejudice', 'en-GB', 122_670, 'PROPERTY'],
];

describe.skipIf(!isPresent)(
  `real books (${isPresent ? folder : `skipped: no folder ${folder}; set BOOKS_DIR`})`,
  () => {
    it.each(BOOKS)(
      'publishes %s',
      async (file, title, language, wordCount, coverFoundBy) => {
        const path = join(folder, file);
        expect(await preflight(path)).toMatchObject({ ok: true, findings: [] });
        expect(await validateEpub(path, LIMITS)).toMatchObject({ outcome: 'CHECKED', hostile: [], blocking: [] });
        const book = await extract(path);
        expect(book).toMatchObject({ title, wordCount, notes: [] });
        expect(book.languages[0]).toBe(language);
        expect(book.cover?.foundBy ?? null).toBe(coverFoundBy);
        expect(book.toc.length).toBeGreaterThan(0);
      },
      TEST_TIMEOUT_MS,
    );
  },
);
