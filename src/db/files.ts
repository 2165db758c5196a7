/**
 * Files: announced, uploaded, checked.
 *
 *     PENDING (its bytes at `uploads/…`) → STORED (at `files/…`, where no upload URL reaches) | QUARANTINED (by a scan)
 *
 * Not here: the bytes themselves (src/ports/storage) and who signs URLs.
 */
import { and, eq } from 'drizzle-orm';
import type { Db, Tx } from './client.ts';
import { NotThere } from './errors.ts';
import { newId } from './tables/columns.ts';
import { files } from './tables/index.ts';

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
 * Marks a pending file as stored under a new key.
 * @returns false when a rival did it first; the caller's copy is then to be deleted
 */
export async function markStored(tx: Tx, file: { id: string; storageKey: string }): Promise<boolean> {
  const [row] = await tx
    .update(files)
    .set({ state: 'STORED', storageKey: file.storageKey, expiresAt: null })
    .where(and(eq(files.id, file.id), eq(files.state, 'PENDING')))
    .returning({ id: files.id });
  return row !== undefined;
}
