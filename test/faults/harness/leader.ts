/** Which process leads the relay, as PostgreSQL knows it: the holder of the lease (src/streams/leadership.ts). */
import type { Database } from '../../../src/db/client.ts';

/** @returns the number of the process that leads, or null while nobody does */
export async function findLeader(sql: Database['sql'], shard = 0): Promise<number | null> {
  const [row] = await sql<{ holder: string }[]>`
    select holder from relay_lease where shard = ${shard} and expires_at > clock_timestamp()`;
  if (!row) return null;
  // HOST-PID-RANDOM, and a host's name may hold a dash as well.
  const pid = Number(row.holder.split('-').at(-2));
  return Number.isInteger(pid) ? pid : null;
}
