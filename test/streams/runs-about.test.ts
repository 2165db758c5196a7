/** How much of the tables it takes to find the runs about a subject, on tables that nobody has analyzed and on others. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Tx } from '../../src/db/client.ts';
import { cancelRun } from '../../src/streams/runs.ts';
import { runsAbout } from '../../src/streams/runs-about.ts';
import { hurryRuns } from '../../src/streams/timers.ts';
import { cloneDatabase } from '../support/database.ts';
import { readsOf } from './reads-of.ts';

const OTHERS = 10_000;
const BUSY_EVENTS = 5_000;
const now = new Date('2030-01-01T00:00:00Z');
const starts = [
  { workflow: 'ship', on: 'parcel.ordered' },
  { workflow: 'weigh', on: 'parcel.ordered' },
  { workflow: 'thank', on: 'parcel.shipped' },
];

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let keyed: Database;
beforeAll(async () => {
  clone = await cloneDatabase();
  keyed = openDatabase(clone.url, { poolMax: 1, looksUpByKey: true });
  // Each parcel is ordered, which starts a run that waits for its next try; the events of one subject start nothing.
  await clone.database.sql`
    with told as (
      insert into event (shard, type, subject, seq, payload)
      select 0, 'parcel.ordered', 'parcel:' || n, 1, '{}' from generate_series(1, ${OTHERS}) n returning id, subject),
    begun as (
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at)
      select 'ship/' || id, 'ship', subject, 0, 'RUNNING', 'ship.pack', id, now() from told returning id, at_event_id),
    waiting as (
      insert into timer (due_at, shard, stage, run_id, event_id)
      select '2031-01-01', 0, 'ship.pack', id, at_event_id from begun)
    insert into event (shard, type, subject, seq, run_id, payload)
    select 0, 'health.reported', 'health', n, 'ship/' || (select min(id) + n from told), '{}'
    from generate_series(1, ${BUSY_EVENTS}) n`;
});
afterAll(async () => {
  await keyed.close();
  await clone.drop();
});

const find = async (tx: Tx, ...subjects: string[]) => {
  const rows = await tx.execute<{ subject: string }>(sql`
    select r.subject from ${runsAbout(subjects, starts)} r order by r.started_at desc, r.id desc limit 50`);
  return [...rows].map(({ subject }) => subject);
};

describe.each([
  ['by kept statements on tables that nobody has analyzed', () => keyed, async () => {}],
  ['on analyzed tables', () => clone.database, () => clone.database.sql`analyze event, run, timer`],
])('%s', (_how, databaseOf, prepare) => {
  beforeAll(async () => {
    await prepare();
    // Statements are kept from their third use on, and planned then.
    for (let use = 0; use < 3; use++) {
      await readsOf(databaseOf(), (tx) => find(tx, 'parcel:1', 'parcel:2'));
      await readsOf(databaseOf(), (tx) => hurry(tx, 'parcel:1'));
      await readsOf(databaseOf(), (tx) => cancel(tx, 'parcel:1'));
    }
  });
  const hurry = (tx: Tx, ...subjects: string[]) => hurryRuns(tx, { workflow: 'ship', subjects, now });
  const cancel = (tx: Tx, subject: string) =>
    cancelRun(tx, { workflow: 'ship', startedBy: 'parcel.ordered', subject, now });

  test('runs are found by no more than their subjects’ events and themselves', async () => {
    const seen = await readsOf(databaseOf(), (tx) => find(tx, 'parcel:7', 'parcel:8', 'parcel:8', 'parcel:none'));
    expect(seen?.value.toSorted()).toEqual(['parcel:7', 'parcel:8']);
    expect(seen).toMatchObject({ event: 2, run: 2, timer: 0 });
  });

  test('of a subject with any number of events the last 1,000 are read', async () => {
    const seen = await readsOf(databaseOf(), (tx) => find(tx, 'health'));
    expect(seen).toEqual({ value: [], event: 1_000, run: 1_000, timer: 0 });
  });

  test('a run is hurried, and another cancelled, by reading little more', async () => {
    const hurried = await readsOf(databaseOf(), (tx) => hurry(tx, 'parcel:3', 'parcel:4'));
    expect(hurried?.value).toBe(2);
    const cancelled = await readsOf(databaseOf(), (tx) => cancel(tx, 'parcel:5'));
    expect(cancelled?.value).toBe(true);
    for (const seen of [hurried, cancelled])
      expect((seen?.event ?? 0) + (seen?.run ?? 0) + (seen?.timer ?? 0)).toBeLessThan(20);
  });
});
