import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  replayDeadLetter,
  discardDeadLetter,
  TerminalError,
  advance,
  backoff,
  once,
  snooze,
} from '../../src/streams/index.ts';
import { replayEdited } from '../../src/streams/dead-letters.ts';
import { useDatabase } from '../support/database.ts';
import {
  call,
  createTestEngine,
  fail,
  parcelCancelled,
  parcelOrdered,
  parcelRefused,
  parcelShipped,
  stage,
  type TestEngine,
  workflow,
} from './support.ts';
import { shipping } from './workflows.ts';

const database = useDatabase();
let engine: TestEngine;
beforeEach(() => {
  engine = createTestEngine(database.current, [shipping]);
});
afterEach(() => engine.stop());

describe('a run', () => {
  test('goes through its stages, each event stored once with a gapless seq', async () => {
    await engine.order('a', 'b');
    await engine.runUntilIdle();
    expect(await engine.history('a')).toEqual(['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped']);
    expect(engine.services.calls.toSorted()).toEqual(['pack a', 'pack b', 'pay a', 'pay b', 'ship a', 'ship b']);
    const seqs = await database.current.sql<{ seq: number }[]>`
      select seq from event where subject = 'parcel:b' order by id`;
    expect(seqs.map((row) => row.seq)).toEqual([1, 2, 3, 4]);
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED', stage: 'shipping.ship' });
  });

  test('ends with a terminal event of any stage', async () => {
    await engine.order('empty');
    await engine.runUntilIdle();
    expect(await engine.history('empty')).toEqual(['parcel.ordered', 'parcel.refused']);
    expect(await engine.run('empty')).toMatchObject({ state: 'COMPLETED' });
  });

  test('takes the effect of a delivery once, however often it is delivered', async () => {
    await engine.order('a');
    await engine.runUntilIdle();
    // Everything is delivered again: Redis forgets, and the relay replays from the first event.
    await engine.loseRedis();
    expect(await engine.repair()).toBeGreaterThanOrEqual(3);
    await engine.runUntilIdle();
    expect(await engine.history('a')).toHaveLength(4);
    // A stage of pure SQL may have been asked again; what it did then was rolled back.
    expect(engine.services.calls.filter((line) => line === 'pay a')).toHaveLength(1);
  });

  test('survives a loss of Redis between any two stages', async () => {
    for (const parcel of ['a', 'b', 'c']) await engine.order(parcel);
    for (let passes = 0; passes < 12; passes++) {
      await engine.pass();
      await engine.loseRedis();
      for (const consumer of engine.consumers) consumer.mustReplay = true;
      await engine.repair();
    }
    await engine.runUntilIdle();
    for (const parcel of ['a', 'b', 'c']) {
      expect(await engine.history(parcel)).toEqual([
        'parcel.ordered',
        'parcel.packed',
        'parcel.paid',
        'parcel.shipped',
      ]);
    }
  });

  test('spreads subjects over shards and loses none', async () => {
    const sharded = createTestEngine(database.current, [shipping], { shards: 4 });
    const parcels = Array.from({ length: 40 }, (_, index) => `p${index}`);
    await sharded.order(...parcels);
    await sharded.runUntilIdle();
    const [row] = await database.current.sql<{ done: number; shards: number }[]>`
      select count(*)::int as done, count(distinct shard)::int as shards from run where state = 'COMPLETED'`;
    expect(row).toEqual({ done: 40, shards: 4 });
    await sharded.stop();
  });
});

