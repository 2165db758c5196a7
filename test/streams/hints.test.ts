import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { WireEvent } from '../../src/streams/delivery.ts';
import { createNotifier, hintChannel, listenToHints, readHint } from '../../src/streams/hints.ts';
import { advance, once, openRedis } from '../../src/streams/index.ts';
import { toWire } from '../../src/streams/outbox.ts';
import { useDatabase } from '../support/database.ts';
import {
  createTestEngine,
  parcelOrdered,
  parcelPacked,
  parcelShipped,
  quietLog,
  stage,
  type TestEngine,
  workflow,
} from './support.ts';
import { shipping } from './workflows.ts';

const database = useDatabase();
const WAIT = { timeout: 20_000, interval: 10 };
const RELAY_LOCK = 29_556;

const eventOf = (id: number, parcel = `p${id}`): WireEvent =>
  toWire(parcelOrdered.of({ parcel }), { id, subject: `parcel:${parcel}`, seq: 1 }, '2026-01-01T00:00:00.000Z');

describe('what is told', () => {
  const keyPrefix = `test:${randomUUID()}:`;
  let redis: Redis;
  let heard: (readonly WireEvent[])[];
  let listener: ReturnType<typeof listenToHints>;
  beforeEach(async () => {
    redis = openRedis(inject('redisUrl'), quietLog);
    heard = [];
    listener = listenToHints({ redisUrl: inject('redisUrl'), keyPrefix, log: quietLog }, 'committed', (text) =>
      heard.push(readHint(text)),
    );
    await vi.waitUntil(
      async () => (await redis.pubsub('NUMSUB', hintChannel(redis, keyPrefix, 'committed'))).includes(1),
      WAIT,
    );
  });
  afterEach(() => {
    listener.stop();
    redis.disconnect();
  });

  test('comes at once, and what follows within 10 ms comes together', async () => {
    const tell = createNotifier(redis, keyPrefix);
    for (const id of [1, 2, 3]) tell([eventOf(id)]);
    tell();
    await vi.waitFor(() => expect(heard.flat()).toHaveLength(3), WAIT);
    expect(heard).toEqual([[eventOf(1)], [eventOf(2), eventOf(3)]]);
  });

  test('is only that there is something, when it is too much', async () => {
    const many = Array.from({ length: 101 }, (_, id) => eventOf(id));
    createNotifier(redis, keyPrefix)(many);
    createNotifier(redis, keyPrefix)([eventOf(1, 'x'.repeat(70_000))]);
    createNotifier(redis, keyPrefix)(many.slice(1));
    await vi.waitFor(() => expect(heard).toHaveLength(3), WAIT);
    expect(heard.map(({ length }) => length)).toEqual([0, 0, 100]);
  });

  test('is heard in its own database of Redis alone', async () => {
    const other = openRedis(`${inject('redisUrl')}/1`, quietLog);
    await other.ping();
    createNotifier(other, keyPrefix)([eventOf(1)]);
    await other.ping();
    createNotifier(redis, keyPrefix)([eventOf(2)]);
    await vi.waitFor(() => expect(heard).toEqual([[eventOf(2)]]), WAIT);
    other.disconnect();
  });

  test('waits for no Redis that is away', () => {
    const away = new Redis(inject('redisUrl'), { lazyConnect: true });
    createNotifier(away, keyPrefix)([eventOf(1)]);
    // A command would have made it connect.
    expect(away.status).toBe('wait');
    away.disconnect();
  });

  test('is heard again after the connection was lost', async () => {
    await redis.client('KILL', 'TYPE', 'PUBSUB');
    const tell = createNotifier(redis, keyPrefix);
    await vi.waitFor(() => {
      tell([eventOf(1)]);
      expect(heard.length).toBeGreaterThan(0);
    }, WAIT);
  });

  test('need not be readable to say that something was committed', async () => {
    for (const text of ['no JSON', '{}', '[{"id":"1"}]'])
      await redis.publish(hintChannel(redis, keyPrefix, 'committed'), text);
    await vi.waitFor(() => expect(heard).toEqual([[], [], []]), WAIT);
  });
});

/** Another workflow that begins with what a stage of the first one returns. */
const weighing = workflow('weighing', {
  startedBy: 'a packed parcel',
  stages: [
    stage('weigh', {
      on: parcelPacked,
      emits: [parcelShipped],
      retry: once,
      runBatch: async (_tx, inputs, { services }) =>
        inputs.map(({ payload }) => {
          services.calls.push(`weigh ${payload.parcel}`);
          return advance({ ...parcelShipped.of(payload), subject: `weight:${payload.parcel}` });
        }),
    }),
  ],
});

