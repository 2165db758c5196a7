import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, test, vi } from 'vitest';
import { type Bucket, createBudget, redisBucket } from '../../src/server/budget.ts';
import { openRedis } from '../../src/streams/redis.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const redis = openRedis(inject('redisUrl'), quiet);
afterAll(() => redis.disconnect());

let nowMs = 1_000_000;
const clock = { now: () => new Date(nowMs) };
const bucketOf = (prefix: string) => redisBucket(redis, prefix);

describe('a budget', () => {
  test('is one for all processes, and nobody spends more than it', async () => {
    const prefix = `test:${randomUUID()}:`;
    const processes = [1, 2, 3].map(() => createBudget(1_000, clock, bucketOf(prefix)));
    const waits = await Promise.all(
      Array.from({ length: 400 }, async (_none, at) => processes[at % 3]?.spend('somebody', 5)),
    );
    const spent = waits.filter((waitMs) => waitMs === 0).length * 5;
    // A process may keep a fiftieth that it took and did not spend.
    expect([spent <= 1_000, spent >= 1_000 - 3 * 20]).toEqual([true, true]);
    expect(
      waits.filter((waitMs) => waitMs !== 0).every((waitMs) => Number(waitMs) > 0 && Number(waitMs) <= 60_000),
    ).toBe(true);
    expect(await processes[0]?.spend('another', 5)).toBe(0);
  });

  test('asks Redis once for many small operations', async () => {
    const bucket = vi.fn<Bucket>(bucketOf(`test:${randomUUID()}:`));
    const budget = createBudget(10_000, clock, bucket);
    expect(await budget.spend('somebody', 1)).toBe(0);
    for (let at = 0; at < 199; at++) expect(budget.spend('somebody', 1)).toBe(0);
    expect(bucket).toHaveBeenCalledTimes(1);
    expect(budget.left('somebody')).toBe(10_000 - 200);
  });

  test('asks Redis once for all callers of one turn, each of whom gets what is theirs', async () => {
    const evaluate = vi.spyOn(redis, 'eval');
    const prefix = `test:${randomUUID()}:`;
    const [first, second] = [bucketOf(prefix), bucketOf(prefix)];
    const asked = { needed: 30, wanted: 60, max: 100 };
    const taken = await Promise.all([
      first('a', asked),
      first('b', { ...asked, max: 50 }),
      first('a', asked),
      first('a', asked),
    ]);
    expect(evaluate).toHaveBeenCalledTimes(1);
    expect(taken.map(({ granted, left }) => [granted, left])).toEqual([
      [60, 40],
      [50, 0],
      [30, 10],
      [0, 10],
    ]);
    expect(taken.every(({ endsInMs }) => endsInMs > 0 && endsInMs <= 60_000)).toBe(true);
    expect(await second('b', { needed: 1, wanted: 1, max: 51 })).toMatchObject({ granted: 1, left: 0 });
    evaluate.mockRestore();
  });

  test('holds in this process alone while Redis is away, and nobody waits for it', async () => {
    const away = vi.fn<Bucket>(async () => {
      throw new Error('away');
    });
    const budget = createBudget(100, clock, away);
    for (let at = 0; at < 20; at++) expect(await budget.spend('somebody', 5)).toBe(0);
    expect(await budget.spend('somebody', 5)).toBeGreaterThan(0);
    expect(away).toHaveBeenCalledTimes(1);
    nowMs += 60_001;
    expect(await budget.spend('somebody', 5)).toBe(0);
    expect(away).toHaveBeenCalledTimes(2);
  });

  test('forgets who asked longest ago when there are more than ten thousand callers', () => {
    const budget = createBudget(100, clock);
    for (const caller of ['early', 'late']) expect(budget.spend(caller, 100)).toBe(0);
    for (let at = 0; at < 9_998; at++) void budget.spend(`caller ${at}`, 1);
    expect(budget.spend('late', 1)).toBeGreaterThan(0);
    expect(budget.spend('one more', 1)).toBe(0);
    expect(budget.spend('late', 1)).toBeGreaterThan(0);
    expect(budget.spend('early', 100)).toBe(0);
  });

  test('begins anew after a minute', async () => {
    const budget = createBudget(100, clock);
    expect([budget.spend('somebody', 100), Number(budget.spend('somebody', 1)) > 0]).toEqual([0, true]);
    nowMs += 60_000;
    expect(budget.spend('somebody', 100)).toBe(0);
  });
});
