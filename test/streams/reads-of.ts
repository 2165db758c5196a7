/** What a piece of work reads and changes of the engine's tables, by PostgreSQL's own count. */
import { sql } from 'drizzle-orm';
import type { Database, Tx } from '../../src/db/client.ts';

const TABLES = ['event', 'run', 'timer'] as const;
type Table = (typeof TABLES)[number];

/** @returns what `work` returns, and how many rows of each table it has read; it is rolled back */
export async function readsOf<Value>(database: Database, work: (tx: Tx) => Promise<Value>) {
  const undone = new Error('only looked');
  let seen: ({ value: Value } & Record<Table, number>) | undefined;
  await database.db
    .transaction(async (tx) => {
      const before = await countOf(tx, sql`seq_tup_read + coalesce(idx_tup_fetch, 0)`);
      const value = await work(tx);
      const after = await countOf(tx, sql`seq_tup_read + coalesce(idx_tup_fetch, 0)`);
      const of = (table: Table) => (after.get(table) ?? 0) - (before.get(table) ?? 0);
      seen = { value, event: of('event'), run: of('run'), timer: of('timer') };
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return seen;
}

/** @returns what `work` returns, how many rows of runs it changed, and of how many of them no index had to be told */
export function changesOf<Value>(database: Database, work: (tx: Tx) => Promise<Value>) {
  return database.db.transaction(async (tx) => {
    const counts = async () => [await countOf(tx, sql`n_tup_upd`), await countOf(tx, sql`n_tup_hot_upd`)] as const;
    const before = await counts();
    const value = await work(tx);
    const after = await counts();
    const [changed, untold] = [0, 1].map((at) => (after[at]?.get('run') ?? 0) - (before[at]?.get('run') ?? 0));
    return { value, changed, untold };
  });
}

async function countOf(tx: Tx, count: ReturnType<typeof sql>) {
  const rows = await tx.execute<{ name: string; n: number }>(sql`
    select relname as name, (${count})::int as n from pg_stat_xact_user_tables
    where relname in (${sql.join(
      TABLES.map((table) => sql`${table}`),
      sql`, `,
    )})`);
  return new Map([...rows].map(({ name, n }) => [name, n]));
}
