import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { WireEvent } from '../../src/streams/delivery.ts';
import { createNotifier, listenToHints } from '../../src/streams/hints.ts';
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
    listener = listenToHints({ redisUrl: inject('redisUrl'), keyPrefix, log: quietLog }, (events) =>
      heard.push(events),
    );
    await vi.waitUntil(async () => (await redis.pubsub('NUMSUB', `${keyPrefix}committed`)).includes(1), WAIT);
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
    for (const text of ['no JSON', '{}', '[{"id":"1"}]']) await redis.publish(`${keyPrefix}committed`, text);
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

  const start = async () => {
    engine = createTestEngine(database.current, [shipping]);
    engine.start();
    await vi.waitFor(async () => expect(await database.current.sql`select 1 from relay_lease`).toHaveLength(1), WAIT);
    await vi.waitFor(async () => expect(await engine.redis.exists(streamKey())).toBe(1), WAIT);
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

  test('by its own process begins before anything is sent, and does nothing twice', async () => {
    await start();
    await whileNothingIsSent(async () => {
      engine.wake(await order('a', 'b'));
      await vi.waitFor(async () => expect(await completed()).toBe(2), WAIT);
      expect(await inRedis()).toEqual([]);
    });
    await vi.waitFor(async () => {
      expect(await inRedis()).toHaveLength(1);
      expect(await pendingOf('shipping.pack', 'parcel.ordered')).toBe(0);
    }, WAIT);
    expect(engine.services.calls.toSorted()).toEqual(['pack a', 'pack b', 'pay a', 'pay b', 'ship a', 'ship b']);
  });

  test('by another process does the same, and marks as its own what it has begun with', async () => {
    await start();
    const tell = createNotifier(engine.redis, engine.keyPrefix);
    await whileNothingIsSent(async () => {
      tell(await order('a'));
      await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    });
    await vi.waitFor(async () => expect(await inRedis()).toHaveLength(1), WAIT);
    const [fields = []] = await inRedis();
    expect(fields[fields.indexOf('c') + 1]).toBe(engine.consumers[0]?.name);
  });

  test('does once what it is told twice, or told when it is done', async () => {
    await start();
    const events = await order('a');
    for (let told = 0; told < 3; told++) engine.wake(events);
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
    engine.wake(events);
    engine.wake(await order('b'));
    await vi.waitFor(async () => expect(await completed()).toBe(2), WAIT);
    expect(await engine.history('a')).toEqual(['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped']);
    const runs = await database.current.sql`select id from run`;
    expect(runs).toHaveLength(2);
  });

  test('is waited for by the others while it lives', async () => {
    engine = createTestEngine(database.current, [shipping]);
    await order('a');
    await database.current.sql`update outbox set carrier = 'elsewhere'`;
    await liveElsewhere();
    engine.start();
    await vi.waitFor(async () => expect(await pendingOf('shipping.pack', 'parcel.ordered')).toBe(1), WAIT);
    expect(engine.services.calls).toEqual([]);
    await engine.redis.del(`${engine.keyPrefix}alive:elsewhere`);
    await vi.waitFor(async () => expect(await completed()).toBe(1), WAIT);
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
