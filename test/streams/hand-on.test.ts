import { afterEach, expect, test, vi } from 'vitest';
import { advance, backoff, handOn, once } from '../../src/streams/index.ts';
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
afterEach(() => engine.stop());

/** What pack hands on; no copy of it is the same. */
const packed = { weightGrams: 500 };
const labelled = { label: 'L1' };

/** pack (sql) → pay (calls out) → ship (sql), each given what the one before has handed on. */
function handing() {
  const seen: string[] = [];
  const failures: (() => Error)[] = [];
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
        retry: backoff({ attemptsMax: 3, delayMs: 1_000, delayMsMax: 1_000 }),
        run: async ({ payload, handed }) => {
          note('pay', handed, packed);
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
  return { seen, failures };
}

const completes = () =>
  vi.waitFor(async () => {
    engine.advanceTime(1_000);
    expect((await engine.run('a'))?.state).toBe('COMPLETED');
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
  await engine.order('a');
  engine.wake();
  await completes();
  expect(seen).toEqual(['pack undefined', 'pay handed', 'pay undefined', 'ship handed']);
});
