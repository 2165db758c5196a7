/** The engine as it runs in production: its own loops, real blocking reads, nothing moved by hand. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inject } from 'vitest';
import { advance, LiveFeed, once, type StoredEvent, TerminalError } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import {
  createTestEngine,
  parcelOrdered,
  parcelShipped,
  quietLog,
  stage,
  type TestEngine,
  workflow,
} from './support.ts';
import { shipping } from './workflows.ts';

const database = useDatabase();
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

const EVENT_TYPES = ['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped', 'stage.retrying'];

function startEngine(keyPrefix?: string): TestEngine {
  const engine = createTestEngine(database.current, [shipping], keyPrefix === undefined ? {} : { keyPrefix });
  engine.start();
  running.push(engine);
  return engine;
}

async function startFeed(engine: TestEngine): Promise<LiveFeed> {
  const { redis, keyPrefix } = engine;
  const feed = new LiveFeed({
    db: database.current.db,
    redis,
    redisUrl: inject('redisUrl'),
    keyPrefix,
    eventTypes: EVENT_TYPES,
    shards: 1,
    log: quietLog,
  });
  await feed.start();
  running.push(feed);
  return feed;
}

async function collect(events: AsyncIterable<StoredEvent>, untilType: string): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (event.type === untilType) break;
  }
  return seen;
}

const completed = async () => {
  const [row] = await database.current.sql<
    { count: number }[]
  >`select count(*)::int as count from run where state = 'COMPLETED'`;
  return row?.count;
};

const deadLetters = async () => {
  const [row] = await database.current.sql<{ count: number }[]>`select count(*)::int as count from dead_letter`;
  return row?.count;
};

describe('a running engine', () => {
  test('reads what gathers meanwhile together, where nobody waits for it', async () => {
    const batches: number[] = [];
    const filing = workflow('filing', {
      startedBy: 'the test',
      stages: [
        stage('file', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: once,
          gatherMs: 1_000,
          runBatch: async (_tx, inputs) => {
            batches.push(inputs.length);
            return inputs.map(({ payload }) => advance(parcelShipped.of(payload)));
          },
        }),
      ],
    });
    const engine = createTestEngine(database.current, [filing]);
    engine.start();
    running.push(engine);
    await engine.order('first');
    engine.wake();
    await vi.waitFor(() => expect(batches).toEqual([1]), { timeout: 10_000 });
    for (const parcel of ['a', 'b', 'c']) {
      await engine.order(parcel);
      engine.wake();
    }
    await vi.waitFor(async () => expect(await completed()).toBe(4), { timeout: 10_000 });
    expect(batches).toEqual([1, 3]);
  });

  test('stores what was called for together in one commit, where nobody waits for it', async () => {
    const slow = Promise.withResolvers<void>();
    const begun: string[] = [];
    const filing = workflow('filing', {
      startedBy: 'the test',
      stages: [
        stage('file', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: once,
          // Longer than the test: what ends it is that all have ended.
          gatherMs: 60_000,
          run: async ({ payload }) => {
            begun.push(payload.parcel);
            if (payload.parcel === 'refused') throw new TerminalError('no such parcel');
            if (payload.parcel === 'slow') await slow.promise;
            return advance(parcelShipped.of(payload));
          },
        }),
      ],
    });
    const engine = createTestEngine(database.current, [filing]);
    await engine.order('quick', 'slow', 'refused');
    engine.start();
    running.push(engine);
    await vi.waitFor(() => expect(begun).toHaveLength(3), { timeout: 10_000 });
    // The one that failed is parked at once; the quick one waits for the slow one.
    await vi.waitFor(async () => expect(await deadLetters()).toBe(1), { timeout: 10_000 });
    expect(await completed()).toBe(0);
    slow.resolve();
    await vi.waitFor(async () => expect(await completed()).toBe(2), { timeout: 10_000 });
    const commits = await database.current.sql`select distinct xmin::text from event where type = 'parcel.shipped'`;
    expect(commits).toHaveLength(1);
  });

  test('carries runs to their end by itself', async () => {
    const engine = startEngine();
    await engine.order('a', 'b', 'c');
    engine.wake();
    await vi.waitFor(async () => expect(await completed()).toBe(3), { timeout: 10_000 });
  });

  test('shares the work with another one, and each stage still happens once', async () => {
    const first = startEngine();
    const second = startEngine(first.keyPrefix);
    await first.order(...Array.from({ length: 200 }, (_, index) => `p${index}`));
    await vi.waitFor(async () => expect(await completed()).toBe(200), { timeout: 20_000 });
    expect(first.services.calls.length + second.services.calls.length).toBe(600);
  });

  test('goes on after every connection of its readers was cut and Redis was emptied', async () => {
    const engine = startEngine();
    await engine.order('before');
    await vi.waitFor(async () => expect(await completed()).toBe(1), { timeout: 10_000 });
    await engine.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await engine.loseRedis();
    await engine.order('after');
    await vi.waitFor(async () => expect(await completed()).toBe(2), { timeout: 20_000 });
  });

  test('with more shards than the pool has connections still does its work', async () => {
    const engine = createTestEngine(database.current, [shipping], { shards: 24 });
    engine.start();
    running.push(engine);
    await engine.order(...Array.from({ length: 60 }, (_, index) => `p${index}`));
    await vi.waitFor(async () => expect(await completed()).toBe(60), { timeout: 30_000 });
  });

  test('drains: what is in work when it stops is finished', async () => {
    const engine = createTestEngine(database.current, [shipping]);
    engine.start();
    await engine.order(...Array.from({ length: 50 }, (_, index) => `p${index}`));
    await vi.waitFor(() => expect(engine.services.calls.length).toBeGreaterThan(0), { timeout: 10_000, interval: 1 });
    await engine.stop();
    const [row] = await database.current.sql<{ half: number }[]>`
      select count(*)::int as half from run r where not exists
        (select from event e where e.id = r.at_event_id) or (r.state = 'COMPLETED' and r.ended_at is null)`;
    expect(row?.half).toBe(0);
    // Every charge that was made is recorded: nothing was cut between the call and its commit.
    const paid = engine.services.calls.filter((line) => line.startsWith('pay ')).length;
    const [events] = await database.current.sql<
      { count: number }[]
    >`select count(*)::int as count from event where type = 'parcel.paid'`;
    expect(events?.count).toBe(paid);
  });
});

describe('the live feed', () => {
  test('gives every event of a subject, in order, from the one after the last seen', async () => {
    const engine = startEngine();
    const feed = await startFeed(engine);
    const all = collect(feed.subscribe('parcel:a', { after: 0 }), parcelShipped.type);
    await engine.order('a');
    expect((await all).map((event) => [event.seq, event.type])).toEqual([
      [1, 'parcel.ordered'],
      [2, 'parcel.packed'],
      [3, 'parcel.paid'],
      [4, 'parcel.shipped'],
    ]);
    const resumed = await collect(feed.subscribe('parcel:a', { after: 2 }), parcelShipped.type);
    expect(resumed.map((event) => event.seq)).toEqual([3, 4]);
  });

  test('misses and repeats nothing while Redis is emptied under it', async () => {
    const engine = startEngine();
    const feed = await startFeed(engine);
    const parcels = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const seen = Promise.all(
      parcels.map((parcel) => collect(feed.subscribe(`parcel:${parcel}`, { after: 0 }), parcelShipped.type)),
    );
    for (const [index, parcel] of parcels.entries()) {
      await engine.order(parcel);
      if (index % 10 === 5) await engine.loseRedis();
    }
    for (const events of await seen) expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4]);
  });

  test('keeps a slow subscriber whole without keeping its events in memory', async () => {
    const engine = createTestEngine(database.current, [shipping]);
    running.push(engine);
    const feed = await startFeed(engine);
    const slow = feed.subscribe('parcel:a', { after: 0 });
    const { appendEvents } = await import('../../src/streams/index.ts');
    for (let round = 0; round < 10; round++) {
      await database.current.db.transaction((tx) =>
        appendEvents(
          tx,
          Array.from({ length: 50 }, () => parcelShipped.of({ parcel: 'a' })),
          { now: new Date(), shards: 1 },
        ),
      );
      await engine.relay();
    }
    for (let seq = 1; seq <= 500; seq++) expect((await slow.next()).value.seq).toBe(seq);
    await slow.return?.();
    expect(feed.subscriberCount).toBe(0);
  });

  test('frees a subscriber whose signal aborts while it waits', async () => {
    const engine = createTestEngine(database.current, [shipping]);
    running.push(engine);
    const feed = await startFeed(engine);
    const stop = new AbortController();
    const waiting = feed.subscribe('parcel:nobody', { after: 0, signal: stop.signal }).next();
    expect(feed.subscriberCount).toBe(1);
    stop.abort();
    expect(await waiting).toMatchObject({ done: true });
    expect(feed.subscriberCount).toBe(0);
  });
});
