import { array, assert, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import { sampleOf } from '../../src/books/sample.ts';

const chapters = (...wordCounts: number[]) =>
  wordCounts.map((wordCount, index) => ({ title: `${index + 1}`, wordCount }));
const shown = (...wordCounts: number[]) => sampleOf(chapters(...wordCounts)).map(({ wordsMax }) => wordsMax);

test('is a tenth of the words, and says where it ends', () => {
  expect(shown(500, 500, 500, 8_500)).toEqual([null, null]);
  expect(shown(500, 1_000, 8_500)).toEqual([null, 500]);
});

test('reaches to the end of the first chapter that is more than a title page', () => {
  expect(shown(0, 20, 2_000, 3_000, 5_000)).toEqual([null, null, null]);
});

test('is never more than a quarter of the book', () => {
  expect(shown(10_000)).toEqual([2_500]);
  expect(shown(10, 5_000, 4_990)).toEqual([null, 2_490]);
});

test('of a book without words is nothing', () => {
  expect(shown(0, 0)).toEqual([]);
  expect(shown()).toEqual([]);
});

test('never shows more than a quarter, nor 40,000 words, whatever the chapters are', () => {
  assert(
    property(array(nat(200_000), { maxLength: 40 }), (wordCounts) => {
      const book = chapters(...wordCounts);
      const total = wordCounts.reduce((sum, count) => sum + count, 0);
      const words = sampleOf(book).reduce((sum, { wordsMax }, at) => sum + (wordsMax ?? book[at]?.wordCount ?? 0), 0);
      expect(words).toBeLessThanOrEqual(Math.min(total / 4, 40_000));
    }),
  );
});
