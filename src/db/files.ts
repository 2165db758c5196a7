/**
 * Files: announced, uploaded, checked.
 *
 *     PENDING (its bytes at `uploads/…`) → STORED (at `files/…`, where no upload URL reaches) | QUARANTINED (by a scan)
 *
 * Not here: the bytes themselves (src/ports/storage), who signs URLs, and what is removed (removable-files.ts).
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Db, Tx } from './client.ts';
import { NotThere, UploadQuotaReached } from './errors.ts';
import { newId } from './tables/columns.ts';
import { files } from './tables/index.ts';

const DAY_MS = 86_400_000;
/** How long a stored file may lie unused by any book. */
export const UNUSED_KEPT_MS = 30 * DAY_MS;

export type StoredFile = typeof files.$inferSelect;

export interface NewFile {
  ownerId: string;
  /** Without folders. */
  name: string;
  mediaType: string;
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
  now: Date;
  expiresAt: Date;
}

/** What one account may upload. */
export interface UploadQuota {
  /** Files announced in any 24 hours, whatever became of them. */
  readonly uploadsPerDayMax: number;
  /** Bytes of all its files together, announced ones included. */
  readonly storedBytesMax: number;
}

/**
 * Refuses an upload beyond the account's quota; rivals of the same account wait for each other until the commit.
 * @throws UploadQuotaReached
 */
export async function checkUploadQuota(
  tx: Tx,
  { ownerId, sizeBytes, now }: Pick<NewFile, 'ownerId' | 'sizeBytes' | 'now'>,
  quota: UploadQuota,
): Promise<void> {
  await tx.execute(sql`select 1 from "user" where id = ${ownerId} for no key update`);
  const since = new Date(now.getTime() - DAY_MS).toISOString();
  const [used] = await tx.execute<{ announced: number; bytes: number; next: string | null }>(sql`
    select count(*) filter (where created_at > ${since}::timestamptz)::int as announced,
           min(created_at) filter (where created_at > ${since}::timestamptz) as next,
           (coalesce(sum(size_bytes) filter (where state <> 'QUARANTINED' or expires_at is not null), 0))::float8 as bytes
    from file where owner_id = ${ownerId}`);
  if (!used) throw new TypeError('a count gave no row');
  if (used.announced >= quota.uploadsPerDayMax) {
    const availableAt = used.next === null ? now : new Date(new Date(used.next).getTime() + DAY_MS);
    throw UploadQuotaReached.perDay(quota.uploadsPerDayMax, used.announced, availableAt);
  }
  if (used.bytes + sizeBytes > quota.storedBytesMax) throw UploadQuotaReached.stored(quota.storedBytesMax, used.bytes);
}

/** Announces an upload. */
export async function createFile(tx: Tx, file: NewFile): Promise<StoredFile> {
  const { now, ...columns } = file;
  const id = newId();
  const [row] = await tx
    .insert(files)
    .values({ id, ...columns, createdAt: now, storageKey: `uploads/${id}.epub` })
    .returning();
  if (!row) throw new TypeError('an insert gave no row');
  return row;
}

/** @throws NotThere when it is not this owner's */
export async function ownFile(db: Pick<Db, 'select'>, fileId: string, ownerId: string): Promise<StoredFile> {
  const [file] = await db
    .select()
    .from(files)
    .where(and(eq(files.id, fileId), eq(files.ownerId, ownerId)));
  if (!file) throw new NotThere('file');
  return file;
}

/** The upload that an upload URL is for, while bytes may be put to it; null afterwards. */
export async function openUpload(db: Pick<Db, 'select'>, fileId: string, now: Date): Promise<StoredFile | null> {
  const [file] = await db
    .select()
    .from(files)
    .where(and(eq(files.id, fileId), eq(files.state, 'PENDING')));
  return file?.expiresAt && file.expiresAt > now ? file : null;
}

/**
 * Marks a pending file as stored under a new key; a book may use it from now on.
 * @returns false when a rival did it first; the caller's copy is then to be deleted
 */
export async function markStored(tx: Tx, file: { id: string; storageKey: string; now: Date }): Promise<boolean> {
  const expiresAt = new Date(file.now.getTime() + UNUSED_KEPT_MS);
  const [row] = await tx
    .update(files)
    .set({ state: 'STORED', storageKey: file.storageKey, expiresAt })
    .where(and(eq(files.id, file.id), eq(files.state, 'PENDING')))
    .returning({ id: files.id });
  return row !== undefined;
}
