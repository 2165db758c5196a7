/** Which process leads the relay, as PostgreSQL knows it: the session that holds the leader's lock. */
import type { Database } from '../../../src/db/client.ts';

/** Class of the leader's advisory lock (src/streams/duties.ts). */
const LEADER_LOCK_CLASS = 0x6c65;

/** @returns the name that the process gave its sessions (stack.ts), or null while nobody leads */
export async function findLeader(sql: Database['sql'], shard = 0): Promise<string | null> {
  const [row] = await sql<{ name: string }[]>`
    select a.application_name as name
    from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.classid = ${LEADER_LOCK_CLASS} and l.objid = ${shard}`;
  return row?.name ?? null;
}
