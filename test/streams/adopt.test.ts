import { afterEach, expect, test } from 'vitest';
import { adoptRuns } from '../../src/streams/adopt.ts';
import { advance, once } from '../../src/streams/index.ts';
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
const engines: TestEngine[] = [];
afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.stop())));

const pack = stage('pack', {
  on: parcelOrdered,
  emits: [parcelPacked],
  retry: once,
  runBatch: async (_tx, inputs) => inputs.map(({ payload }) => advance(parcelPacked.of(payload))),
});
const older = workflow('shipping', {
  startedBy: 'Mutation.orderParcel',
  stages: [
    pack,
    stage('ship', {
      on: parcelPacked,
      emits: [parcelShipped],
      retry: once,
      runBatch: async (_tx, inputs) => inputs.map(({ payload }) => advance(parcelShipped.of(payload))),
    }),
  ],
});
/** Weighs before it ships: what the older release had left to be shipped must be weighed first. */
const newer = workflow('shipping', {
  startedBy: 'Mutation.orderParcel',
  stages: [
    pack,
    stage('weigh', {
      on: parcelPacked,
      emits: [parcelPaid],
      retry: once,
      runBatch: async (_tx, inputs) => inputs.map(({ payload }) => advance(parcelPaid.of(payload))),
    }),
    stage('ship', {
      on: parcelPaid,
      emits: [parcelShipped],
      retry: once,
      runBatch: async (_tx, inputs) => inputs.map(({ payload }) => advance(parcelShipped.of(payload))),
    }),
  ],
});

async function leaveAtPacked(): Promise<TestEngine> {
  const before = createTestEngine(database.current, [older]);
  const after = createTestEngine(database.current, [newer], { keyPrefix: before.keyPrefix });
  engines.push(before, after);
  await before.order('a');
  await before.relay();
  const packing = before.consumers.find((consumer) => consumer.seat.id === 'shipping.pack');
  await packing?.createGroups();
  await packing?.read(before.redis, 'NEW', null);
  await packing?.idle();
  expect(await before.run('a')).toMatchObject({ state: 'RUNNING', stage: 'shipping.ship' });
  return after;
}

test('carries on what an older release left at a stage whose event belongs to another one now', async () => {
  const after = await leaveAtPacked();
  await after.runUntilIdle();
  expect(await after.run('a')).toMatchObject({ state: 'RUNNING', stage: 'shipping.ship' });
  after.advanceTime(31_000);
  expect(await adoptRuns(database.current.db, after.registry, after.clock.now())).toBe(1);
  await after.runUntilIdle();
  expect(await after.history('a')).toEqual(['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped']);
  expect(await after.run('a')).toMatchObject({ state: 'COMPLETED' });
});

test('leaves runs alone that moved lately, or that wait for their own stage', async () => {
  const after = await leaveAtPacked();
  expect(await adoptRuns(database.current.db, after.registry, after.clock.now())).toBe(0);
  after.advanceTime(31_000);
  const adopted = await Promise.all(
    engines.slice(0, 1).map((before) => adoptRuns(database.current.db, before.registry, after.clock.now())),
  );
  expect(adopted).toEqual([0]);
});
