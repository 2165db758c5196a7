import type { EventLoopUtilization } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { calmOf } from '../../src/child-processes/calm.ts';
import { Places } from '../../src/child-processes/places.ts';

/** An event loop that was so busy from one look to the next; the last of them goes on. */
function loop(...shares: number[]) {
  let looks = 0;
  const utilization = (now?: EventLoopUtilization): EventLoopUtilization => {
    if (!now) return { idle: 0, active: 0, utilization: 0 };
    const share = shares[Math.min(looks, shares.length - 1)] ?? 0;
    looks += 1;
    return { idle: 0, active: 0, utilization: share };
  };
  return { utilization, looks: () => looks };
}
const options = { busyMax: 0.5, patienceMs: 60_000, lookEveryMs: 1 };

test('long work begins at once in a process that has time', async () => {
  const calm = loop(0.5);
  await calmOf({ ...options, utilization: calm.utilization })();
  expect(calm.looks()).toBe(1);
});

test('long work waits until the short work leaves it time', async () => {
  const busy = loop(0.9, 0.8, 0.51, 0.4);
  await calmOf({ ...options, utilization: busy.utilization })();
  expect(busy.looks()).toBe(4);
});

test('it waits no longer than its patience, however busy it stays', async () => {
  const busy = loop(1);
  await calmOf({ ...options, patienceMs: 20, utilization: busy.utilization })();
  expect(busy.looks()).toBeGreaterThan(1);
});

test('who is stopped while waiting leaves the place to the next', async () => {
  const busy = loop(1);
  const waits = calmOf({ ...options, utilization: busy.utilization });
  let isFirst = true;
  const places = new Places(1, 10, (signal) => {
    const wait = isFirst ? waits(signal) : Promise.resolve();
    isFirst = false;
    return wait;
  });
  const leaving = new AbortController();
  const gone = places.take(async () => 'never', leaving.signal);
  const next = places.take(async () => 'next');
  leaving.abort();
  await expect(gone).rejects.toThrow('abort');
  expect(await next).toBe('next');
});
