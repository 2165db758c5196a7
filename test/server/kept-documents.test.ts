import { expect, test } from 'vitest';
import { KeptDocuments } from '../../src/server/kept-documents.ts';

test('keeps what was used last, by length and not by number', () => {
  const kept = new KeptDocuments<number>();
  const text = (name: number) => `${name}`.padEnd(10_000, 'x');
  for (let name = 0; name < 50; name++) kept.set(text(name), name);
  expect(kept.get(text(0))).toBe(0);
  kept.set(text(50), 50);
  expect([kept.get(text(0)), kept.get(text(1)), kept.get(text(50))]).toEqual([0, undefined, 50]);
});

test('keeps no text that is larger than its share', () => {
  const kept = new KeptDocuments<number>();
  kept.set('x'.repeat(20_001), 1);
  expect(kept.get('x'.repeat(20_001))).toBeUndefined();
});

test('counts a text once, however often it is set', () => {
  const kept = new KeptDocuments<number>();
  kept.set('other', 7);
  for (let times = 0; times < 100; times++) kept.set('x'.repeat(20_000), times);
  expect(kept.get('other')).toBe(7);
});
