/**
 * What the payment provider has told us by webhook. Each is a hint that something has changed: who consumes it asks the
 * provider and acts on the answer alone, and finds nothing to do when the same hint comes again.
 */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

/** `noticeId` is the provider's own id of the webhook, behind the gateway's name: `stripe:evt_1`. */
const notice = z.object({ noticeId: z.string(), gateway: z.string() });
const about = (what: string) => (payload: { noticeId: string }) => `${what}:${payload.noticeId}`;

export const paymentNoticed = defineEvent('payment.noticed', {
  payload: notice.extend({
    kind: z.enum(['PAYMENT', 'REFUND', 'DISPUTE', 'PAYOUT']),
    ref: z.string(),
    reference: z.string().nullable(),
  }),
  subject: about('payment-notice'),
});
/** `reference`: the order's id, when the provider knows it. */
export const disputeNoticed = defineEvent('dispute.noticed', {
  payload: notice.extend({ disputeRef: z.string(), reference: z.string().nullable() }),
  subject: about('dispute-notice'),
  terminal: true,
});
/** `reference`: that of the payout. */
export const payoutNoticed = defineEvent('payout.noticed', {
  payload: notice.extend({ payoutRef: z.string(), reference: z.string().nullable() }),
  subject: about('payout-notice'),
  terminal: true,
});
/** `ref`: the refund's, or that of the capture it belongs to. */
export const refundNoticed = defineEvent('refund.noticed', {
  payload: notice.extend({ ref: z.string(), orderId: z.uuid().nullable() }),
  subject: about('refund-notice'),
  terminal: true,
});
/** A payment's notice: whoever waited for it was woken. */
export const noticeHandled = defineEvent('notice.handled', {
  payload: notice,
  subject: about('payment-notice'),
  terminal: true,
});
