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

test('a ring is heard once, and without one it waits no longer than its time', async () => {
  const bell = new Bell();
  const first = waiting(bell);
  bell.ring();
  bell.ring();
  await vi.advanceTimersByTimeAsync(0);
  expect(first()).toBe(true);
  const second = waiting(bell);
  await vi.advanceTimersByTimeAsync(999);
  expect(second()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(second()).toBe(true);
});
