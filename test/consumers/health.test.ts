import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { claimSlot, slotsBetween } from '../../src/consumers/schedule.ts';
import { schedulesOf } from '../../src/consumers/schedules.ts';
import { runCheck } from '../../src/consumers/health/health.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
beforeEach(async () => {
  shop = await openMarketplace(database.current);
});
afterEach(() => shop.close());

const checksSchema = z.array(z.object({ name: z.string(), status: z.string(), detail: z.string() }));
const SLOT = new Date('2026-01-01T00:01:00Z');
const HOUR_MS = 3_600_000;
const [healthSchedule] = schedulesOf({ health: '* * * * *', payouts: '0 4 1 * *' });
if (!healthSchedule) throw new TypeError('health has no schedule');
const claim = (node: string, date = SLOT) =>
  claimSlot(healthSchedule, { db: database.current.db, shards: 1, node }, date);

async function report() {
  await shop.runFor(10_000);
  const [row] = await database.current.sql<{ status: string; checks: unknown }[]>`
    select status, checks from health_report order by slot desc limit 1`;
  const checks = checksSchema.parse(row?.checks ?? []);
  return { status: row?.status, of: (name: string) => checks.find((check) => check.name === name) };
}

test('a slot is run once, however many nodes claim it', async () => {
  const claims = await Promise.all(['a', 'b', 'c', 'd'].map((node) => claim(node)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  await shop.runFor(10_000);
  const [row] = await database.current.sql<{ count: number }[]>`select count(*)::int as count from health_report`;
  expect(row?.count).toBe(1);
});

test('slots that were passed over are made up for, the newest ten, as far back as the schedule says', () => {
  const everyMinute = (second: Date) => second.getTime() % 60_000 === 0;
  const until = new Date('2026-01-01T12:00:30Z');
  const since = (msAgo: number) => slotsBetween(everyMinute, new Date(until.getTime() - msAgo), until, HOUR_MS);
  expect(since(1_000)).toEqual([]);
  expect(since(91_000).map((slot) => slot.toISOString())).toEqual([
    '2026-01-01T11:59:00.000Z',
    '2026-01-01T12:00:00.000Z',
  ]);
  expect(
    since(86_400_000)
      .map((slot) => slot.getTime())
      .at(0),
  ).toBe(new Date('2026-01-01T11:51:00Z').getTime());
  expect(since(86_400_000)).toHaveLength(10);
  const nightly = (second: Date) => second.getTime() % 86_400_000 === 0;
  const dayBefore = new Date(until.getTime() - 86_400_000);
  expect(slotsBetween(nightly, dayBefore, until, HOUR_MS)).toEqual([]);
  expect(slotsBetween(nightly, dayBefore, until, 26 * HOUR_MS)).toEqual([new Date('2026-01-01T00:00:00Z')]);
});

test('a sound house is UP in every check', async () => {
  await claim('a');
  const found = await report();
  expect(found.status).toBe('UP');
  for (const name of [
    'database',
    'redis',
    'stream-lag',
    'outbox-age',
    'stuck-runs',
    'dead-letters',
    'ledger-sum',
    'storage',
    'files',
    'ai',
    'gateway',
    'mail',
  ]) {
    expect([name, found.of(name)?.status]).toEqual([name, 'UP']);
  }
});

test('a dead letter, a stuck run and a ledger that is off are seen', async () => {
  await database.current.sql`
    insert into dead_letter (id, stage, stream, event_id, reason, error, attempts, payload)
    values (gen_random_uuid(), 'purchase.fulfil', 'x', 1, 'TERMINAL', 'boom', 1, '{}')`;
  await database.current.sql`
    insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at)
    values ('purchase/1', 'purchase', 'order:x', 0, 'RUNNING', 'purchase.fulfil', 1, '2025-01-01', '2025-01-01')`;
  await database.current.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`insert into ledger_transaction (id, key, created_at) values ('00000000-0000-7000-8000-000000000001', 'x', now())`;
    await tx`insert into ledger_entry values ('00000000-0000-7000-8000-000000000001', 0, 'platform-fee', 'EUR', 5)`;
  });
  await claim('a');
  const found = await report();
  expect(found.status).toBe('DOWN');
  expect(found.of('dead-letters')).toMatchObject({ status: 'DEGRADED' });
  expect(found.of('stuck-runs')).toMatchObject({ status: 'DEGRADED' });
  expect(found.of('ledger-sum')).toMatchObject({
    status: 'DOWN',
    detail: 'The ledger is off by 5 minor units of EUR.',
  });
});

test('a check that throws is DOWN and says why', async () => {
  const broken = { name: 'broken', look: async () => Promise.reject(new Error('no such thing')) };
  expect(await runCheck(broken, shop.services, SLOT)).toMatchObject({ status: 'DOWN', detail: 'no such thing' });
});
