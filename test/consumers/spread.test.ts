import { describe, expect, test } from 'vitest';
import { spreadOver, type Time, WAIT_MS_MIN } from '../../src/consumers/receipt/spread.ts';

/** Time that passes only while somebody waits for it. */
function ownTime(): Time & { waits: number[] } {
  const waits: number[] = [];
  let nowMs = 1_000;
  const wait = (ms: number) => {
    waits.push(ms);
    nowMs += ms;
    return Promise.resolve();
  };
  return { now: () => nowMs, wait, waits };
}

const OVER_MS = 250;

describe('a spread', () => {
  test('hands on at once what comes alone', async () => {
    const time = ownTime();
    expect(await spreadOver(OVER_MS, time)(Promise.resolve('made'))).toBe('made');
    expect(time.waits).toEqual([]);
  });

  test('hands a crowd on one by one, in its time', async () => {
    const time = ownTime();
    const handOver = spreadOver(OVER_MS, time);
    await Promise.all(Array.from({ length: 10 }, (_, at) => handOver(Promise.resolve(at))));
    expect(time.waits).toEqual(Array.from({ length: 9 }, () => OVER_MS / 10));
  });

  test('lets nobody of a large crowd wait', async () => {
    const time = ownTime();
    const handOver = spreadOver(OVER_MS, time);
    const many = OVER_MS / WAIT_MS_MIN + 1;
    await Promise.all(Array.from({ length: many }, (_, at) => handOver(Promise.resolve(at))));
    expect(time.waits).toEqual([]);
  });

  test('forgets a crowd that is through', async () => {
    const time = ownTime();
    const handOver = spreadOver(OVER_MS, time);
    await Promise.all(Array.from({ length: 10 }, () => handOver(Promise.resolve())));
    time.waits.length = 0;
    await Promise.all([handOver(Promise.resolve()), handOver(Promise.resolve())]);
    expect(time.waits).toEqual([OVER_MS / 2, OVER_MS / 2]);
  });

  test('waits for what is not made yet, and for none that could not be made', async () => {
    const time = ownTime();
    const handOver = spreadOver(OVER_MS, time);
    const late = Promise.withResolvers<string>();
    const waiting = handOver(late.promise);
    const failed = Array.from({ length: 8 }, () => handOver(Promise.reject(new Error('out of ink'))));
    const ends = await Promise.allSettled(failed);
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
    const next = handOver(Promise.resolve('next'));
    late.resolve('made');
    expect(await waiting).toBe('made');
    expect(await next).toBe('next');
    expect(time.waits.length).toBeLessThan(8);
  });
});