describe('a failing stage', () => {
  test('is retried by its policy, and waits as long as the policy says', async () => {
    fail(engine.services, 'pay', new Error('bank is closed'), new Error('bank is closed'));
    await engine.order('a');
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'RUNNING', failures: 1, last_error: 'Error: bank is closed' });
    engine.advanceTime(499); // half of 1,000 ms: the jitter's chance is 0 here
    await engine.runUntilIdle();
    expect(engine.services.calls.filter((line) => line === 'pay a')).toHaveLength(1);
    engine.advanceTime(1);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ failures: 2 });
    engine.advanceTime(1_000);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED', failures: 0, last_error: null });
    expect(await engine.history('a')).toEqual([
      'parcel.ordered',
      'parcel.packed',
      'stage.retrying',
      'stage.retrying',
      'parcel.paid',
      'parcel.shipped',
    ]);
  });

  test('has one try planned at a time, although Redis is lost and an earlier try is delivered again', async () => {
    fail(engine.services, 'pay', new Error('bank is closed'), new Error('bank is closed'), new Error('too early'));
    await engine.order('a');
    await engine.runUntilIdle();
    engine.advanceTime(500);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ failures: 2 });
    await engine.loseRedis();
    for (const consumer of engine.consumers) consumer.mustReplay = true;
    await engine.repair();
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ failures: 2 });
    expect(await database.current.sql`select id from timer`).toHaveLength(1);
  });

  test('keeps its planned retry when Redis is lost meanwhile', async () => {
    fail(engine.services, 'pay', new Error('bank is closed'));
    await engine.order('a');
    await engine.runUntilIdle();
    await engine.loseRedis();
    await engine.repair();
    for (const consumer of engine.consumers) consumer.mustReplay = true;
    await engine.runUntilIdle();
    expect(engine.services.calls.filter((line) => line === 'pay a')).toHaveLength(1);
    engine.advanceTime(500);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED' });
  });

  test('up to the pivot is compensated, the failed stage included, and ends with failsWith', async () => {
    fail(engine.services, 'pay', ...Array.from({ length: 3 }, () => new Error('bank is gone')));
    await engine.order('a');
    for (let waits = 0; waits < 4; waits++) {
      await engine.runUntilIdle();
      engine.advanceTime(10_000);
    }
    expect(engine.services.calls).toEqual(['pack a', 'pay a', 'pay a', 'pay a', 'unpay a']);
    expect((await engine.history('a')).at(-1)).toBe('parcel.cancelled');
    expect(await engine.run('a')).toMatchObject({ state: 'FAILED', last_error: 'Error: bank is gone' });
  });

  test('stops at once on a terminal error', async () => {
    fail(engine.services, 'pay', new TerminalError('card is forged'));
    await engine.order('a');
    await engine.runUntilIdle();
    expect(engine.services.calls).toEqual(['pack a', 'pay a', 'unpay a']);
    expect(await engine.run('a')).toMatchObject({ state: 'FAILED' });
  });

  test('keeps trying its compensation until it is done', async () => {
    fail(engine.services, 'pay', new TerminalError('card is forged'));
    fail(engine.services, 'unpay', ...Array.from({ length: 5 }, () => new Error('bank is closed')));
    await engine.order('a');
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'COMPENSATING' });
    for (let waits = 0; waits < 6; waits++) {
      engine.advanceTime(60_000);
      await engine.runUntilIdle();
    }
    expect(engine.services.calls.filter((line) => line === 'unpay a')).toHaveLength(6);
    expect(await engine.run('a')).toMatchObject({ state: 'FAILED' });
  });

  test('is parked when its compensation can never succeed', async () => {
    fail(engine.services, 'pay', new TerminalError('card is stolen'));
    fail(engine.services, 'unpay', new TerminalError('no such card'));
    await engine.order('a');
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'PARKED', stage: 'shipping.pay' });
    const [letter] = await database.current.sql<{ id: string; kind: string }[]>`select id, kind from dead_letter`;
    expect(letter?.kind).toBe('COMPENSATE');
    await database.current.db.transaction((tx) =>
      replayDeadLetter(tx, { id: letter?.id ?? '', by: 'operator', now: engine.clock.now() }),
    );
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'FAILED' });
  });

  test('after the pivot is tried until it is done and never undone', async () => {
    fail(engine.services, 'ship', ...Array.from({ length: 9 }, () => new Error('van broke down')));
    await engine.order('a');
    for (let waits = 0; waits < 10; waits++) {
      await engine.runUntilIdle();
      engine.advanceTime(60_000);
    }
    expect(engine.services.calls).not.toContain('unpay a');
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED' });
  });

  test('is stopped at its time limit, and told so by its signal', async () => {
    let aborted = false;
    const slow = workflow('slow', {
      startedBy: 'test',
      stages: [
        stage('dawdle', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: backoff({ attemptsMax: 2, delayMs: 10, delayMsMax: 10 }),
          timeoutMs: 20,
          run: async ({ payload, attempt }, { signal }) => {
            if (attempt > 1) return advance(parcelShipped.of(payload));
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
            aborted = true;
            return advance(parcelShipped.of(payload));
          },
        }),
      ],
    });
    const slowEngine = createTestEngine(database.current, [slow]);
    await slowEngine.order('a');
    await slowEngine.runUntilIdle();
    expect(aborted).toBe(true);
    expect(await slowEngine.run('a')).toMatchObject({ failures: 1, state: 'RUNNING' });
    slowEngine.advanceTime(10);
    await slowEngine.runUntilIdle();
    expect(await slowEngine.run('a')).toMatchObject({ state: 'COMPLETED' });
    await slowEngine.stop();
  });

  test('does not hold up the healthy members of its batch', async () => {
    fail(engine.services, 'pack', new Error('box is torn'));
    await engine.order('a', 'b', 'c');
    await engine.runUntilIdle();
    const states = await database.current.sql<{ state: string }[]>`select state from run order by subject`;
    // The batch failed once, as a whole; alone, each member succeeds.
    expect(states.map((row) => row.state)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  });
});

