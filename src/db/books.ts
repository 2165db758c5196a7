/**
 * Books: drafting them. A work has editions, an edition has revisions; the working revision is what is edited here.
 *
 * Promise: every write locks the edition first, so that its state and its events go in one order; what is on sale is
 * never edited, only replaced. What comes in was checked (src/books); what needs the database to check is checked here.
 * Not here: submitting, withdrawing, taking off sale (edition-states.ts).
 */
import { and, eq } from 'drizzle-orm';
import type { Contributor } from '../books/contributor-role.ts';
import type { Series } from '../books/series.ts';
import type { Tx } from './client.ts';
import { Contradiction, FieldRefused, NotThere, WrongState } from './errors.ts';
import { newId } from './tables/columns.ts';
import { contributors, editions, files, prices, revisions, works } from './tables/index.ts';

export { type Extracted, extractedSchema } from '../books/extracted.ts';
export { findingSchema } from '../books/finding.ts';

export type RevisionStatus = (typeof revisions.$inferSelect)['status'];
export type SaleStatus = (typeof editions.$inferSelect)['saleStatus'];

/** What an author says of a book. */
export interface BookDetails {
  title: string;
  subtitle: string | null;
  description: string | null;
  language: string | null;
  subjects: string[];
  series: Series | null;
  publicationYear: number | null;
  contributors: Contributor[];
}

export interface Price {
  currency: string;
  amountMinor: number;
  /** Pay what you want: the least that may be paid; not more than the amount, which is what is suggested. */
  minimumMinor?: number | null;
}

/** An edition after a change, in the form that its events take. */
export interface EditionChange {
  editionId: string;
  revisionId: string;
  revisionNumber: number;
  status: RevisionStatus | SaleStatus;
  onSale: boolean;
}

/** The states in which the author may edit. */
export const EDITABLE: readonly RevisionStatus[] = ['DRAFT', 'NEEDS_CHANGES', 'FAILED', 'WITHDRAWN'];

/**
 * Locks an edition of this owner until the transaction ends.
 * @throws NotThere
 */
export async function lockEdition(tx: Tx, editionId: string, ownerId: string) {
  const [edition] = await tx
    .select()
    .from(editions)
    .where(and(eq(editions.id, editionId), eq(editions.ownerId, ownerId)))
    .for('update');
  if (!edition) throw new NotThere('edition');
  return edition;
}

/**
 * The revision the author edits.
 * @throws WrongState when there is none, or it is being prepared
 */
export async function editableRevision(tx: Tx, edition: typeof editions.$inferSelect) {
  const working = await workingRevision(tx, edition);
  if (!working || working.status === 'PUBLISHED' || working.id === edition.liveRevisionId) {
    throw new WrongState('This edition is published. Create a new revision, and edit that.', edition.saleStatus);
  }
  if (EDITABLE.includes(working.status)) return working;
  const words =
    working.status === 'REJECTED'
      ? 'This revision was rejected. Create a new revision.'
      : 'This revision is being prepared for sale. Withdraw it first, then edit it.';
  throw new WrongState(words, working.status);
}

/** The working revision; null when the edition has none. */
export async function workingRevision(tx: Tx, edition: { workingRevisionId: string | null }) {
  if (edition.workingRevisionId === null) return null;
  const [row] = await tx
    .select({ id: revisions.id, number: revisions.number, status: revisions.status })
    .from(revisions)
    .where(eq(revisions.id, edition.workingRevisionId));
  return row ?? null;
}

export interface NewDraft {
  ownerId: string;
  now: Date;
  /** Another edition of a work of the same owner; a new work when null. */
  workId: string | null;
  details: BookDetails;
  isbn13: string | null;
  prices: readonly Price[];
}

/** Makes an edition with a first revision in DRAFT. @throws NotThere for a work that is not the owner's */
export async function createDraft(tx: Tx, draft: NewDraft): Promise<EditionChange> {
  const { ownerId, now, details } = draft;
  const workId = draft.workId ?? newId();
  if (draft.workId === null)
    await tx.insert(works).values({ id: workId, ownerId, title: details.title, createdAt: now });
  else await checkWork(tx, workId, ownerId);
  const editionId = newId();
  const revisionId = newId();
  await tx
    .insert(editions)
    .values({ id: editionId, workId, ownerId, isbn13: draft.isbn13, createdAt: now, updatedAt: now });
  await tx.insert(revisions).values({
    id: revisionId,
    editionId,
    number: 1,
    title: details.title,
    ...columnsOf(details),
    createdAt: now,
    updatedAt: now,
  });
  await tx.update(editions).set({ workingRevisionId: revisionId }).where(eq(editions.id, editionId));
  await replaceContributors(tx, revisionId, details.contributors);
  await replacePrices(tx, editionId, draft.prices);
  return { editionId, revisionId, revisionNumber: 1, status: 'DRAFT', onSale: false };
}

