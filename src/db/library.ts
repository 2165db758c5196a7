/**
 * Library: what a reader has the right to read.
 *
 * Promise: a right is looked up when a link is made and again when it is used; the reader gets the live revision, which
 * may be newer than what was on sale when it was bought.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { NotThere, WrongState } from './errors.ts';
import { editions, entitlements, files, revisions } from './tables/index.ts';

export interface Download {
  entitlementId: string;
  readerId: string;
  fileId: string;
  /** As the reader's program should call it: `The Title.epub`. */
  fileName: string;
  mediaType: string;
  sizeBytes: number;
  sha256: string;
  storageKey: string;
  /** It was fetched before. */
  isDownloaded: boolean;
}

const NAME_CHARS_MAX = 100;

/** @throws NotThere when the reader has no right to it, WrongState when the right is not active or there is no file */
export async function downloadOf(
  db: Pick<Db, 'select'>,
  request: { readerId: string; editionId: string },
): Promise<Download> {
  const [row] = await find(
    db,
    and(eq(entitlements.readerId, request.readerId), eq(entitlements.editionId, request.editionId)),
  );
  if (!row) throw new NotThere('book in your library');
  if (row.status !== 'ACTIVE') throw new WrongState('Your right to this book is not active.', row.status);
  if (!row.file || row.file.state !== 'STORED') throw new WrongState('This book has no file to download.', 'NO_FILE');
  return toDownload(row, row.file);
}

/** The same by entitlement, when a link is used; null when the right or the file is no more. */
export async function activeDownload(db: Pick<Db, 'select'>, entitlementId: string): Promise<Download | null> {
  const [row] = await find(db, and(eq(entitlements.id, entitlementId), eq(entitlements.status, 'ACTIVE')));
  return row?.file?.state === 'STORED' ? toDownload(row, row.file) : null;
}

/**
 * Remembers that the book was fetched; after the first time it does nothing.
 * @returns false when the right has ended meanwhile
 */
export async function markDownloaded(db: Pick<Db, 'execute'>, download: Download, now: Date): Promise<boolean> {
  if (download.isDownloaded) return true;
  const marked = await db.execute(sql`
    update entitlement set downloaded_at = coalesce(downloaded_at, ${now.toISOString()}::timestamptz)
    where id = ${download.entitlementId} and status = 'ACTIVE' returning id`);
  return marked.length > 0;
}

const find = (db: Pick<Db, 'select'>, where: ReturnType<typeof and>) =>
  db
    .select({
      entitlementId: entitlements.id,
      readerId: entitlements.readerId,
      status: entitlements.status,
      downloadedAt: entitlements.downloadedAt,
      title: revisions.title,
      file: files,
    })
    .from(entitlements)
    .innerJoin(editions, eq(editions.id, entitlements.editionId))
    .innerJoin(revisions, eq(revisions.id, editions.liveRevisionId))
    .leftJoin(files, eq(files.id, revisions.fileId))
    .where(where);

function toDownload(
  row: { entitlementId: string; readerId: string; title: string; downloadedAt: Date | null },
  file: typeof files.$inferSelect,
): Download {
  const { id: fileId, mediaType, sizeBytes, sha256, storageKey } = file;
  const { entitlementId, readerId } = row;
  const fileName = fileNameOf(row.title);
  const isDownloaded = row.downloadedAt !== null;
  return { entitlementId, readerId, fileId, fileName, mediaType, sizeBytes, sha256, storageKey, isDownloaded };
}

/** Only what every file system takes: letters, digits, spaces and a few signs. */
function fileNameOf(title: string): string {
  const kept = title
    .replace(/[^\p{L}\p{N}\p{M} ,.'!()&-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+/, '');
  const cut = Array.from(kept).slice(0, NAME_CHARS_MAX).join('').trim();
  return `${cut === '' ? 'book' : cut}.epub`;
}
