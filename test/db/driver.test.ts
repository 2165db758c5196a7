import type { ISql } from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const ROUNDS = 20;
let own: Database;
beforeEach(() => {
  own = openDatabase(database.url, { poolMax: 2 });
});
afterEach(() => own.close());

/** Ends the session `pid` and waits until it is gone. */
async function endSession(pid: number): Promise<void> {
  await database.current.sql`select pg_terminate_backend(${pid}, 5000)`;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test('survives a connection that dies between two statements of a transaction, and goes on with another', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const lost = own.sql.begin(async (tx) => {
      const [session] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await endSession(session?.pid ?? 0);
      await tx`select 1`;
    });
    expect(await failureOf(lost)).toBeInstanceOf(Error);
    expect(await own.sql`select 2 as two`).toEqual([{ two: 2 }]);
  }
});

test('survives a connection that dies under a statement of a transaction', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const lost = own.sql.begin(async (tx) => {
      const [session] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const waiting = failureOf(tx`select pg_sleep(10)`);
      await endSession(session?.pid ?? 0);
      throw await waiting;
    });
    expect(await failureOf(lost)).toBeInstanceOf(Error);
    expect(await own.sql`select 2 as two`).toEqual([{ two: 2 }]);
  }
});

test('sends nothing of a lost transaction over the connection that comes after it', async () => {
  const { sql } = database.current;
  await sql`create table lost_work (n int)`;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const ended = Promise.withResolvers<unknown>();
      const lost = own.sql.begin(async (tx) => {
        const [session] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await tx`insert into lost_work values (1)`;
        await endSession(session?.pid ?? 0);
        // Whoever comes next connects anew, in the place of the lost session.
        await Promise.all([own.sql`select 2`, own.sql`select 2`]).catch(() => {});
        ended.resolve(await failureOf(tx`insert into lost_work values (2)`));
      });
      expect(await failureOf(lost)).toBeInstanceOf(Error);
      expect(await ended.promise).toBeInstanceOf(Error);
    }
    expect(await sql`select n from lost_work`).toEqual([]);
  } finally {
    await sql`drop table lost_work`;
  }
});

test('has all its connections again afterwards', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const lost = own.sql.begin(async (tx) => {
      const [session] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await endSession(session?.pid ?? 0);
      await tx`select 1`;
    });
    await failureOf(lost);
  }
  const pids = await Promise.all(
    [0, 1].map(() => own.sql<{ pid: number }[]>`select pg_backend_pid() as pid from pg_sleep(0.2)`),
  );
  expect(new Set(pids.map(([row]) => row?.pid)).size).toBe(2);
});

test('answers every statement, however often all connections are cut at once', async () => {
  const own = openDatabase(database.url, { poolMax: 6, applicationName: 'cut-me' });
  let answered = 0;
  const asking = new AbortController();
  const ask = async () => {
    while (!asking.signal.aborted) {
      await own.sql
        .begin(async (tx) => {
          await tx`select 1`;
          await tx`select pg_sleep(0.002)`;
        })
        .catch(() => {});
      answered += 1;
    }
  };
  const askers = Array.from({ length: 8 }, ask);
  try {
    for (let round = 0; round < ROUNDS / 2; round++) {
      const before = answered;
      await database.current.sql`
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut-me'`;
      // Each asker is answered again after the cut: none of them waits for ever.
      await vi.waitFor(() => expect(answered).toBeGreaterThan(before + askers.length * 2), { timeout: 10_000 });
    }
    asking.abort();
    await Promise.all(askers);
  } finally {
    asking.abort();
    await own.close();
  }
}, 60_000);

test('asks the connection that was used last, so that those that are not needed rest', async () => {
  const pidOf = async (sql: ISql) => (await sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid;
  const both = await Promise.all([own.sql.reserve(), own.sql.reserve()]);
  expect(new Set(await Promise.all(both.map(pidOf))).size).toBe(2);
  for (const one of both) one.release();
  const pids = new Set<number | undefined>();
  for (let round = 0; round < ROUNDS; round++) {
    pids.add(await pidOf(own.sql));
    const reserved = await own.sql.reserve();
    pids.add(await pidOf(reserved));
    reserved.release();
  }
  expect(pids.size).toBe(1);
});