describe('a snooze', () => {
  test('comes back later and spends no attempt', async () => {
    let looks = 0;
    const waiting = workflow('waiting', {
      startedBy: 'test',
      stages: [
        stage('look', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: backoff({ attemptsMax: 1, delayMs: 1, delayMsMax: 1 }),
          run: async ({ payload, attempt }) => {
            looks += 1;
            expect(attempt).toBe(1);
            return looks < 4 ? snooze(5_000) : advance(parcelShipped.of(payload));
          },
        }),
      ],
    });
    const waitingEngine = createTestEngine(database.current, [waiting]);
    await waitingEngine.order('a');
    for (let waits = 0; waits < 4; waits++) {
      await waitingEngine.runUntilIdle();
      expect(looks).toBe(waits + 1);
      waitingEngine.advanceTime(5_000);
    }
    expect(await waitingEngine.run('a')).toMatchObject({ state: 'COMPLETED' });
    await waitingEngine.stop();
  });
});

describe('a dead letter', () => {
  const stubborn = workflow('stubborn', {
    startedBy: 'test',
    stages: [
      stage('try', {
        on: parcelOrdered,
        emits: [parcelShipped],
        retry: backoff({ attemptsMax: 2, delayMs: 10, delayMsMax: 10 }),
        run: async ({ payload }, { services }) => {
          call(services, 'try', payload.parcel);
          return advance(parcelShipped.of(payload));
        },
      }),
    ],
  });
  let stubbornEngine: TestEngine;
  beforeEach(async () => {
    stubbornEngine = createTestEngine(database.current, [stubborn]);
    fail(stubbornEngine.services, 'try', new Error('no'), new Error('still no'));
    await stubbornEngine.order('a');
    await stubbornEngine.runUntilIdle();
    stubbornEngine.advanceTime(10);
    await stubbornEngine.runUntilIdle();
  });
  afterEach(() => stubbornEngine.stop());
  const letters = () => database.current.db.query.deadLetters.findMany();

  test('is parked with its reason when attempts run out and nothing else ends the run', async () => {
    expect(await stubbornEngine.run('a')).toMatchObject({ state: 'PARKED' });
    expect(await letters()).toMatchObject([
      {
        stage: 'stubborn.try',
        reason: 'ATTEMPTS_EXHAUSTED',
        error: 'Error: still no',
        attempts: 2,
        state: 'OPEN',
        payload: { parcel: 'a' },
      },
    ]);
  });

  test('replayed, runs once more; replayed again, does nothing', async () => {
    const [letter] = await letters();
    const decision = { id: letter?.id ?? '', by: 'ada', now: stubbornEngine.clock.now() };
    const answers = [];
    for (let times = 0; times < 3; times++) {
      answers.push(await database.current.db.transaction((tx) => replayDeadLetter(tx, decision)));
    }
    expect(answers).toEqual(['REPLAYED', 'NOT_OPEN', 'NOT_OPEN']);
    await stubbornEngine.runUntilIdle();
    expect(stubbornEngine.services.calls).toHaveLength(3);
    expect(await stubbornEngine.run('a')).toMatchObject({ state: 'COMPLETED' });
    expect(await letters()).toMatchObject([{ state: 'REPLAYED', resolvedBy: 'ada' }]);
  });

  test('replayed with another payload, is worked on with that, once, and what was told stays', async () => {
    const [letter] = await letters();
    const decision = { id: letter?.id ?? '', by: 'ada', now: stubbornEngine.clock.now(), payload: { parcel: 'b' } };
    const replay = () => database.current.db.transaction((tx) => replayEdited(tx, decision));
    expect([await replay(), await replay()]).toEqual(['REPLAYED', 'NOT_OPEN']);
    await stubbornEngine.runUntilIdle();
    expect(stubbornEngine.services.calls.slice(2)).toEqual(['try b']);
    expect(await stubbornEngine.run('a')).toMatchObject({ state: 'COMPLETED' });
    const told = await database.current.sql<{ payload: unknown }[]>`
      select payload from event where subject = 'parcel:a' and type = 'parcel.ordered' order by seq`;
    expect(told.map(({ payload }) => payload)).toEqual([{ parcel: 'a' }, { parcel: 'b' }]);
    const [runs] = await database.current.sql<{ count: number }[]>`select count(*)::int as count from run`;
    expect(runs?.count).toBe(1);
  });

  test('discarded, ends the run as failed', async () => {
    const [letter] = await letters();
    const decision = { id: letter?.id ?? '', by: 'ada', now: stubbornEngine.clock.now() };
    expect(await database.current.db.transaction((tx) => discardDeadLetter(tx, decision))).toBe('DISCARDED');
    await stubbornEngine.runUntilIdle();
    expect(await stubbornEngine.run('a')).toMatchObject({ state: 'FAILED' });
  });

  test('that is unknown is said to be', async () => {
    const decision = { id: '00000000-0000-7000-8000-000000000000', by: 'ada', now: stubbornEngine.clock.now() };
    expect(await database.current.db.transaction((tx) => replayDeadLetter(tx, decision))).toBe('UNKNOWN');
  });
});

