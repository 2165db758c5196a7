import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { WireEvent } from '../../src/streams/delivery.ts';
import { hintChannel, listenToHints, readHint } from '../../src/streams/hints.ts';
import { advance, LiveFeed, once, openRedis } from '../../src/streams/index.ts';
import { LiveHints } from '../../src/streams/live-hints.ts';
import { Subscriber } from '../../src/streams/live-subscriber.ts';
import { toWire } from '../../src/streams/outbox.ts';
import { useDatabase } from '../support/database.ts';
import {
  createTestEngine,
  parcelOrdered,
  parcelPacked,
  parcelPaid,
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
const eventsOf = (count: number, from = 1) => Array.from({ length: count }, (_, at) => eventOf(from + at));

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** Hears what is told of this prefix. */
async function listen(redis: Redis, keyPrefix: string): Promise<(readonly WireEvent[])[]> {
  const heard: (readonly WireEvent[])[] = [];
  const options = { redisUrl: inject('redisUrl'), keyPrefix, log: quietLog };
  const before = await listenersOf(redis, keyPrefix);
  const listener = listenToHints(options, 'live', (text) => heard.push(readHint(text)));
  stops.push(() => listener.stop());
  await vi.waitUntil(async () => (await listenersOf(redis, keyPrefix)) === before + 1, WAIT);
  return heard;
}

async function listenersOf(redis: Redis, keyPrefix: string): Promise<number> {
  const [, count] = await redis.pubsub('NUMSUB', hintChannel(redis, keyPrefix, 'live'));
  return Number(count);
}

describe('what is told', () => {
  const keyPrefix = `test:${randomUUID()}:`;
  let redis: Redis;
  let heard: (readonly WireEvent[])[];
  const wakeRelay = vi.fn<() => void>();
  beforeEach(async () => {
    wakeRelay.mockClear();
    redis = openRedis(inject('redisUrl'), quietLog);
    stops.push(() => redis.disconnect());
    heard = await listen(redis, keyPrefix);
  });

  test('is what was gathered and what follows it, in one message and once', async () => {
    const hints = new LiveHints(redis, keyPrefix, wakeRelay);
    hints.gather(eventsOf(2));
    hints.gather(eventsOf(1, 3));
    hints.tell(eventsOf(1, 4));
    hints.tell([]);
    hints.tell(eventsOf(1, 5));
    await vi.waitFor(() => expect(heard).toEqual([eventsOf(4), eventsOf(1, 5)]), WAIT);
    expect(wakeRelay).not.toHaveBeenCalled();
  });

  test('is what was gathered, within 20 ms, when nothing follows', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    stops.push(() => vi.useRealTimers());
    const publish = vi.spyOn(redis, 'publish');
    const hints = new LiveHints(redis, keyPrefix, wakeRelay);
    hints.gather(eventsOf(1));
    vi.advanceTimersByTime(10);
    hints.gather(eventsOf(1, 2));
    vi.advanceTimersByTime(9);
    expect(publish).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(publish).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(100);
    vi.useRealTimers();
    await vi.waitFor(() => expect(heard).toEqual([eventsOf(2)]), WAIT);
    expect(publish).toHaveBeenCalledTimes(1);
  });

  test('is nothing while it is much, so that nobody is told of an event without those before it: the relay is woken', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    stops.push(() => vi.useRealTimers());
    const hints = new LiveHints(redis, keyPrefix, wakeRelay);
    hints.gather(eventsOf(64));
    hints.tell(eventsOf(1, 65));
    hints.tell(eventsOf(1, 66));
    vi.advanceTimersByTime(25);
    hints.tell(eventsOf(1, 67));
    expect(wakeRelay).toHaveBeenCalledTimes(3);
    vi.advanceTimersByTime(25);
    hints.tell(eventsOf(1, 68));
    await vi.waitFor(() => expect(heard).toEqual([eventsOf(1, 68)]), WAIT);
    expect(wakeRelay).toHaveBeenCalledTimes(3);
  });

  test('is nothing of more than a message holds: the relay is woken', async () => {
    const hints = new LiveHints(redis, keyPrefix, wakeRelay);
    hints.tell([eventOf(1, 'x'.repeat(70_000))]);
    expect(wakeRelay).toHaveBeenCalledTimes(1);
    hints.tell(eventsOf(1, 2));
    await vi.waitFor(() => expect(heard).toEqual([eventsOf(1, 2)]), WAIT);
    expect(wakeRelay).toHaveBeenCalledTimes(1);
  });

  test('is also what was gathered long ago, when this process stood still meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    stops.push(() => vi.useRealTimers());
    const hints = new LiveHints(redis, keyPrefix, wakeRelay);
    hints.gather(eventsOf(1));
    vi.advanceTimersByTime(1_000);
    hints.tell(eventsOf(1, 2));
    await vi.waitFor(() => expect(heard).toEqual([eventsOf(2)]), WAIT);
  });

  test('waits for no Redis that is away', () => {
    const away = new Redis(inject('redisUrl'), { lazyConnect: true });
    new LiveHints(away, keyPrefix, wakeRelay).tell(eventsOf(1));
    // A command would have made it connect.
    expect(away.status).toBe('wait');
    away.disconnect();
  });
});

