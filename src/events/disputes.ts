/** What happens to disputes. The payload's `status` is the dispute's status after the event. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const dispute = z.object({ disputeRef: z.string(), orderId: z.uuid(), status: z.string() });
const subject = ({ disputeRef }: { disputeRef: string }) => `dispute:${disputeRef}`;

export const disputeOpened = defineEvent('dispute.opened', { payload: dispute, subject, terminal: true });
export const disputeWon = defineEvent('dispute.won', { payload: dispute, subject, terminal: true });
export const disputeLost = defineEvent('dispute.lost', { payload: dispute, subject, terminal: true });
/** A notice that told nothing new. */
export const disputeUnchanged = defineEvent('dispute.unchanged', {
  payload: z.object({ noticeId: z.string() }),
  subject: ({ noticeId }) => `dispute-notice:${noticeId}`,
  terminal: true,
});
