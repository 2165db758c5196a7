import { array, assert, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import { sampleOf, textSampleOf } from '../../src/books/sample.ts';

const chapters = (...wordCounts: number[]) =>
  wordCounts.map((wordCount, index) => ({ title: `${index + 1}`, wordCount }));
const shown = (...wordCounts: number[]) => sampleOf(chapters(...wordCounts), 10).map(({ wordsMax }) => wordsMax);

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
      const words = sampleOf(book, 10).reduce(
        (sum, { wordsMax }, at) => sum + (wordsMax ?? book[at]?.wordCount ?? 0),
        0,
      );
      expect(words).toBeLessThanOrEqual(Math.min(total / 4, 40_000));
    }),
  );
});

test('is as large a part as the shop says, and none at 0 percent', () => {
  const book = chapters(1_000, 1_000, 8_000);
  expect(sampleOf(book, 0)).toEqual([]);
  expect(sampleOf(book, 2)).toEqual([{ title: '1', wordsMax: 500 }]);
  expect(sampleOf(book, 20).map(({ wordsMax }) => wordsMax)).toEqual([null, null]);
  expect(sampleOf(book, 100).map(({ wordsMax }) => wordsMax)).toEqual([null, null, null]);
});

test('as plain text is cut in the same way, paragraph by paragraph', () => {
  const kept = [
    { title: 'One', paragraphs: ['12345', '12345'] },
    { title: 'Two', paragraphs: ['1234567890'] },
  ];
  expect(textSampleOf(kept, 10)).toEqual(kept);
  expect(textSampleOf(kept, 50)).toEqual(kept);
  expect(textSampleOf(kept, 5)).toEqual([{ title: 'One', paragraphs: ['12345', '12345'] }]);
  expect(textSampleOf(kept, 0)).toEqual([]);
});
