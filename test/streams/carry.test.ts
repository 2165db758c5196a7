import { afterEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { hintChannel, listenToHints } from '../../src/streams/hints.ts';
import { holdBack } from '../../src/streams/hold.ts';
import { useDatabase } from '../support/database.ts';
import { createTestEngine, fail, quietLog, type TestEngine } from './support.ts';
import { shipping } from './workflows.ts';

const database = useDatabase();
const WAIT = { timeout: 20_000, interval: 10 };
let engine: TestEngine;
afterEach(() => engine.stop());

const completed = async (): Promise<number> => {
  const [row] = await database.current.sql<{ count: number }[]>`
    select count(*)::int as count from run where state = 'COMPLETED'`;
  return row?.count ?? 0;
};

const pendingOf = async (stage: string, stream: string): Promise<number> => {
  const [count] = await engine.redis.xpending(engine.keys.key(stream, 0), stage);
  return Number(count);
};

describe('a process that has committed a stage', () => {
  test('goes on with the next one itself, and acknowledges what Redis brings of it later', async () => {
    engine = createTestEngine(database.current, [shipping]);
    engine.start();
    await engine.order(...Array.from({ length: 40 }, (_, index) => `p${index}`));
    engine.wake();
    await vi.waitFor(async () => expect(await completed()).toBe(40), WAIT);
    const packs = await database.current.sql<{ stream: string; carrier: string | null }[]>`
      select distinct stream, carrier from outbox where stream in ('parcel.ordered', 'parcel.packed')`;
    const carrier = engine.consumers[0]?.name;
    expect(Object.fromEntries(packs.map((pack) => [pack.stream, pack.carrier]))).toEqual({
      'parcel.ordered': null,
      'parcel.packed': carrier,
    });
    expect(engine.services.calls.filter((line) => line.startsWith('pay '))).toHaveLength(40);
    await vi.waitFor(async () => {
      expect(await engine.redis.xlen(engine.keys.key('parcel.paid', 0))).toBeGreaterThan(0);
      expect(await pendingOf('shipping.pay', 'parcel.packed')).toBe(0);
      expect(await pendingOf('shipping.ship', 'parcel.paid')).toBe(0);
    }, WAIT);
  });

  test('tries again itself what the database could not take, for nobody else will', async () => {
    engine = createTestEngine(database.current, [shipping]);
    await engine.order('a');
    await engine.relay();
    // From here on nothing is sent: somebody else leads the relay, and does nothing.
    await database.current.sql`
      insert into relay_lease (shard, holder, expires_at) values (0, 'elsewhere', now() + interval '1 hour')`;
    const away = () => Object.assign(new Error('the database is shutting down'), { code: '57P01' });
    fail(engine.services, 'pay', away(), away());
    engine.start();
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    expect(engine.services.calls).toEqual(['pack a', 'pay a', 'pay a', 'pay a', 'ship a']);
    expect(await engine.redis.exists(engine.keys.key('parcel.packed', 0))).toBe(1);
    expect(await engine.redis.xlen(engine.keys.key('parcel.packed', 0))).toBe(0);
  });

  test('is waited for by the others while it lives, and replaced when it does not', async () => {
    engine = createTestEngine(database.current, [shipping]);
    await engine.order('a');
    await engine.pass();
    // Another process has packed the parcel, and carries it on.
    await database.current.sql`update outbox set carrier = 'elsewhere' where stream = 'parcel.packed'`;
    const alive = `${engine.keyPrefix}alive:elsewhere`;
    await engine.redis.set(alive, '1');
    engine.start();
    await vi.waitFor(async () => expect(await pendingOf('shipping.pay', 'parcel.packed')).toBe(1), WAIT);
    // What comes later and is nobody's goes by.
    await engine.order('b');
    engine.wake();
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    expect(engine.services.calls).not.toContain('pay a');
    await engine.redis.del(alive);
    await vi.waitFor(async () => expect(await completed()).toBe(2), WAIT);
    await vi.waitFor(async () => expect(await pendingOf('shipping.pay', 'parcel.packed')).toBe(0), WAIT);
  });
});

describe('whoever leads the relay', () => {
  /** Hears what leaders are told; begins with one order that is sent already, and nobody sends more. */
  async function listen(): Promise<string[]> {
    engine = createTestEngine(database.current, [shipping]);
    await engine.order('a');
    await engine.relay();
    await database.current.sql`
      insert into relay_lease (shard, holder, expires_at) values (0, 'elsewhere', now() + interval '1 hour')`;
    const told: string[] = [];
    const options = { redisUrl: inject('redisUrl'), keyPrefix: engine.keyPrefix, log: quietLog };
    const listener = listenToHints(options, 'committed', (text) => told.push(text));
    onTestFinished(() => listener.stop());
    const channel = hintChannel(engine.redis, engine.keyPrefix, 'committed');
    await vi.waitUntil(async () => (await engine.redis.pubsub('NUMSUB', channel)).includes(1), WAIT);
    return told;
  }
  test('is not woken for what is carried, nor for what nobody waits for', async () => {
    const told = await listen();
    engine.start();
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    // What is told comes in the order in which it is told.
    await engine.redis.publish(hintChannel(engine.redis, engine.keyPrefix, 'committed'), 'last');
    await vi.waitUntil(() => told.includes('last'), WAIT);
    expect(told).toEqual(['last']);
  });

  test('is woken for what a run waits for', async () => {
    const told = await listen();
    // By hand nothing is carried.
    await engine.pass();
    expect(await engine.run('a')).toMatchObject({ stage: 'shipping.pay' });
    await vi.waitUntil(() => told.length > 0, WAIT);
    expect(told).toEqual(['[]']);
  });
});

describe('holding back', () => {
  const holding = (over: Partial<Parameters<typeof holdBack>[0]>) =>
    holdBack({
      isAlive: async () => true,
      isFinished: async () => false,
      timeoutMs: 60_000,
      stopping: new AbortController().signal,
      ...over,
    });

  test('ends when the carrier has finished', async () => {
    expect(await holding({ isFinished: async () => true })).toBe('FINISHED');
  });

  test('ends at once when the carrier is dead', async () => {
    expect(await holding({ isAlive: async () => false })).toBe('ABANDONED');
  });

  test('ends with its time, whatever the carrier says', async () => {
    expect(await holding({ timeoutMs: 0 })).toBe('ABANDONED');
  });

  test('takes a Redis that does not answer for nothing', async () => {
    const stopping = new AbortController();
    const silent = () => {
      stopping.abort();
      return Promise.reject(new Error('away'));
    };
    expect(await holding({ isAlive: silent, stopping: stopping.signal })).toBe('STOPPED');
  });
});
