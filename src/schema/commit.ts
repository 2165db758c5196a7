/**
 * The one way to write: a transaction that is done again when it lost a race, then the relay is told what it stored.
 *
 * Lost: a rival took the same seq of a subject or the same key, or bought the same; a serialization failure, a deadlock; all
 * of them mean that nothing was written. A lost connection is not done again here: its commit may have landed.
 */
import type { Db, Tx } from '../db/client.ts';
import type { Wake } from '../streams/hints.ts';
import { appendedIn } from './append.ts';
import { OverloadedError } from './errors.ts';

const TRIES_MAX = 3;
const RETRY_AFTER_MS = 250;
const RACES = new Set<unknown>(['40001', '40P01', 'BH002']);

export function commitWith(db: Db, wake: Wake) {
  return async function commit<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let tryNumber = 1; ; tryNumber++) {
      try {
        const { result, events } = await db.transaction(async (tx) => ({
          result: await work(tx),
          events: appendedIn(tx),
        }));
        wake(events);
        return result;
      } catch (error) {
        if (!lostRace(error)) throw error;
        if (tryNumber === TRIES_MAX) throw new OverloadedError(RETRY_AFTER_MS);
      }
    }
  };
}

/**
 * For work that is stored by one statement, which is a commit of its own: what it has appended is told afterwards.
 * It is not done again here.
 */
export function storeWith(db: Db, wake: Wake) {
  return async function store<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    // Its own, so that what it appends is known from what others do (append.ts).
    const tx: Tx = Object.create(db);
    const result = await work(tx);
    wake(appendedIn(tx));
    return result;
  };
}

/** Nothing was written: a rival was faster. Source: SQLSTATE 40001 serialization_failure, 40P01 deadlock_detected, 23505
 * unique_violation; BH002 of `refuse_rivals`, a function of the database. */
export function lostRace(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!('code' in cause)) continue;
    if (RACES.has(cause.code)) return true;
    const taken = cause.code === '23505' && 'constraint_name' in cause ? cause.constraint_name : null;
    if (taken === 'event_subject_seq' || taken === 'idempotency_key_pkey') return true;
  }
  return false;
}
