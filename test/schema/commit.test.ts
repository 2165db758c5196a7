import { expect, test } from 'vitest';
import { RETRYING } from '../../src/streams/index.ts';
import type { WireEvent } from '../../src/streams/delivery.ts';
import { append } from '../../src/schema/append.ts';
import { commitWith } from '../../src/schema/commit.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const now = new Date('2026-01-01T00:00:00.000Z');
const draftsOf = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ type: RETRYING, subject: `order:${at}`, payload: { at } }));

/** Commits, and what the relay was told by it. */
function openCommit() {
  const told: (readonly WireEvent[] | undefined)[] = [];
  return { told, commit: commitWith(database.current.db, (events) => told.push(events)) };
}

test('a commit tells the relay what it stored, as it will travel', async () => {
  const { told, commit } = openCommit();
  await commit(async (tx) => {
    await append({ shards: 1 }, tx, draftsOf(2), now);
    await append({ shards: 1 }, tx, draftsOf(1), now);
    expect(told).toEqual([]);
  });
  const stored = await database.current.sql<WireEvent[]>`
    select id::int, type, subject, seq, run_id as "runId", stage, attempts, duration_ms as "durationMs", payload,
           null as again from event order by id`;
  expect(told).toEqual([stored.map((event) => ({ ...event, createdAt: now.toISOString() }))]);
  expect(stored.map(({ seq }) => seq)).toEqual([1, 1, 2]);
});

test('what was rolled back is not told', async () => {
  const { told, commit } = openCommit();
  const failing = commit(async (tx) => {
    await append({ shards: 1 }, tx, draftsOf(1), now);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(told).toEqual([]);
});

test('of much only that there is something is told', async () => {
  const { told, commit } = openCommit();
  await commit((tx) => append({ shards: 1 }, tx, draftsOf(101), now));
  await commit(async (tx) => {
    for (const count of [80, 30, 10]) await append({ shards: 1 }, tx, draftsOf(count), now);
  });
  expect(told).toEqual([[], []]);
});
