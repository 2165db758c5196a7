/** How both pages say how long something took. */
import { expect, test } from 'vitest';
import { durationWords } from '../../../src/web/shared/words.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

test.each([
  [0, '0 ms'],
  [340, '340 ms'],
  [1_240, '1.2 s'],
  [42 * SECOND_MS, '42 s'],
  [3 * MINUTE_MS, '3 min'],
  [26 * 60 * MINUTE_MS, '26 h'],
  [5 * 24 * 60 * MINUTE_MS, '5 days'],
])('says %i ms in the unit that a person would use', (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});
