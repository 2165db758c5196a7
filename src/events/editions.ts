/**
 * What happens to editions. The payload's `status` is the status of the revision it speaks of after the event, and
 * `onSale` says whether readers can buy the edition meanwhile.
 */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const edition = z.object({
  editionId: z.uuid(),
  revisionId: z.uuid(),
  revisionNumber: z.int(),
  status: z.string(),
  onSale: z.boolean(),
});
/** With a sentence in plain words: why, or how far. */
const editionWithNote = edition.extend({ note: z.string().nullable() });
const subject = (payload: { editionId: string }) => editionSubject(payload.editionId);

export const editionSubject = (editionId: string) => `edition:${editionId}`;

export const editionDrafted = defineEvent('edition.drafted', { payload: edition, subject, terminal: true });
export const editionSubmitted = defineEvent('edition.submitted', { payload: edition, subject });
export const editionProgressed = defineEvent('edition.progressed', {
  payload: editionWithNote,
  subject,
  terminal: true,
});
export const metadataAccepted = defineEvent('metadata.accepted', { payload: edition, subject });
export const fileScanned = defineEvent('file.scanned', { payload: edition, subject });
export const fileValidated = defineEvent('file.validated', { payload: edition, subject });
export const bookExtracted = defineEvent('book.extracted', { payload: edition, subject });
export const duplicatesCleared = defineEvent('duplicates.cleared', { payload: edition, subject });
export const changesRequested = defineEvent('changes.requested', { payload: editionWithNote, subject, terminal: true });
export const editionRejected = defineEvent('edition.rejected', { payload: editionWithNote, subject, terminal: true });
export const editionPublished = defineEvent('edition.published', { payload: edition, subject, terminal: true });
export const publishFailed = defineEvent('publish.failed', { payload: editionWithNote, subject, terminal: true });
/** By the author: a preparing revision is taken back, or a published edition is taken off sale. */
export const editionWithdrawn = defineEvent('edition.withdrawn', { payload: edition, subject, terminal: true });
export const editionUnpublished = defineEvent('edition.unpublished', { payload: edition, subject, terminal: true });
export const editionRelisted = defineEvent('edition.relisted', { payload: edition, subject, terminal: true });
