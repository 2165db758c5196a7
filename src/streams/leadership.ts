/**
 * Leadership: which process leads the relay of a shard.
 *
 * A lease in PostgreSQL, by its clock: whoever holds it renews it, and another takes over 2 s after the last renewal. It
 * is a row, not a session lock, because a driver's connection may be cut and made anew without anyone noticing.
 * A second leader for a moment does no harm (relay.ts); having none would.
 */
import { sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';

const LEASE_MS = 2_000;

/** A holder has to renew at least this often. */
export const RENEW_EVERY_MS = 500;

/**
 * Takes the lease of a shard, or renews it.
 * @param holder this process, unlike any other
 * @returns false while another process holds it
 */
export async function tryLead(db: Pick<Db, 'execute'>, shard: number, holder: string): Promise<boolean> {
  const leading = await db.execute(sql`
    insert into relay_lease as l (shard, holder, expires_at)
    values (${shard}, ${holder}, clock_timestamp() + ${`${LEASE_MS} milliseconds`}::interval)
    on conflict (shard) do update set holder = excluded.holder, expires_at = excluded.expires_at
      where l.holder = excluded.holder or l.expires_at < clock_timestamp()
    returning shard`);
  return leading.length > 0;
}

/** Gives the shard up at once, so that nobody has to wait for the lease to end. */
export async function resign(db: Pick<Db, 'execute'>, shard: number, holder: string): Promise<void> {
  await db.execute(sql`delete from relay_lease where shard = ${shard} and holder = ${holder}`);
}
