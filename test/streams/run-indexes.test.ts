/** What the indexes of runs cost a run that goes straight on, and what they spare those who look for the others. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { adoptRuns } from '../../src/streams/adopt.ts';
import { createRegistry } from '../../src/streams/registry.ts';
import { type RunAdvance, advanceStraight, insertStraight, NotStraightError } from '../../src/streams/runs.ts';
import { refuseStrandedShards } from '../../src/streams/shards.ts';
import { cloneDatabase } from '../support/database.ts';
import { changesOf, readsOf } from './reads-of.ts';
import { shipping } from './workflows.ts';

const ENDED = 30_000;
const now = new Date('2030-01-01T00:00:00Z');
const registry = createRegistry([shipping]);
const [pack, pay, ship] = registry.seats;

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
  const begin = (id: number): RunAdvance & { subject: string; fromEventId: number } => ({
    runId: `shipping/${id}`,
    subject: `parcel:${id}`,
    fromEventId: id,
    eventId: 1_000 + id,
    stage: 'shipping.pay',
    state: 'RUNNING',
  });
  // Few enough that all their versions find room in one page.
  const begun = Array.from({ length: 10 }, (_, id) => begin(id));
  const onward = (stage: string, state: 'RUNNING' | 'COMPLETED', from: number) =>
    begun.map((one) => ({
      ...one,
      fromEventId: one.eventId + from,
      eventId: one.eventId + from + 1_000,
      stage,
      state,
    }));

  test('tells no index of its steps and of its end', async () => {
    if (!pack || !pay || !ship) throw new Error('the workflow has three stages');
    await keyed.db.transaction((tx) => insertStraight(tx, pack, begun, { now, shards: 1 }));
    const step = await changesOf(keyed, (tx) => advanceStraight(tx, pay, onward('shipping.ship', 'RUNNING', 0), now));
    expect(step).toEqual({ changed: 10, untold: 10 });
    const end = await changesOf(keyed, (tx) =>
      advanceStraight(tx, ship, onward('shipping.ship', 'COMPLETED', 1_000), now),
    );
    expect(end).toEqual({ changed: 10, untold: 10 });
  });

  test('does not begin where another has begun', async () => {
    if (!pack) throw new Error('the workflow has stages');
    const twice = keyed.db.transaction((tx) => insertStraight(tx, pack, [begin(9_000), begin(7)], { now, shards: 1 }));
    await expect(twice).rejects.toThrow(NotStraightError);
    const rows = await keyed.sql`select id from run where id = 'shipping/9000'`;
    expect(rows).toEqual([]);
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