describe('a leader that is told', () => {
  let engine: TestEngine;
  afterEach(() => engine.stop());

  const start = () => {
    engine = createTestEngine(database.current, [shipping]);
    engine.start();
  };
  const streamKey = () => engine.keys.key('parcel.ordered', 0);
  const inRedis = async () => (await engine.redis.xrange(streamKey(), '-', '+')).map(([, fields]) => fields);

  /** Stores orders, and says what is to be told of them. */
  const order = async (...parcels: string[]): Promise<WireEvent[]> => {
    const stored = await engine.order(...parcels);
    const at = engine.clock.now().toISOString();
    return stored.map((one, index) => toWire(parcelOrdered.of({ parcel: parcels[index] ?? '' }), one, at));
  };
  const completed = async () => {
    const [row] = await database.current.sql<{ count: number }[]>`
      select count(*)::int as count from run where state = 'COMPLETED'`;
    return row?.count;
  };
  const liveElsewhere = () => engine.redis.set(`${engine.keyPrefix}alive:elsewhere`, '1', 'EX', 60);
  const pendingOf = async (seat: string, stream: string) => {
    const [count] = await engine.redis.xpending(engine.keys.key(stream, 0), seat);
    return Number(count);
  };
  /** Meanwhile nothing is numbered, and so nothing sent. */
  const whileNothingIsSent = (work: () => Promise<void>) =>
    database.current.sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${RELAY_LOCK}, 0)`;
      await work();
    });

  /** Tells until so many are done: nobody listens until somebody leads. */
  const tellUntil = (count: number, tell: () => void) =>
    vi.waitFor(async () => {
      tell();
      expect(await completed()).toBe(count);
    }, WAIT);

  test('by its own process begins before anything is sent, and does nothing twice', async () => {
    start();
    await whileNothingIsSent(async () => {
      const events = await order('a', 'b');
      await tellUntil(2, () => engine.wake(events));
      expect(await inRedis()).toEqual([]);
    });
    await vi.waitFor(async () => {
      expect(await inRedis()).toHaveLength(1);
      expect(await pendingOf('shipping.pack', 'parcel.ordered')).toBe(0);
    }, WAIT);
    expect(engine.services.calls.toSorted()).toEqual(['pack a', 'pack b', 'pay a', 'pay b', 'ship a', 'ship b']);
  });

  test('by another process does the same, and marks as its own what it has begun with, however often it is told', async () => {
    start();
    const tell = createNotifier(engine.redis, engine.keyPrefix);
    await whileNothingIsSent(async () => {
      const events = await order('a');
      await tellUntil(1, () => tell(events));
      for (let again = 0; again < 3; again++) engine.wake(events);
    });
    await vi.waitFor(async () => expect(await inRedis()).toHaveLength(1), WAIT);
    const [fields = []] = await inRedis();
    expect(fields[fields.indexOf('c') + 1]).toBe(engine.consumers[0]?.name);
    expect(engine.services.calls).toEqual(['pack a', 'pay a', 'ship a']);
  });

  test('too late, does nothing again', async () => {
    start();
    const events = await order('a');
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    engine.wake(events);
    engine.wake(await order('b'));
    await vi.waitFor(async () => expect(await completed()).toBe(2), WAIT);
    expect(engine.services.calls.filter((line) => line.startsWith('pack'))).toEqual(['pack a', 'pack b']);
  });

  test('by its own process, works on what would have travelled', async () => {
    start();
    await whileNothingIsSent(async () => {
      const [event] = await order('a');
      const told = event ? [{ ...event, payload: { parcel: { toJSON: () => 'a' } } }] : [];
      await tellUntil(1, () => engine.wake(told));
    });
    expect(engine.services.calls).toEqual(['pack a', 'pay a', 'ship a']);
  });

  test('is waited for by the others while it lives, and nobody begins its run', async () => {
    engine = createTestEngine(database.current, [shipping]);
    await order('a');
    await database.current.sql`update outbox set carrier = 'elsewhere'`;
    await liveElsewhere();
    engine.start();
    await vi.waitFor(async () => expect(await pendingOf('shipping.pack', 'parcel.ordered')).toBe(1), WAIT);
    // What comes later and is nobody's goes by.
    await order('b');
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    expect(engine.services.calls).toEqual(['pack b', 'pay b', 'ship b']);
    expect(await engine.run('a')).toBeUndefined();
    await engine.redis.del(`${engine.keyPrefix}alive:elsewhere`);
    await vi.waitFor(async () => expect(await completed()).toBe(2), WAIT);
  });

  test('is not waited for with what else begins with an event that a stage returned', async () => {
    engine = createTestEngine(database.current, [shipping, weighing]);
    await order('a');
    await engine.pass();
    await database.current.sql`update outbox set carrier = 'elsewhere' where stream = 'parcel.packed'`;
    await liveElsewhere();
    engine.start();
    // Long before the carrier is given up, which is after 10 s.
    await vi.waitFor(() => expect(engine.services.calls).toEqual(['pack a', 'weigh a']), { ...WAIT, timeout: 8_000 });
    expect(await pendingOf('shipping.pay', 'parcel.packed')).toBe(1);
  });
});
