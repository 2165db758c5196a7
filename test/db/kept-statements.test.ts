import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { KeptStatements } from '../../src/db/kept-statements.ts';
import { cloneDatabase } from '../support/database.ts';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
beforeAll(async () => {
  clone = await cloneDatabase();
});
afterAll(() => clone.drop());

test('a connection keeps a statement that comes the third time, and answers by it', async () => {
  const { db } = clone.database;
  const answers = await db.transaction(async (tx) => {
    const ask = async (n: number) => (await tx.execute<{ n: number }>(sql`select ${n}::int + 1 as n`))[0]?.n;
    const kept = async () =>
      (await tx.execute(sql`select 1 from pg_prepared_statements where statement like 'select $1::int + 1%'`)).length;
    const before = [await ask(1), await ask(2), await kept()];
    return [...before, await ask(3), await ask(4), await kept()];
  });
  expect(answers).toEqual([2, 3, 0, 4, 5, 1]);
});

test('texts that vary without end are not kept, and never more than 500 are', () => {
  const statements = new KeptStatements();
  for (let at = 0; at < 5_000; at++) expect(statements.isKept(`select ${at}`)).toBe(false);
  // The oldest were forgotten: the first counts as new.
  expect([statements.isKept('select 0'), statements.isKept('select 0')]).toEqual([false, false]);
  const kept = Array.from({ length: 600 }, (_, at) =>
    [1, 2, 3].map(() => statements.isKept(`kept ${at}`)).includes(true),
  );
  expect(kept.filter(Boolean)).toHaveLength(500);
});

test('a pool that looks up by key plans once, by an index, even while a table is empty', async () => {
  const pool = openDatabase(clone.url, { poolMax: 1, looksUpByKey: true });
  try {
    const plans = await pool.db.transaction(async (tx) => {
      for (let use = 0; use < 5; use++) await tx.execute(sql`select 1 from event where id = ${use}::bigint`);
      const [kept] = await tx.execute<{ generic_plans: string; custom_plans: string }>(sql`
        select generic_plans, custom_plans from pg_prepared_statements where statement like 'select 1 from event%'`);
      const [plan] = await tx.execute(sql`explain (generic_plan) select 1 from event where id = $1::bigint`);
      return { kept, plan: JSON.stringify(plan) };
    });
    expect(plans.kept).toEqual({ generic_plans: '3', custom_plans: '0' });
    expect(plans.plan).toContain('Index');
  } finally {
    await pool.close();
  }
});
