/** What the publish stages read and change of a revision; each change is part of the stage's own commit. */
import { and, eq, sql } from 'drizzle-orm';
import { findingSchema } from '../../db/books.ts';
import type { Db, Tx } from '../../db/client.ts';
import { editions, files, revisions } from '../../db/tables/index.ts';
import type { Fault } from '../../epub/index.ts';
import { TerminalError } from '../../streams/index.ts';

/** The payload that every event of the publish workflow carries. */
export interface EditionPayload {
  editionId: string;
  revisionId: string;
  revisionNumber: number;
  status: string;
  onSale: boolean;
}

type RevisionStatus = (typeof revisions.$inferSelect)['status'];

/** @throws TerminalError when the revision or its file is gone: no retry will bring them back */
export async function readRevision(db: Pick<Db, 'select'>, revisionId: string) {
  const [row] = await db
    .select({ revision: revisions, edition: editions, file: files })
    .from(revisions)
    .innerJoin(editions, eq(editions.id, revisions.editionId))
    .leftJoin(files, eq(files.id, revisions.fileId))
    .where(eq(revisions.id, revisionId));
  if (!row) throw new TerminalError(`there is no revision ${revisionId}`);
  return row;
}

export async function readFile(db: Pick<Db, 'select'>, revisionId: string) {
  const { file } = await readRevision(db, revisionId);
  if (!file) throw new TerminalError(`revision ${revisionId} has no file`);
  return file;
}

/** The payload of the event that says the revision is now at `status`. */
export const at = (payload: EditionPayload, status: RevisionStatus): EditionPayload => ({
  editionId: payload.editionId,
  revisionId: payload.revisionId,
  revisionNumber: payload.revisionNumber,
  onSale: payload.onSale,
  status,
});

/** Sets the status and whatever else the stage found out. */
export async function changeRevision(
  tx: Tx,
  revisionId: string,
  change: Partial<typeof revisions.$inferInsert> & { status: RevisionStatus },
  now: Date,
): Promise<void> {
  await tx
    .update(revisions)
    .set({ ...change, updatedAt: now })
    .where(and(eq(revisions.id, revisionId), sql`status <> 'WITHDRAWN'`));
}

/** A report holds so many findings at most; the worst come first. */
const REPORT_FINDINGS_MAX = 500;
const SEVERITY_ORDER = { ERROR: 0, WARNING: 1, INFO: 2 };

/** One report of everything found so far, the worst first. */
export function mergeReport(earlier: unknown, found: readonly Fault[]): Fault[] {
  const known = findingSchema.array().safeParse(earlier).data ?? [];
  return [...known, ...found]
    .sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity])
    .slice(0, REPORT_FINDINGS_MAX);
}

export const countFaults = (faults: readonly Fault[]): string =>
  faults.length === 1 ? 'There is one thing to mend.' : `There are ${faults.length} things to mend.`;
