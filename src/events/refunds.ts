/** What happens to refunds. The payload's `status` is the refund's status after the event. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const refund = z.object({ refundId: z.uuid(), orderId: z.uuid(), status: z.string() });
const refundWithReason = refund.extend({ reason: z.string().nullable() });
const subject = (payload: { refundId: string }) => refundSubject(payload.refundId);

export const refundSubject = (refundId: string) => `refund:${refundId}`;

export const refundRequested = defineEvent('refund.requested', { payload: refund, subject });
export const refundSubmitted = defineEvent('refund.submitted', { payload: refund, subject });
export const refundSettled = defineEvent('refund.settled', { payload: refund, subject, terminal: true });
export const refundFailed = defineEvent('refund.failed', { payload: refundWithReason, subject, terminal: true });
/** It had settled, and then the buyer's bank sent it back. */
export const refundReturned = defineEvent('refund.returned', { payload: refundWithReason, subject, terminal: true });
/** A refund's notice: whatever waited for it was woken. */
export const refundNoticeHandled = defineEvent('refund-notice.handled', {
  payload: z.object({ noticeId: z.string() }),
  subject: ({ noticeId }) => `refund-notice:${noticeId}`,
  terminal: true,
});
