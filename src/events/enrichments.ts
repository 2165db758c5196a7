/** What happens to the suggestions for a revision. They run beside the edition and never move it. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const enrichment = z.object({ editionId: z.uuid(), revisionId: z.uuid(), status: z.string() });
const subject = (payload: { revisionId: string }) => enrichmentSubject(payload.revisionId);

export const enrichmentSubject = (revisionId: string) => `enrichment:${revisionId}`;

export const enrichmentReady = defineEvent('enrichment.ready', { payload: enrichment, subject, terminal: true });
export const enrichmentFailed = defineEvent('enrichment.failed', {
  payload: enrichment.extend({ reason: z.string() }),
  subject,
  terminal: true,
});
