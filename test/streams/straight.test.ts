/** What a run does goes straight into the database where nothing stands in its way: tried once, not undone and tried again. */
import { afterEach, expect, test } from 'vitest';
import { advance, once } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { createTestEngine, parcelOrdered, parcelShipped, stage, type TestEngine, workflow } from './support.ts';

const database = useDatabase();
const engines: TestEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
});

/** How often the effect of a run is written until it holds. @param callsOut whether its first stage does */
async function writesOf({ callsOut }: { callsOut: boolean }): Promise<number> {
  let writes = 0;
  const delivered = (parcel: { parcel: string }) =>
    advance(parcelShipped.of(parcel), async () => {
      writes += 1;
    });
  const declared = { on: parcelOrdered, emits: [parcelShipped], retry: once } as const;
  const deliver = callsOut
    ? stage('deliver', { ...declared, timeoutMs: 5_000, run: async ({ payload }) => delivered(payload) })
    : stage('deliver', {
        ...declared,
        runBatch: async (_tx, inputs) => inputs.map(({ payload }) => delivered(payload)),
      });
  const engine = createTestEngine(database.current, [
    workflow('delivering', { startedBy: 'the test', stages: [deliver] }),
  ]);
  engines.push(engine);
  await engine.order('a');
  await engine.runUntilIdle();
  expect(await engine.history('a')).toEqual(['parcel.ordered', 'parcel.shipped']);
  return writes;
}

test.each([
  ['is pure SQL', false],
  ['calls out', true],
])('the effect of a first stage that %s is written once', async (_kind, callsOut) => {
  expect(await writesOf({ callsOut })).toBe(1);
});
