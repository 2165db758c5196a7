/** What the indexes of runs cost a run that goes straight on, and what they spare those who look for the others. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/db/client.ts';
import { adoptRuns } from '../../src/streams/adopt.ts';
import { createRegistry } from '../../src/streams/registry.ts';
import { isRunTaken, isStray } from '../../src/streams/errors.ts';
import { appendEvents, type Steps } from '../../src/streams/outbox.ts';
import { advanceStraight, beginStraight, type RunStep } from '../../src/streams/runs.ts';
import { refuseStrandedShards } from '../../src/streams/shards.ts';
import { cloneDatabase } from '../support/database.ts';
import { changesOf, readsOf } from './reads-of.ts';
import { parcelPacked } from './support.ts';
import { shipping } from './workflows.ts';

const ENDED = 30_000;
const now = new Date('2030-01-01T00:00:00Z');
const registry = createRegistry([shipping]);
const [pack, pay, ship] = registry.seats;
if (!pack || !pay || !ship) throw new Error('the workflow has three stages');

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let keyed: Database;
beforeAll(async () => {
  clone = await cloneDatabase();
  keyed = openDatabase(clone.url, { poolMax: 1, looksUpByKey: true });
});
afterAll(async () => {
  await keyed.close();
  await clone.drop();
});

describe('a run that goes straight on', () => {
  // Few enough that all their versions find room in one page.
  const RUNS = Array.from({ length: 10 }, (_, id) => id);
  /** Tells an event of each run, and moves them by it. @returns the ids of the events */
  const tell = async (tx: Tx, runs: readonly number[], { seq, steps }: { seq: number; steps: Steps }) => {
    const drafts = runs.map((id) => {
      const origin = { runId: `shipping/${id}`, stage: 'shipping.pack', attempts: 1, durationMs: 1 };
      return { ...parcelPacked.of({ parcel: String(id) }), seq, origin };
    });
    const events = await appendEvents(tx, drafts, { now, shards: 1 }, { steps });
    return events.map(({ id }) => id);
  };
  const stepsOf = (runs: readonly number[], from: readonly number[], stage: string, state: RunStep['state']) =>
    runs.map((id, at) => ({ subject: `parcel:${id}`, fromEventId: from[at] ?? 0, stage, state }));
  const begin = (tx: Tx, runs: readonly number[], seq: number) =>
    tell(tx, runs, {
      seq,
      steps: beginStraight(pack, stepsOf(runs, runs, pay.id, 'RUNNING'), { now, shards: 1 }),
    });

  test('tells no index of its steps and of its end', async () => {
    const begun = await keyed.db.transaction((tx) => begin(tx, RUNS, 1));
    const step = await changesOf(keyed, (tx) =>
      tell(tx, RUNS, { seq: 2, steps: advanceStraight(pay, stepsOf(RUNS, begun, ship.id, 'RUNNING'), now) }),
    );
    expect(step).toMatchObject({ changed: 10, untold: 10 });
    const end = await changesOf(keyed, (tx) =>
      tell(tx, RUNS, {
        seq: 3,
        steps: advanceStraight(ship, stepsOf(RUNS, step.value, ship.id, 'COMPLETED'), now),
      }),
    );
    expect(end).toMatchObject({ changed: 10, untold: 10 });
    const ends = await keyed.sql`select distinct state, stage, at_event_id - ${begun[0] ?? 0} as from_first from run
                                 where id = 'shipping/0'`;
    expect(ends).toEqual([{ state: 'COMPLETED', stage: ship.id, from_first: '20' }]);
  });

  test('does not begin where another has begun', async () => {
    const twice = keyed.db.transaction((tx) => begin(tx, [9_000, 7], 4));
    await expect(twice).rejects.toSatisfy(isRunTaken);
    const left = await keyed.sql`select id from run where id = 'shipping/9000'`;
    expect(left).toEqual([]);
  });

  test('is not carried on from where it does not stand', async () => {
    const steps = advanceStraight(pay, stepsOf([7], [1], ship.id, 'RUNNING'), now);
    await expect(keyed.db.transaction((tx) => tell(tx, [7], { seq: 5, steps }))).rejects.toSatisfy(isStray);
    expect(await keyed.sql`select seq from event where subject = 'parcel:7' and seq = 5`).toEqual([]);
  });
});

describe.each([
  ['by kept statements', () => keyed],
  ['by others', () => clone.database],
])('%s', (_how, databaseOf) => {
  beforeAll(async () => {
    const { sql: run } = clone.database;
    await run`delete from run`;
    await run`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, ended_at)
      select 'shipping/' || n, 'shipping', 'parcel:' || n, 0, 'COMPLETED', 'shipping.ship', n, now(), now()
      from generate_series(1, ${ENDED}) n`;
    await run`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at)
      values ('shipping/0', 'shipping', 'parcel:0', 2, 'RUNNING', 'shipping.pay', 1, now())`;
    await run`vacuum analyze run`;
  });

  test('the open are found among many that have ended', async () => {
    const stranded = await readsOf(databaseOf(), (tx) =>
      refuseStrandedShards(tx, 1).catch((error: unknown) => String(error)),
    );
    expect(stranded?.value).toContain('work is under way in 3 shards');
    const adopting = await readsOf(databaseOf(), (tx) => adoptRuns(tx, registry, now));
    for (const seen of [stranded, adopting]) expect(seen?.run).toBeLessThan(ENDED / 10);
  });

  test('those in trouble are found among many others', async () => {
    const failed = await readsOf(databaseOf(), (tx) => {
      const fail = sql`update run set state = 'FAILED', ended_at = now() where id = 'shipping/5'`;
      const look = sql`
        select id from run where workflow = 'shipping' and state = 'FAILED' and is_troubled order by started_at desc`;
      return tx.execute(fail).then(() => tx.execute<{ id: string }>(look));
    });
    expect(failed?.value.map(({ id }) => id)).toEqual(['shipping/5']);
    expect(failed?.run).toBeLessThan(5);
  });
});
