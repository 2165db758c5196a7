/**
 * What keeps rival purchases apart: one purchase per reader and edition, and one request per key, at a time.
 *
 * Whoever comes second waits here until the first has committed. Always in the same order, so that two lists of names
 * never wait for each other.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from './client.ts';

/** Both ways to order share it: a key orders once, be it on a quote or not. */
export const PLACE_ORDER = 'placeOrder';

export const keyLock = ({ buyerId, key }: { buyerId: string; key: string }): string =>
  `${PLACE_ORDER}:${buyerId}:${key}`;
export const purchaseLock = ({ buyerId, editionId }: { buyerId: string; editionId: string }): string =>
  `purchase:${buyerId}:${editionId}`;

/** Held until the transaction ends. */
export async function lockAll(tx: Tx, names: readonly string[]): Promise<void> {
  const rows = JSON.stringify(names.map((name) => ({ name })));
  await tx.execute(sql`
    select pg_advisory_xact_lock(locks.id) from (
      select distinct hashtextextended(w.name, 0) as id
      from jsonb_to_recordset(${rows}::text::jsonb) as w(name text) order by 1) locks`);
}