describe('a failure that cannot be recorded', () => {
  test('because the end of the workflow throws is parked, not tried for ever', async () => {
    const hopeless = workflow('hopeless', {
      startedBy: 'parcel.ordered',
      failsWith: { event: parcelCancelled, build: () => Promise.reject(new Error('no such parcel')) },
      stages: [
        stage('try', {
          on: parcelOrdered,
          emits: [parcelShipped],
          retry: once,
          runBatch: () => Promise.reject(new Error('poison')),
        }),
      ],
    });
    const stuck = createTestEngine(database.current, [hopeless]);
    await stuck.order('a');
    await stuck.runUntilIdle();
    expect(await stuck.run('a')).toMatchObject({ state: 'PARKED', last_error: 'Error: no such parcel' });
    const letters = await database.current.sql`select stage, reason from dead_letter`;
    expect(letters).toEqual([{ stage: 'hopeless.try', reason: 'TERMINAL' }]);
    await stuck.stop();
  });
});

/** Orders parcels, a number of them in each commit. */
async function orderInPacks(parcels: number, perPack: number): Promise<void> {
  for (let at = 0; at < parcels; at += perPack) {
    await engine.order(...Array.from({ length: perPack }, (_, index) => `p${at + index}`));
  }
}

describe('the relay', () => {
  test('numbers a stream densely, with rivals at work', async () => {
    const rival = createTestEngine(database.current, [shipping], { keyPrefix: engine.keyPrefix });
    await orderInPacks(300, 10);
    await Promise.all([engine.runUntilIdle(), rival.runUntilIdle()]);
    await engine.runUntilIdle();
    const [row] = await database.current.sql<{ count: number; last: number }[]>`
      select sum(cardinality(event_ids))::int as count, max(pub_seq)::int as last
      from outbox where stream = 'parcel.ordered'`;
    expect(row).toEqual({ count: 300, last: 300 });
    const entries = await engine.redis.xrange(engine.keys.key('parcel.ordered', 0), '-', '+');
    expect(entries.map(([id]) => id)).toEqual(Array.from({ length: 30 }, (_, index) => `${index * 10 + 10}-10`));
    const [done] = await database.current.sql<{ count: number }[]>`
      select count(*)::int as count from run where state = 'COMPLETED'`;
    expect(done?.count).toBe(300);
    expect(engine.services.calls.length + rival.services.calls.length).toBe(900);
    await rival.stop();
  });

  test('replays only what some stage has not finished', async () => {
    await engine.order('a', 'b', 'c');
    await engine.runUntilIdle();
    await engine.trim();
    await engine.loseRedis();
    await engine.repair();
    expect(await engine.redis.exists(engine.keys.key('parcel.ordered', 0))).toBe(0);
    await engine.order('d');
    await engine.runUntilIdle();
    expect(await engine.history('d')).toHaveLength(4);
    expect(engine.services.calls).toHaveLength(12);
  });

  test('fills the hole that a lagging replica leaves', async () => {
    const key = engine.keys.key('parcel.packed', 0);
    await engine.order('a');
    await engine.runUntilIdle();
    await engine.order('b');
    await engine.runUntilIdle();
    // What a promoted replica that missed the newest writes looks like: an older last id.
    await engine.redis.del(key);
    await engine.redis.xadd(key, '1-0', 'e', '{}');
    expect(await engine.repair()).toBe(1);
    expect((await engine.redis.xrange(key, '-', '+')).map(([id]) => id)).toEqual(['1-0', '2-1']);
  });

  test('replays all to a stage that has not told yet how far it is', async () => {
    const watching = workflow('watching', {
      startedBy: 'parcel.ordered',
      stages: [
        stage('watch', {
          on: parcelOrdered,
          emits: [parcelRefused],
          retry: once,
          runBatch: async (_tx, inputs, { services }) =>
            inputs.map(({ payload }) => {
              call(services, 'watch', payload.parcel);
              return advance(parcelRefused.of(payload));
            }),
        }),
      ],
    });
    const watched = createTestEngine(database.current, [shipping, watching]);
    await watched.order('a');
    await watched.relay();
    // The worker died between telling the progress of one stage and of the other; then Redis was lost.
    await database.current.sql`
      insert into stage_progress (stage, stream, shard, done_pub_seq) values ('shipping.pack', 'parcel.ordered', 0, 1)`;
    await watched.loseRedis();
    await watched.repair();
    await watched.runUntilIdle();
    expect(watched.services.calls).toContain('watch a');
    await watched.stop();
  });
});

