/**
 * How an edition moves by its author's hand: submitted, withdrawn, revised, taken off sale and put back.
 *
 *     DRAFT, NEEDS_CHANGES, FAILED, WITHDRAWN → SUBMITTED → … (the publish workflow) … → PUBLISHED
 *     anything being prepared → WITHDRAWN            PUBLISHED ⇄ UNPUBLISHED
 *
 * Promise: each function locks the edition and gives the change in the form of the event that tells of it; the caller
 * appends that event, and stops a run, in the same transaction.
 */
import { desc, eq, sql } from 'drizzle-orm';
import {
  EDITABLE,
  type EditionChange,
  editableRevision,
  lockEdition,
  type RevisionStatus,
  workingRevision,
} from './books.ts';
import type { Tx } from './client.ts';
import { Contradiction, WrongState } from './errors.ts';
import { newId } from './tables/columns.ts';
import { contributors, editions, revisions } from './tables/index.ts';

export interface AuthorRequest {
  editionId: string;
  ownerId: string;
  now: Date;
}

const PREPARING: readonly RevisionStatus[] = [
  'SUBMITTED',
  'CHECKING_METADATA',
  'SCANNING_FILE',
  'VALIDATING',
  'EXTRACTING',
  'DEDUPING',
];

/** Hands the working revision to the publish workflow. @throws NotThere, WrongState */
export async function submitEdition(tx: Tx, request: AuthorRequest): Promise<EditionChange> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  if (edition.saleStatus === 'TAKEN_DOWN') throw takenDown();
  const working = await workingRevision(tx, edition);
  if (working && PREPARING.includes(working.status)) {
    throw new WrongState('This revision is being prepared for sale already. Watch its status.', working.status);
  }
  const revision = await editableRevision(tx, edition);
  // The report speaks of an earlier submission; the new one writes its own.
  await tx
    .update(revisions)
    .set({ status: 'SUBMITTED', report: null, updatedAt: request.now })
    .where(eq(revisions.id, revision.id));
  await touch(tx, request);
  return changeOf(edition, revision, 'SUBMITTED');
}

/** Takes a revision back while it is prepared. @throws NotThere, WrongState */
export async function withdrawEdition(tx: Tx, request: AuthorRequest): Promise<EditionChange> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  const working = await workingRevision(tx, edition);
  if (!working || !PREPARING.includes(working.status)) {
    throw new WrongState(
      'Nothing of this edition is being prepared for sale, so there is nothing to withdraw.',
      working?.status ?? edition.saleStatus,
    );
  }
  await tx.update(revisions).set({ status: 'WITHDRAWN', updatedAt: request.now }).where(eq(revisions.id, working.id));
  await touch(tx, request);
  return changeOf(edition, working, 'WITHDRAWN');
}

/** Starts a new revision from what is live, else from what was rejected. @throws NotThere, WrongState */
export async function createRevision(tx: Tx, request: AuthorRequest): Promise<EditionChange> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  if (edition.saleStatus === 'TAKEN_DOWN') throw takenDown();
  const working = await workingRevision(tx, edition);
  if (working && working.status !== 'PUBLISHED' && working.status !== 'REJECTED') {
    const words = EDITABLE.includes(working.status)
      ? 'This edition has a revision that you can edit. Edit and submit that one.'
      : 'A revision of this edition is being prepared for sale. Wait for it, or withdraw it.';
    throw new WrongState(words, working.status);
  }
  const sourceId = edition.liveRevisionId ?? working?.id;
  if (sourceId === undefined) throw new WrongState('This edition has no revision to start from.', edition.saleStatus);
  const copy = await copyRevision(tx, { sourceId, editionId: edition.id, now: request.now });
  await tx
    .update(editions)
    .set({ workingRevisionId: copy.id, updatedAt: request.now })
    .where(eq(editions.id, edition.id));
  return changeOf(edition, copy, 'DRAFT');
}

