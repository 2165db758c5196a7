import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Heartbeat } from '../../src/server/heartbeat.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const INTERVAL_MS = 12_000;

test('lets each beat once in an interval, and few in the same turn', () => {
  const heartbeat = new Heartbeat();
  const beats = Array.from({ length: 1_200 }, () => 0);
  for (const index of beats.keys()) heartbeat.add({ beat: () => (beats[index] = (beats[index] ?? 0) + 1) });
  vi.advanceTimersToNextTimer();
  expect(beats.filter((count) => count > 0)).toHaveLength(10);
  vi.advanceTimersByTime(INTERVAL_MS - 100);
  expect(new Set(beats)).toEqual(new Set([1]));
});

test('stops when the last has gone, and begins again with the next', () => {
  const heartbeat = new Heartbeat();
  const beating = { beat: vi.fn<() => void>() };
  heartbeat.remove(beating, heartbeat.add(beating));
  expect(vi.getTimerCount()).toBe(0);
  heartbeat.add(beating);
  vi.advanceTimersByTime(INTERVAL_MS);
  expect(beating.beat).toHaveBeenCalledTimes(1);
});
