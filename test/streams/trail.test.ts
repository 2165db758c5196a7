/** What stages ask of the outside is kept with what came of it, and costs no statement of its own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { advance, backoff, declare, once, snooze, TerminalError, watchCalls } from '../../src/streams/index.ts';
import { fireDueTimers } from '../../src/streams/timers.ts';
import { readTrail, type Trail, withCalls } from '../../src/streams/trail.ts';
import {
  createTestEngine,
  parcelCancelled,
  parcelOrdered,
  parcelPacked,
  parcelPaid,
  parcelShipped,
  type Services,
  type TestEngine,
  workflow,
} from './support.ts';
import { useDatabase } from '../support/database.ts';

const { stage } = declare<Services>();
const database = useDatabase();

class BankError extends Error {
  readonly code = 'BANK_AWAY';
}

/** What the bank answers next. */
const answers: (() => unknown)[] = [];
const bank = watchCalls('bank', {
  name: 'the bank',
  take: async (_request: { idempotencyKey: string; holder: string; signal?: AbortSignal }): Promise<unknown> =>
    answers.shift()?.() ?? { kind: 'TAKEN', secret: 'of the holder' },
  giveBack: async (_request: { idempotencyKey: string }): Promise<unknown> => ({ kind: 'GIVEN' }),
  look: async (): Promise<unknown> => answers.shift()?.() ?? { kind: 'FOUND' },
});
const HOLDER = 'Ada Lovelace';

const paying = workflow('paying', {
  startedBy: 'test',
  failsWith: {
    event: parcelCancelled,
    build: async (_tx, { subject }) => parcelCancelled.of({ parcel: subject.slice('parcel:'.length) }),
  },
  stages: [
    stage('pay', {
      on: parcelOrdered,
      emits: [parcelPaid],
      retry: backoff({ attemptsMax: 2, delayMs: 1_000, delayMsMax: 1_000 }),
      timeoutMs: 300,
      run: async ({ payload }, { signal }) => {
        await bank.look();
        await bank.take({ idempotencyKey: `${payload.parcel}:take`, holder: HOLDER, signal });
        return advance(parcelPaid.of(payload));
      },
      compensate: async ({ payload }) => {
        await bank.giveBack({ idempotencyKey: `${payload.parcel}:back` });
        return null;
      },
    }),
    stage('wait', {
      on: parcelPaid,
      emits: [parcelPacked],
      retry: once,
      run: async ({ payload }) => {
        const answer = await bank.look();
        if (answer === 'later') return snooze(5_000);
        return advance(parcelPacked.of(payload));
      },
    }),
    stage('ship', {
      on: parcelPacked,
      emits: [parcelShipped],
      retry: once,
      runBatch: async (_tx, inputs) => inputs.map(({ payload }) => advance(parcelShipped.of(payload))),
    }),
  ],
});