/** What of a draft changes; what is absent stays as it is. */
export type DraftChange = Partial<BookDetails> & {
  isbn13?: string | null;
  prices?: readonly Price[];
  fileId?: string | null;
};

/**
 * Edits the working revision.
 * @throws NotThere, WrongState, Contradiction, FieldRefused (`fileId`, `isbn13`, `prices`)
 */
export async function updateDraft(
  tx: Tx,
  request: { editionId: string; ownerId: string; now: Date; change: DraftChange },
): Promise<{ editionId: string; revisionId: string }> {
  const { editionId, ownerId, now, change } = request;
  const edition = await lockEdition(tx, editionId, ownerId);
  const revision = await editableRevision(tx, edition);
  if (change.fileId) await checkFile(tx, change.fileId, ownerId);
  if (change.isbn13 !== undefined && change.isbn13 !== edition.isbn13 && edition.liveRevisionId !== null) {
    throw new FieldRefused('isbn13', 'The ISBN of an edition that was published cannot change. Draft a new edition.');
  }
  await tx
    .update(revisions)
    .set({
      ...columnsOf(change),
      ...(change.title !== undefined && { title: change.title }),
      ...(change.fileId !== undefined && { fileId: change.fileId }),
      updatedAt: now,
    })
    .where(eq(revisions.id, revision.id));
  if (change.contributors) await replaceContributors(tx, revision.id, change.contributors);
  if (change.prices) await putPrices(tx, edition, change.prices);
  await tx
    .update(editions)
    .set({ updatedAt: now, ...(change.isbn13 !== undefined && { isbn13: change.isbn13 }) })
    .where(eq(editions.id, editionId));
  // The work goes by the name of its first edition until that is published.
  if (change.title !== undefined && edition.liveRevisionId === null) {
    await tx.update(works).set({ title: change.title }).where(eq(works.id, edition.workId));
  }
  return { editionId, revisionId: revision.id };
}

/** Replaces all prices of an edition; they hold at once, also on sale. @throws NotThere, FieldRefused (`prices`) */
export async function setPrices(
  tx: Tx,
  request: { editionId: string; ownerId: string; now: Date; prices: readonly Price[] },
): Promise<{ editionId: string }> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  const working = await workingRevision(tx, edition);
  if (request.prices.length === 0 && working && !EDITABLE.includes(working.status) && working.status !== 'PUBLISHED') {
    throw new FieldRefused('prices', 'An edition that is being prepared for sale needs a price. Withdraw it first.');
  }
  await putPrices(tx, edition, request.prices);
  await tx.update(editions).set({ updatedAt: request.now }).where(eq(editions.id, edition.id));
  return { editionId: edition.id };
}

async function putPrices(tx: Tx, edition: { id: string; saleStatus: SaleStatus }, list: readonly Price[]) {
  if (list.length === 0 && edition.saleStatus === 'PUBLISHED') {
    throw new FieldRefused('prices', 'An edition on sale needs a price. Unpublish it to take it off sale.');
  }
  await replacePrices(tx, edition.id, list);
}

async function replacePrices(tx: Tx, editionId: string, list: readonly Price[]): Promise<void> {
  await tx.delete(prices).where(eq(prices.editionId, editionId));
  if (list.length === 0) return;
  await tx.insert(prices).values(list.map((price) => ({ editionId, ...price })));
}

async function replaceContributors(tx: Tx, revisionId: string, list: readonly Contributor[]): Promise<void> {
  await tx.delete(contributors).where(eq(contributors.revisionId, revisionId));
  if (list.length === 0) return;
  await tx.insert(contributors).values(list.map(({ name, role }, position) => ({ revisionId, position, name, role })));
}

/** The columns of the details that are there, but the title. */
function columnsOf(details: Partial<BookDetails>) {
  const { series, subtitle, description, language, subjects, publicationYear } = details;
  return {
    subtitle,
    description,
    language,
    subjects,
    publicationYear,
    ...(series !== undefined && { seriesName: series?.name ?? null, seriesPosition: series?.position ?? null }),
  };
}

async function checkWork(tx: Tx, workId: string, ownerId: string): Promise<void> {
  const [work] = await tx
    .select({ id: works.id })
    .from(works)
    .where(and(eq(works.id, workId), eq(works.ownerId, ownerId)));
  if (!work) throw new NotThere('work');
}

async function checkFile(tx: Tx, fileId: string, ownerId: string): Promise<void> {
  const [file] = await tx
    .select({ state: files.state })
    .from(files)
    .where(and(eq(files.id, fileId), eq(files.ownerId, ownerId)))
    // Not removed as unused while it is being attached.
    .for('key share');
  if (!file) throw new NotThere('file');
  if (file.state === 'PENDING') {
    throw new FieldRefused(
      'fileId',
      'This upload is not completed. Put the bytes to its uploadUrl, then call completeUpload.',
    );
  }
  if (file.state === 'QUARANTINED')
    throw new Contradiction('This file was found to be harmful and is kept from everyone.');
}