describe('subscribers', () => {
  let engine: TestEngine;

  async function start(engineOfTest: TestEngine): Promise<LiveFeed> {
    engine = engineOfTest;
    engine.start();
    stops.push(() => engine.stop());
    const feed = new LiveFeed({
      db: database.current.db,
      redis: engine.redis,
      redisUrl: inject('redisUrl'),
      keyPrefix: engine.keyPrefix,
      eventTypes: [parcelOrdered, parcelPacked, parcelPaid, parcelShipped].map(({ type }) => type),
      shards: 1,
      log: quietLog,
    });
    await feed.start();
    stops.push(() => feed.stop());
    await vi.waitUntil(async () => (await listenersOf(engine.redis, engine.keyPrefix)) === 1, WAIT);
    return feed;
  }

  /** Stores an order, and begins with it, although nothing is sent. */
  async function begin(parcel: string): Promise<void> {
    const at = engine.clock.now().toISOString();
    const told = (await engine.order(parcel)).map((one) => toWire(parcelOrdered.of({ parcel }), one, at));
    await vi.waitFor(async () => {
      engine.wake(told);
      expect(await engine.run(parcel)).toBeDefined();
    }, WAIT);
  }

  /** Meanwhile nothing is numbered, and so nothing sent. */
  const whileNothingIsSent = (work: () => Promise<void>) =>
    database.current.sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${RELAY_LOCK}, 0)`;
      await work();
    });

  test('hear of each step before it is sent, and of none again when it is', async () => {
    const feed = await start(createTestEngine(database.current, [shipping]));
    const live = feed.subscribe('parcel:a', { after: null });
    live.startAfter(1);
    const sent = () => engine.redis.exists(engine.keys.key('parcel.shipped', 0));
    const offered = vi.spyOn(Subscriber.prototype, 'offer');
    stops.push(() => offered.mockRestore());
    const timesOffered = (parcel: string, seq: number) =>
      offered.mock.calls.filter(([event]) => event.subject === `parcel:${parcel}` && event.seq === seq).length;
    await whileNothingIsSent(async () => {
      await begin('a');
      const seen = [];
      while (seen.length < 3) seen.push((await live.next()).value?.seq);
      expect(seen).toEqual([2, 3, 4]);
      expect(await sent()).toBe(0);
    });
    let woken = 0;
    live.whenReady(() => woken++);
    // The last step has come a second time, from its stream.
    await vi.waitFor(() => expect(timesOffered('a', 4)).toBe(2), WAIT);
    expect(await sent()).toBe(1);
    expect(woken).toBe(0);
  });

  test('are told of nothing that was not committed', async () => {
    const refused = 'a';
    let tries = 0;
    const failing = workflow('failing', {
      startedBy: 'an order',
      stages: [
        stage('pack', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: once,
          runBatch: async (_tx, inputs) =>
            inputs.map(({ payload }) =>
              advance(parcelShipped.of(payload), async (tx) => {
                if (payload.parcel !== refused) return;
                tries += 1;
                // The event is stored behind this, and all is refused at the end.
                await tx.execute(`create temp table refused_row (id int primary key deferrable initially deferred)`);
                await tx.execute(`insert into refused_row values (1), (1)`);
              }),
            ),
        }),
      ],
    });
    await start(createTestEngine(database.current, [failing]));
    const heard = await listen(engine.redis, engine.keyPrefix);
    await begin(refused);
    await vi.waitFor(async () => expect((await engine.run(refused))?.state).toBe('PARKED'), WAIT);
    expect(tries).toBeGreaterThan(0);
    await begin('b');
    // What is told comes in the order in which it is told.
    await vi.waitFor(() => expect(heard.flat().map(({ type }) => type)).toContain('parcel.shipped'), WAIT);
    const ended = heard.flat().filter(({ type }) => type === 'parcel.shipped');
    expect(ended.map(({ subject }) => subject)).toEqual(['parcel:b']);
  });
});
