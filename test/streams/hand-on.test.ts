import { afterEach, expect, test, vi } from 'vitest';
import { advance, backoff, handOn, once } from '../../src/streams/index.ts';
import { toWire } from '../../src/streams/outbox.ts';
import { useDatabase } from '../support/database.ts';
import {
  createTestEngine,
  parcelOrdered,
  parcelPacked,
  parcelPaid,
  parcelShipped,
  stage,
  type TestEngine,
  workflow,
} from './support.ts';

const database = useDatabase();
const WAIT = { timeout: 20_000, interval: 10 };
let engine: TestEngine;
afterEach(async () => {
  vi.useRealTimers();
  await engine.stop();
});

const RELAY_LOCK = 29_556;

/** What pack hands on; no copy of it is the same. */
const packed = { weightGrams: 500 };
const labelled = { label: 'L1' };

/** pack (sql) → pay (calls out, once at a time) → ship (sql), each given what the one before has handed on. */
function handing() {
  const seen: string[] = [];
  const failures: (() => Error)[] = [];
  /** What pay waits for. */
  const till = { isOpen: Promise.resolve() };
  const note = (name: string, handed: object | undefined, what: object) =>
    seen.push(`${name} ${handed === what ? 'handed' : typeof handed}`);
  const declared = workflow('handing', {
    startedBy: 'an order',
    stages: [
      stage('pack', {
        on: parcelOrdered,
        emits: [parcelPacked],
        retry: once,
        runBatch: async (_tx, inputs) =>
          inputs.map(({ payload, handed }) => {
            note('pack', handed, packed);
            return handOn(advance(parcelPacked.of(payload)), packed);
          }),
      }),
      stage('pay', {
        on: parcelPacked,
        emits: [parcelPaid],
        concurrency: 1,
        retry: backoff({ attemptsMax: 3, delayMs: 1_000, delayMsMax: 1_000 }),
        run: async ({ payload, handed }) => {
          note('pay', handed, packed);
          await till.isOpen;
          const error = failures.shift();
          if (error) throw error();
          return handOn(advance(parcelPaid.of(payload)), labelled);
        },
      }),
      stage('ship', {
        on: parcelPaid,
        emits: [parcelShipped],
        retry: once,
        runBatch: async (_tx, inputs) =>
          inputs.map(({ payload, handed }) => {
            note('ship', handed, labelled);
            return advance(parcelShipped.of(payload));
          }),
      }),
    ],
  });
  engine = createTestEngine(database.current, [declared]);
  return { seen, failures, till };
}

const completes = (parcel = 'a') =>
  vi.waitFor(async () => {
    engine.advanceTime(1_000);
    expect((await engine.run(parcel))?.state).toBe('COMPLETED');
  }, WAIT);

test('the next stage is given what this process carries on to it, as it was handed on', async () => {
  const { seen } = handing();
  engine.start();
  await engine.order('a');
  engine.wake();
  await completes();
  expect(seen).toEqual(['pack undefined', 'pay handed', 'ship handed']);
});

test('it is given nothing where the event came through Redis', async () => {
  const { seen } = handing();
  await engine.order('a');
  await engine.runUntilIdle();
  expect(seen).toEqual(['pack undefined', 'pay undefined', 'ship undefined']);
});

test('a retry is given nothing', async () => {
  const { seen, failures } = handing();
  failures.push(() => new Error('the till is stuck'));
  engine.start();
  await engine.order('a');
  engine.wake();
  await completes();
  expect(seen).toEqual(['pack undefined', 'pay handed', 'pay undefined', 'ship handed']);
});

test('what the database could not take is tried again without it', async () => {
  const { seen, failures } = handing();
  failures.push(() => Object.assign(new Error('the database is shutting down'), { code: '57P01' }));
  engine.start();
  // Nothing is numbered meanwhile, and so nothing comes through Redis.
  await database.current.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${RELAY_LOCK}, 0)`;
    const at = engine.clock.now().toISOString();
    const told = (await engine.order('a')).map((one) => toWire(parcelOrdered.of({ parcel: 'a' }), one, at));
    await vi.waitFor(async () => {
      engine.wake(told);
      expect(await engine.run('a')).toBeDefined();
    }, WAIT);
    await completes();
  });
  expect(seen).toEqual(['pack undefined', 'pay handed', 'pay undefined', 'ship handed']);
});

test('a call that has waited a second for its turn is given nothing: its run may stand elsewhere meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { seen, till } = handing();
  const { promise, resolve } = Promise.withResolvers<void>();
  till.isOpen = promise;
  engine.start();
  await engine.order('a', 'b', 'c');
  engine.wake();
  await vi.waitFor(async () => {
    expect(await database.current.sql`select 1 from run where stage = 'handing.pay'`).toHaveLength(3);
    expect(seen).toContain('pay handed');
  }, WAIT);
  vi.advanceTimersByTime(1_000);
  resolve();
  for (const parcel of ['a', 'b', 'c']) await completes(parcel);
  expect(seen.filter((what) => what.startsWith('pay'))).toEqual(['pay handed', 'pay undefined', 'pay undefined']);
  expect(seen.filter((what) => what.startsWith('ship'))).toEqual(['ship handed', 'ship handed', 'ship handed']);
});
