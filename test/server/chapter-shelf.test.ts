import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { ChapterShelf, type ShelfOptions } from '../../src/server/chapter-shelf.ts';

let folder = '';
const epub = await buildEpub({
  title: 'T',
  language: 'en',
  chapters: [1, 2, 3].map((number) => ({ title: `${number}`, paragraphs: [`This is ${number}. `.repeat(1_000)] })),
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-shelf-'));
});
afterAll(() => rm(folder, { recursive: true }));

function openShelf(options: Partial<ShelfOptions> = {}) {
  const fetched: string[] = [];
  const clock = { aheadMs: 0, now: () => new Date(Date.now() + clock.aheadMs) };
  const shelf = new ChapterShelf({
    storage: {
      getToFile: async (key, path) => {
        fetched.push(key);
        await writeFile(path, key === 'good' ? epub : 'no book');
        return { sizeBytes: epub.length };
      },
    },
    scratchDir: folder,
    clock,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    stopping: new AbortController().signal,
    ...options,
  });
  const paid: number[] = [];
  const page = (index: number, { key = 'good', wordsMax = null as number | null } = {}) =>
    shelf.page({ file: { storageKey: key, sha256: key }, index, wordsMax }, async () => void paid.push(index));
  return { page, fetched, paid, clock };
}

test('makes a page once, however many ask for it, and then has it', async () => {
  const { page, fetched, paid } = openShelf();
  const [first, second] = await Promise.all([page(0), page(0)]);
  expect(first).toContain('This is 1.');
  expect(second).toBe(first);
  expect(await page(0)).toBe(first);
  expect(fetched).toEqual(['good']);
  // Both asked before it was there; who takes it from the shelf does not pay for its making.
  expect(paid).toEqual([0, 0]);
  expect(await readdir(folder)).toEqual([]);
});

test('keeps a sample and the whole apart', async () => {
  const { page } = openShelf();
  const [cut, whole] = [await page(0, { wordsMax: 5 }), await page(0)];
  expect(cut.length).toBeLessThan(whole.length / 2);
});

test('keeps no more than there is room for, and lets the longest unused go', async () => {
  const { page, fetched } = openShelf();
  const sizeBytes = (await page(0)).length * 2;
  expect(fetched).toHaveLength(1);
  const small = openShelf({ keptBytesMax: 2.5 * sizeBytes });
  for (const index of [0, 1, 0, 2, 0]) await small.page(index);
  expect(small.fetched).toHaveLength(3);
  await small.page(1);
  expect(small.fetched).toHaveLength(4);
});

test('does not try again for a minute what could not be read', async () => {
  const { page, fetched, clock } = openShelf();
  const refused = { status: 422, code: 'CHAPTER_UNREADABLE' };
  await expect(page(0, { key: 'bad' })).rejects.toMatchObject(refused);
  await expect(page(0, { key: 'bad' })).rejects.toMatchObject(refused);
  expect(fetched).toHaveLength(1);
  clock.aheadMs = 61_000;
  await expect(page(0, { key: 'bad' })).rejects.toMatchObject(refused);
  expect(fetched).toHaveLength(2);
  expect(await readdir(folder)).toEqual([]);
});

test('refuses at once when too many wait already', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const { page } = openShelf({
    stopping: stopping.signal,
    storage: {
      getToFile: async (_key, path) => {
        await held;
        await writeFile(path, epub);
        return { sizeBytes: epub.length };
      },
    },
  });
  const asked = Array.from({ length: 200 }, (_, index) =>
    page(index, { wordsMax: index + 1 }).then(
      () => 'made',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : 'other'),
    ),
  );
  const refused = await Promise.race(asked);
  stopping.abort();
  release();
  expect(refused).toBe('OVERLOADED');
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['OVERLOADED']));
});