describe('trimming', () => {
  test('keeps what a stage has not finished, and a tail for live readers', async () => {
    await orderInPacks(1_200, 100);
    await engine.relay();
    await engine.trim();
    const key = engine.keys.key('parcel.ordered', 0);
    expect(await engine.redis.xlen(key)).toBe(12);
    await engine.runUntilIdle();
    await engine.trim();
    expect(await engine.redis.xlen(key)).toBe(10);
    const [row] = await database.current.sql<{ done: string }[]>`
      select done_pub_seq as done from stage_progress where stage = 'shipping.pack' and stream = 'parcel.ordered'`;
    expect(Number(row?.done)).toBe(1_200);
  });

  test('holds at an entry that is pending', async () => {
    await orderInPacks(2_200, 100);
    for (const consumer of engine.consumers) await consumer.createGroups();
    await engine.relay();
    // Another process has read everything and finished all but the second entry.
    const key = engine.keys.key('parcel.ordered', 0);
    await engine.redis.xreadgroup('GROUP', 'shipping.pack', 'elsewhere', 'COUNT', 2_000, 'STREAMS', key, '>');
    for (let last = 100; last <= 2_200; last += 100) {
      if (last !== 200) await engine.redis.xack(key, 'shipping.pack', `${last}-100`);
    }
    await engine.trim();
    expect((await engine.redis.xrange(key, '-', '+', 'COUNT', 1)).map(([id]) => id)).toEqual(['200-100']);
  });

  test('is not held up by a pending entry that is gone from the stream', async () => {
    await engine.order('a', 'b');
    const [consumer] = engine.consumers;
    await consumer?.createGroups();
    await engine.relay();
    const key = engine.keys.key('parcel.ordered', 0);
    const group = 'shipping.pack';
    await engine.redis.xreadgroup('GROUP', group, consumer?.name ?? '', 'COUNT', 1, 'STREAMS', key, '>');
    await engine.redis.xtrim(key, 'MINID', '2-0');
    await engine.runUntilIdle();
    expect(await engine.redis.xpending(key, group)).toEqual([0, null, null, null]);
  });
});

