/** What a run does goes straight into the database where nothing stands in its way: tried once, not undone and tried again. */
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Tx } from '../../src/db/client.ts';
import { advance, once, together } from '../../src/streams/index.ts';
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

/** With the transaction and the command within it that wrote each: the notes, the events that tell of them, their runs. */
const writtenBy = () => database.current.sql<{ what: string; transaction: string; command: string }[]>`
  select 'note' as what, xmin::text as transaction, cmin::text as command from note
  union all select 'event', xmin::text, cmin::text from event where type = 'parcel.shipped'
  union all select 'run', xmin::text, cmin::text from run`;

const noted = (parcels: readonly string[]) => ({
  noted: sql`insert into note select * from unnest(${sql.param([...parcels])}::text[])`,
});

const notes = async () =>
  (await database.current.sql`select parcel from note order by parcel`).map(({ parcel }) => parcel);

describe('what stores nothing but parts', () => {
  beforeEach(() => database.current.sql`create table note (parcel text primary key)`);
  afterEach(() => database.current.sql`drop table note`);
  const shipped = (parcel: string) => advance(parcelShipped.of({ parcel }), together(noted, parcel));
  const declared = { on: parcelOrdered, emits: [parcelShipped], retry: once } as const;

  const start = (deliver: ReturnType<typeof stage>) => {
    const delivering = workflow('delivering', { startedBy: 'the test', stages: [deliver] });
    const engine = createTestEngine(database.current, [delivering]);
    engines.push(engine);
    return engine;
  };

  test.each([
    [
      'decides over a batch',
      stage('deliver', {
        ...declared,
        decideBatch: async (_db, inputs) => inputs.map(({ payload }) => shipped(payload.parcel)),
      }),
    ],
    [
      'calls out',
      stage('deliver', { ...declared, timeoutMs: 5_000, run: async ({ payload }) => shipped(payload.parcel) }),
    ],
  ])('is one statement of a stage that %s', async (_kind, deliver) => {
    const engine = start(deliver);
    await engine.order('a');
    const transaction = vi.spyOn(database.current.db, 'transaction');
    await engine.runUntilIdle();
    expect(transaction).not.toHaveBeenCalled();
    transaction.mockRestore();
    const written = await writtenBy();
    expect(written.map(({ what }) => what)).toEqual(['note', 'event', 'run']);
    expect(new Set(written.map(({ transaction, command }) => `${transaction} ${command}`)).size).toBe(1);
  });

  test('is not stored for a run that has moved on', async () => {
    let calls = 0;
    const engine = start(
      stage('deliver', {
        ...declared,
        timeoutMs: 5_000,
        run: async ({ payload, runId }) => {
          calls += 1;
          await database.current
            .sql`update run set state = 'CANCELLED' where id = ${runId} and ${payload.parcel} = 'a'`;
          return shipped(payload.parcel);
        },
      }),
    );
    await engine.order('a', 'b');
    await engine.runUntilIdle();
    expect([calls, await notes(), await engine.history('a')]).toEqual([2, ['b'], ['parcel.ordered']]);
  });

  test('is undone with what functions have written, where a run has moved on', async () => {
    const engine = start(
      stage('deliver', {
        ...declared,
        timeoutMs: 5_000,
        run: async ({ payload: { parcel }, runId }) => {
          const write = async (tx: Tx) => {
            await tx.execute(sql`insert into note values (${`by a function: ${parcel}`})`);
            await database.current.sql`update run set state = 'CANCELLED' where id = ${runId} and ${parcel} = 'a'`;
          };
          return advance(parcelShipped.of({ parcel }), [write, together(noted, parcel)]);
        },
      }),
    );
    await engine.order('a');
    await engine.order('b');
    await engine.runUntilIdle();
    expect(await notes()).toEqual(['b', 'by a function: b']);
    expect(await engine.history('a')).toEqual(['parcel.ordered']);
  });

  test('is stored for all but the one whose part cannot be', async () => {
    const engine = start(
      stage('deliver', {
        ...declared,
        decideBatch: async (_db, inputs) => inputs.map(({ payload }) => shipped(payload.parcel)),
      }),
    );
    await database.current.sql`insert into note values ('b')`;
    await engine.order('a', 'b', 'c');
    await engine.runUntilIdle();
    expect(await notes()).toEqual(['a', 'b', 'c']);
    expect(await engine.history('b')).toEqual(['parcel.ordered']);
    expect(await engine.history('c')).toEqual(['parcel.ordered', 'parcel.shipped']);
  });
});