/** Takes an edition off sale; who bought it keeps it. @throws NotThere, WrongState */
export async function unpublishEdition(tx: Tx, request: AuthorRequest): Promise<EditionChange> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  if (edition.saleStatus !== 'PUBLISHED') throw new WrongState('This edition is not on sale.', edition.saleStatus);
  await tx
    .update(editions)
    .set({ saleStatus: 'UNPUBLISHED', updatedAt: request.now })
    .where(eq(editions.id, edition.id));
  return changeOf({ saleStatus: 'UNPUBLISHED', id: edition.id }, await liveRevision(tx, edition), 'UNPUBLISHED');
}

/** Puts an edition back on sale as it was. @throws NotThere, WrongState, Contradiction */
export async function relistEdition(tx: Tx, request: AuthorRequest): Promise<EditionChange> {
  const edition = await lockEdition(tx, request.editionId, request.ownerId);
  if (edition.saleStatus === 'TAKEN_DOWN') throw takenDown();
  if (edition.saleStatus !== 'UNPUBLISHED') {
    throw new WrongState('Only an edition that was taken off sale can be put back.', edition.saleStatus);
  }
  const [priced] = await tx.execute(sql`select 1 from price where edition_id = ${edition.id} limit 1`);
  if (!priced) throw new Contradiction('This edition has no price. Set one, then put it back on sale.');
  await putOnSale(tx, edition.id, request.now);
  return changeOf({ saleStatus: 'PUBLISHED', id: edition.id }, await liveRevision(tx, edition), 'PUBLISHED');
}

/** A rival with the same ISBN cannot slip in between: the unique index decides. */
async function putOnSale(tx: Tx, editionId: string, now: Date): Promise<void> {
  try {
    await tx.update(editions).set({ saleStatus: 'PUBLISHED', updatedAt: now }).where(eq(editions.id, editionId));
  } catch (error) {
    if (!breaks(error, 'edition_isbn13')) throw error;
    throw new Contradiction('Another edition with this ISBN is on sale.');
  }
}

function breaks(error: unknown, constraint: string): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('constraint_name' in cause && cause.constraint_name === constraint) return true;
  }
  return false;
}

async function copyRevision(tx: Tx, copy: { sourceId: string; editionId: string; now: Date }) {
  const { sourceId, editionId, now } = copy;
  const [source] = await tx.select().from(revisions).where(eq(revisions.id, sourceId));
  const [newest] = await tx
    .select({ number: revisions.number })
    .from(revisions)
    .where(eq(revisions.editionId, editionId))
    .orderBy(desc(revisions.number))
    .limit(1);
  if (!source || !newest) throw new TypeError(`edition ${editionId} points to a revision that is not there`);
  const id = newId();
  const number = newest.number + 1;
  const { title, subtitle, description, language, subjects, seriesName, seriesPosition, publicationYear } = source;
  const details = { title, subtitle, description, language, subjects, seriesName, seriesPosition, publicationYear };
  // A rejected file is not carried on: it is in quarantine.
  const fileId = source.status === 'REJECTED' ? null : source.fileId;
  await tx.insert(revisions).values({ id, editionId, number, ...details, fileId, createdAt: now, updatedAt: now });
  await tx.execute(sql`
    insert into ${contributors} (revision_id, position, name, role)
    select ${id}, position, name, role from ${contributors} where revision_id = ${sourceId}`);
  return { id, number };
}

async function liveRevision(tx: Tx, edition: { id: string; liveRevisionId: string | null }) {
  const [live] = edition.liveRevisionId
    ? await tx
        .select({ id: revisions.id, number: revisions.number })
        .from(revisions)
        .where(eq(revisions.id, edition.liveRevisionId))
    : [];
  if (!live) throw new TypeError(`edition ${edition.id} was on sale without a live revision`);
  return live;
}

function changeOf(
  edition: { id: string; saleStatus: string },
  revision: { id: string; number: number },
  status: EditionChange['status'],
): EditionChange {
  const onSale = edition.saleStatus === 'PUBLISHED';
  return { editionId: edition.id, revisionId: revision.id, revisionNumber: revision.number, status, onSale };
}

const touch = (tx: Tx, { editionId, now }: AuthorRequest) =>
  tx.update(editions).set({ updatedAt: now }).where(eq(editions.id, editionId));

const takenDown = () =>
  new WrongState('This edition was taken down by the marketplace. Only the marketplace can put it back.', 'TAKEN_DOWN');