describe('an announcement', () => {
  test('is told once when two deliveries of one event overlap', async () => {
    const bothAreIn = Promise.withResolvers<void>();
    let inside = 0;
    const telling = workflow('telling', {
      startedBy: 'Mutation.orderParcel',
      stages: [
        stage('tell', {
          on: parcelOrdered,
          emits: [parcelShipped],
          announces: [parcelRefused],
          retry: once,
          timeoutMs: 5_000,
          pivot: true,
          run: async ({ payload }, context) => {
            inside += 1;
            if (inside === 2) bothAreIn.resolve();
            await bothAreIn.promise;
            await context.announce(parcelRefused.of(payload));
            return advance(parcelShipped.of(payload));
          },
        }),
      ],
    });
    const first = createTestEngine(database.current, [telling]);
    const second = createTestEngine(database.current, [telling]);
    try {
      await first.order('a');
      await first.relay();
      // The other Redis prefix is as empty as a Redis that lost everything: the event is delivered there once more.
      await second.repair();
      await Promise.all([first.runUntilIdle(), second.runUntilIdle()]);
      expect(await first.history('a')).toEqual(['parcel.ordered', 'parcel.refused', 'parcel.shipped']);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });
});

describe('reclaiming', () => {
  test('takes over what a dead consumer left, once', async () => {
    await engine.order('a');
    for (const consumer of engine.consumers) await consumer.createGroups();
    await engine.pass();
    const pay = engine.consumers.find((consumer) => consumer.seat.id === 'shipping.pay');
    expect(await readAs('ghost', 'shipping.pay', 'parcel.packed')).toBe(1);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'RUNNING', stage: 'shipping.pay' });
    await pay?.reclaim(0);
    await pay?.idle();
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED' });
    expect(engine.services.calls.filter((line) => line === 'pay a')).toHaveLength(1);
  });

  test('gives up on what killed each consumer that worked on it', async () => {
    await engine.order('a');
    for (const consumer of engine.consumers) await consumer.createGroups();
    await engine.pass();
    const pay = engine.consumers.find((consumer) => consumer.seat.id === 'shipping.pay');
    const key = engine.keys.key('parcel.packed', 0);
    await readAs('ghost', 'shipping.pay', 'parcel.packed');
    const [pending] = await engine.redis.xpending(key, 'shipping.pay', '-', '+', 1);
    const [entryId] = Array.isArray(pending) ? pending : [];
    await engine.redis.xclaim(key, 'shipping.pay', 'ghost', 0, String(entryId), 'RETRYCOUNT', 9);
    await pay?.reclaim(0);
    await engine.runUntilIdle();
    // Before the pivot has passed that ends as every failure there: undone and cancelled.
    expect(engine.services.calls).toEqual(['pack a', 'unpay a']);
    expect(await engine.run('a')).toMatchObject({ state: 'FAILED' });
  });

  test('does not take what waited for the database for what kills its consumers', async () => {
    const away = () => Object.assign(new Error('the database is shutting down'), { code: '57P01' });
    fail(engine.services, 'pay', ...Array.from({ length: 8 }, away));
    await engine.order('a');
    const pay = engine.consumers.find((consumer) => consumer.seat.id === 'shipping.pay');
    for (const consumer of engine.consumers) await consumer.createGroups();
    await engine.runUntilIdle();
    for (let round = 0; round < 6; round++) {
      await pay?.read(engine.redis, 'PENDING', null);
      await pay?.idle();
    }
    await pay?.reclaim(0);
    await pay?.idle();
    await pay?.read(engine.redis, 'PENDING', null);
    await engine.runUntilIdle();
    expect(await engine.run('a')).toMatchObject({ state: 'COMPLETED' });
  });

  const readAs = async (name: string, group: string, stream: string) => {
    const key = engine.keys.key(stream, 0);
    await engine.relay();
    const answer = await engine.redis.xreadgroup('GROUP', group, name, 'COUNT', 10, 'STREAMS', key, '>');
    return Array.isArray(answer) ? answer.length : 0;
  };
});
