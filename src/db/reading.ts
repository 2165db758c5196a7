/** Reading in a browser: the file and the chapters of what somebody may read, looked up when a link is used. */
import { and, eq, sql } from 'drizzle-orm';
import { chaptersSchema, type Chapter } from '../books/extracted.ts';
import type { Db } from './client.ts';
import { editions, entitlements, files, revisions } from './tables/index.ts';

export interface BookFile {
  storageKey: string;
  sha256: string;
}

/** The live revision of an edition on sale; null when it is another by now, or there is no file. */
export async function bookOnSale(
  db: Pick<Db, 'select'>,
  revisionId: string,
): Promise<{ file: BookFile; chapters: Chapter[] } | null> {
  const [row] = await db
    .select({
      storageKey: files.storageKey,
      sha256: files.sha256,
      chapters: sql<unknown>`${revisions.extracted} -> 'chapters'`,
    })
    .from(revisions)
    .innerJoin(editions, and(eq(editions.liveRevisionId, revisions.id), eq(editions.saleStatus, 'PUBLISHED')))
    .innerJoin(files, and(eq(files.id, revisions.fileId), eq(files.state, 'STORED')))
    .where(eq(revisions.id, revisionId));
  return row ? { file: row, chapters: chaptersSchema.parse(row.chapters ?? undefined) } : null;
}

/** The chapters of what a right is to, as its live revision has them. */
export async function chaptersOf(db: Pick<Db, 'select'>, entitlementId: string): Promise<Chapter[]> {
  const [row] = await db
    .select({ chapters: sql<unknown>`${revisions.extracted} -> 'chapters'` })
    .from(entitlements)
    .innerJoin(editions, eq(editions.id, entitlements.editionId))
    .innerJoin(revisions, eq(revisions.id, editions.liveRevisionId))
    .where(eq(entitlements.id, entitlementId));
  return chaptersSchema.parse(row?.chapters ?? undefined);
}
