/** Which statements a backlog spent its time and its write-ahead log on, as pg_stat_statements counted them. */
import type postgres from 'postgres';
import { formatNumber } from '../figures/statistics.ts';

/** What the server must be started with. */
export const PROFILE_SETTINGS = { shared_preload_libraries: 'pg_stat_statements' };

const STATEMENTS_MAX = 15;
const WORDS_MAX = 110;

export async function startProfile(sql: postgres.Sql): Promise<void> {
  await sql.unsafe('create extension if not exists pg_stat_statements');
  await sql.unsafe('select pg_stat_statements_reset()');
}

/** The costliest statements of this database since `startProfile`, one a line, per purchase. */
export async function readProfile(sql: postgres.Sql, purchases: number): Promise<string> {
  const rows = await sql<{ calls: number; ms: number; wal: number; rows: number; query: string }[]>`
    select calls::float8, total_exec_time as ms, wal_bytes::float8 as wal, rows::float8, query
    from pg_stat_statements s join pg_database d on d.oid = s.dbid
    where d.datname = current_database() order by total_exec_time desc limit ${STATEMENTS_MAX}`;
  const lines = rows.map(
    ({ calls, ms, wal, rows, query }) =>
      `  ${formatNumber((ms / purchases) * 1_000).padStart(7)} µs  ${formatNumber(wal / purchases).padStart(7)} B  ` +
      `${formatNumber(calls).padStart(7)} calls  ${formatNumber(rows).padStart(8)} rows  ` +
      query.replaceAll(/\s+/g, ' ').trim().slice(0, WORDS_MAX),
  );
  return ['  time and WAL a purchase, by statement:', ...lines].join('\n');
}
