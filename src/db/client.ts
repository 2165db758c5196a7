/**
 * The one way to PostgreSQL.
 *
 * Promise: every statement has a time limit, every pool a size, and no instant depends on the server's time zone.
 * Not here: queries (one file per aggregate beside this one).
 */
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { KeptStatements, keepingStatements } from './kept-statements.ts';
import { relations } from './relations.ts';

export type Db = ReturnType<typeof openDatabase>['db'];
/** A transaction, or the database itself: whatever statements run on. */
export type Tx = Pick<Db, 'select' | 'insert' | 'update' | 'delete' | 'execute' | 'query'>;
export type Sql = postgres.Sql;

export interface DatabaseOptions {
  poolMax: number;
  /** Longest a single statement may run. (Default: 30,000 ms) */
  statementTimeoutMs?: number;
  applicationName?: string;
  /**
   * True for a pool whose statements find their rows by keys, again and again: each is planned once, by indexes, whatever
   * the tables hold meanwhile. Planning anew was more than half of PostgreSQL's work for a purchase.
   * (Default: false, each execution is planned for its values and for the tables as they are)
   */
  looksUpByKey?: boolean;
}

/** A general plan that was made while a table was small must not go on reading all of it until the next analyze. */
const PLANS = {
  anew: { plan_cache_mode: 'force_custom_plan' },
  once: { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' },
};

const RECONNECT_SECONDS_MAX = 0.5;

/** Opens a pool. Connections are made when first needed; `close` waits for running queries up to 5 s. */
export function openDatabase(url: string, options: DatabaseOptions) {
  const sql = postgres(url, {
    max: options.poolMax,
    connect_timeout: 10,
    idle_timeout: 0,
    // The driver's own waits grow to 20 s when a restart cuts a whole pool at once: far longer than the restart itself.
    backoff: (retries: number) => (0.5 + Math.random() / 2) * Math.min(RECONNECT_SECONDS_MAX, 2 ** retries / 100),
    onnotice: () => {},
    connection: {
      application_name: options.applicationName ?? 'booky-hub',
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      idle_in_transaction_session_timeout: 60_000,
      ...(options.looksUpByKey === true ? PLANS.once : PLANS.anew),
      TimeZone: 'UTC',
      // An index is looked up from memory, not from a turning disk.
      random_page_cost: 1.1,
    },
  });
  const db = drizzle({ client: keepingStatements(sql, new KeptStatements()), relations });
  return { sql, db, close: () => sql.end({ timeout: 5 }) };
}

export type Database = ReturnType<typeof openDatabase>;
