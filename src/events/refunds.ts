/** What happens to refunds, and the sweep of all money that stands still. The payload's `status` is the refund's status after the event. */
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

/** What has stood still for too long is to be woken. */
export const moneySweepDue = defineEvent('money-sweep.due', {
  payload: z.object({ slot: z.iso.datetime() }),
  subject: ({ slot }) => `money-sweep:${slot}`,
});
/** How many of each stood still. */
export const moneySwept = defineEvent('money.swept', {
  payload: z.object({
    slot: z.iso.datetime(),
    payments: z.int(),
    actions: z.int(),
    captures: z.int(),
    refunds: z.int(),
    /** Absent before there were payouts. */
    payouts: z.int().optional(),
  }),
  subject: ({ slot }) => `money-sweep:${slot}`,
  terminal: true,
});
