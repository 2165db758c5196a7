import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Bell } from '../../src/streams/wake.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** @returns whether a waiting loop went on, asked at any time */
function waiting(bell: Bell, timeoutMs = 1_000): () => boolean {
  let isOver = false;
  void bell.wait(timeoutMs).then(() => (isOver = true));
  return () => isOver;
}

test('a ring is remembered until somebody waits', async () => {
  const bell = new Bell();
  bell.ring();
  const isOver = waiting(bell);
  await vi.advanceTimersByTimeAsync(0);
  expect(isOver()).toBe(true);
});

test('what nobody waits for rings a little later, once, however often it is said', async () => {
  const bell = new Bell();
  const first = waiting(bell);
  bell.ringWithin(10);
  await vi.advanceTimersByTimeAsync(9);
  bell.ringWithin(10);
  expect(first()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(first()).toBe(true);
  const second = waiting(bell);
  await vi.advanceTimersByTimeAsync(500);
  expect(second()).toBe(false);
});

test('a ring that comes first takes along what would have rung later', async () => {
  const bell = new Bell();
  const first = waiting(bell);
  bell.ringWithin(10);
  bell.ring();
  await vi.advanceTimersByTimeAsync(0);
  expect(first()).toBe(true);
  const second = waiting(bell);
  await vi.advanceTimersByTimeAsync(500);
  expect(second()).toBe(false);
});

test('what is said while the loop works is not forgotten', async () => {
  const bell = new Bell();
  bell.ringWithin(10);
  await vi.advanceTimersByTimeAsync(50);
  const isOver = waiting(bell);
  await vi.advanceTimersByTimeAsync(0);
  expect(isOver()).toBe(true);
});
