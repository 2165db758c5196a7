/**
 * Files whose time is over: uploads that were never completed, stored ones that no book uses, quarantined ones.
 *
 * A row goes first and names its bytes, which are deleted afterwards; bytes that lost their row all the same are found
 * by the look through the store. A file that a revision names is never removed; of a quarantined one only the bytes are.
 * Not here: the bytes (src/ports/storage).
 */
import { inArray, sql } from 'drizzle-orm';
import type { Db, Tx } from './client.ts';
import { UNUSED_KEPT_MS } from './files.ts';
import { files } from './tables/index.ts';

/** An announced upload is kept for so long, used or not: it counts against what its account may upload a day. */
const ANNOUNCED_KEPT_MS = 86_400_000;

/**
 * Removes the rows of files whose time is over, the longest overdue first.
 * @param limit most files looked at
 * @returns where their bytes are, to be deleted
 */
export async function releaseFiles(tx: Tx, { now, limit }: { now: Date; limit: number }): Promise<string[]> {
  const at = now.toISOString();
  const announcedBefore = new Date(now.getTime() - ANNOUNCED_KEPT_MS).toISOString();
  const usedUntil = new Date(now.getTime() + UNUSED_KEPT_MS).toISOString();
  const rows = await tx.execute<{ key: string }>(sql`
    with due as (
      select f.id, f.state, f.storage_key, exists (select from revision r where r.file_id = f.id) as is_named
      from file f
      where f.expires_at <= ${at}::timestamptz and (f.state <> 'PENDING' or f.created_at <= ${announcedBefore}::timestamptz)
      order by f.expires_at limit ${limit} for update of f skip locked
    ), still_used as (
      update file f set expires_at = ${usedUntil}::timestamptz from due
      where f.id = due.id and due.is_named and due.state <> 'QUARANTINED'
    ), emptied as (
      update file f set expires_at = null from due where f.id = due.id and due.is_named and due.state = 'QUARANTINED'
    ), removed as (
      delete from file f using due where f.id = due.id and not due.is_named
    )
    select storage_key as key from due where not is_named or state = 'QUARANTINED'`);
  return rows.map(({ key }) => key);
}

export interface FileBytes {
  readonly id: string;
  readonly storageKey: string;
  /** False for a quarantined file whose time was over. */
  readonly isKept: boolean;
}

/** Where the bytes of these files should be. @param ids 1,000 at most */
export async function whereBytesAre(db: Pick<Db, 'select'>, ids: readonly string[]): Promise<FileBytes[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .select({ id: files.id, storageKey: files.storageKey, state: files.state, expiresAt: files.expiresAt })
    .from(files)
    .where(inArray(files.id, [...ids]));
  return rows.map(({ id, storageKey, state, expiresAt }) => ({
    id,
    storageKey,
    isKept: state !== 'QUARANTINED' || expiresAt !== null,
  }));
}