describe('a trail', () => {
  let engine: TestEngine;
  beforeEach(() => {
    answers.length = 0;
    engine = createTestEngine(database.current, [paying]);
  });
  afterEach(() => engine.stop());

  const trails = async () => {
    const rows = await database.current.sql<{ type: string; trail: unknown }[]>`
      select type, trail from event order by id`;
    return rows.map(({ type, trail }) => [type, callsOf(readTrail(trail))]);
  };
  const ofRun = async () => {
    const [row] = await database.current.sql<{ trail: unknown }[]>`select trail from run`;
    return readTrail(row?.trail);
  };
  const callsOf = (trail: Trail | null) =>
    trail?.calls.map(({ what, key, outcome, undoes }) =>
      [what, key, outcome, undoes].filter((part) => typeof part === 'string').join(' '),
    ) ?? null;

  test('rides in the event that the calls led to, with key, outcome and time, and without what was sent', async () => {
    await engine.order('a');
    await engine.runUntilIdle();
    expect(await trails()).toEqual([
      ['parcel.ordered', null],
      ['parcel.paid', ['bank.look FOUND', 'bank.take a:take TAKEN']],
      ['parcel.packed', ['bank.look FOUND']],
      ['parcel.shipped', null],
    ]);
    expect(await ofRun()).toBeNull();
    const [{ all } = { all: '' }] = await database.current.sql<{ all: string }[]>`
      select string_agg(trail::text, '') as all from event`;
    expect(all).not.toMatch(/Ada|holder|secret/);
    expect(all).toMatch(/"ms": \d+/);
  });

  test('of a try that failed rides in the event that tells of the next try', async () => {
    answers.push(
      () => ({ kind: 'FOUND' }),
      () => {
        throw new BankError('no');
      },
    );
    await engine.order('a');
    await engine.runUntilIdle();
    expect(await trails()).toEqual([
      ['parcel.ordered', null],
      ['stage.retrying', ['bank.look FOUND', 'bank.take a:take BANK_AWAY']],
    ]);
    engine.advanceTime(1_000);
    await engine.runUntilIdle();
    expect((await trails())[2]).toEqual(['parcel.paid', ['bank.look FOUND', 'bank.take a:take TAKEN']]);
  });

  test('says of a call that had no answer in time that it had none', async () => {
    answers.push(
      () => ({ kind: 'FOUND' }),
      () => new Promise(() => {}),
    );
    await engine.order('a');
    await engine.runUntilIdle();
    expect((await trails())[1]).toEqual(['stage.retrying', ['bank.look FOUND', 'bank.take a:take NO_ANSWER']]);
  });

  test('of waiting counts how often, and comes to the event in the end', async () => {
    answers.push(
      () => ({ kind: 'FOUND' }),
      () => ({ kind: 'TAKEN' }),
      () => 'later',
      () => 'later',
    );
    await engine.order('a');
    await engine.runUntilIdle();
    const since = engine.clock.now().toISOString();
    engine.advanceTime(5_000);
    await engine.runUntilIdle();
    const until = new Date(engine.clock.now().getTime() + 5_000).toISOString();
    expect(await ofRun()).toMatchObject({ waits: { count: 2, since, until } });
    engine.advanceTime(5_000);
    await engine.runUntilIdle();
    expect((await trails())[2]).toEqual(['parcel.packed', ['bank.look OK', 'bank.look OK', 'bank.look FOUND']]);
    const [row] = await database.current.sql<{ trail: unknown }[]>`
      select trail from event where type = 'parcel.packed'`;
    expect(readTrail(row?.trail)?.waits).toEqual({ count: 2, since, until });
    expect(await ofRun()).toBeNull();
  });

  test('of waiting stays although Redis is lost, and brings the event itself', async () => {
    answers.push(
      () => ({ kind: 'FOUND' }),
      () => ({ kind: 'TAKEN' }),
      () => 'later',
    );
    await engine.order('a');
    await engine.runUntilIdle();
    // What comes right behind one that waits is looked at more closely.
    await engine.order('b');
    await engine.runUntilIdle();
    engine.advanceTime(5_000);
    await engine.loseRedis();
    await engine.repair();
    // Its time has come, and what tells so is not on its way yet.
    await fireDueTimers(database.current.db, engine.clock.now());
    for (const consumer of engine.consumers) {
      await consumer.createGroups();
      await consumer.read(engine.redis, 'NEW', null);
      await consumer.idle();
    }
    expect((await trails()).at(-1)).toEqual(['parcel.packed', ['bank.look OK', 'bank.look FOUND']]);
  });

  test('of what failed for good and was undone rides in the event that ends the run', async () => {
    answers.push(
      () => ({ kind: 'FOUND' }),
      () => ({ kind: 'TAKEN' }),
      () => {
        throw new TerminalError('closed');
      },
    );
    await engine.order('a');
    await engine.runUntilIdle();
    engine.advanceTime(1);
    await engine.runUntilIdle();
    expect((await trails()).at(-1)).toEqual([
      'parcel.cancelled',
      ['bank.look TerminalError', 'bank.giveBack a:back GIVEN paying.pay'],
    ]);
    expect(await ofRun()).toBeNull();
  });

  test('keeps the newest twenty calls and counts the others', () => {
    const call = (at: number) => ({
      what: `bank.${at}`,
      key: null,
      at: new Date(at).toISOString(),
      ms: 1,
      outcome: 'OK',
    });
    let trail: Trail | null = null;
    for (let at = 0; at < 50; at += 1) trail = withCalls(trail, [call(at)]);
    expect(trail?.calls.map(({ what }) => what)).toEqual(Array.from({ length: 20 }, (_, at) => `bank.${at + 30}`));
    expect(trail?.left).toBe(30);
  });
});

describe('a watched port', () => {
  test('answers, throws and shows its values as it did before', async () => {
    expect(bank.name).toBe('the bank');
    answers.push(() => {
      throw new BankError('no');
    });
    await expect(bank.look()).rejects.toThrow(BankError);
    expect(await bank.look()).toEqual({ kind: 'FOUND' });
  });
});
