/** What happens to orders. The payload's `status` is the order's status after the event. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const order = z.object({ orderId: z.uuid(), status: z.string() });
const orderWithReason = order.extend({ reason: z.string().nullable() });
const subject = (payload: { orderId: string }) => orderSubject(payload.orderId);

export const orderSubject = (orderId: string) => `order:${orderId}`;

export const orderPlaced = defineEvent('order.placed', { payload: order, subject });
export const orderValidated = defineEvent('order.validated', { payload: order, subject });
export const orderRejected = defineEvent('order.rejected', { payload: orderWithReason, subject, terminal: true });
export const paymentActionRequired = defineEvent('payment.action-required', {
  payload: order.extend({ actionUrl: z.string() }),
  subject,
});
export const paymentAuthorized = defineEvent('payment.authorized', { payload: order, subject });
export const paymentDeclined = defineEvent('payment.declined', { payload: orderWithReason, subject, terminal: true });
export const paymentCaptureStarted = defineEvent('payment.capture-started', {
  payload: order,
  subject,
  terminal: true,
});
export const paymentCaptured = defineEvent('payment.captured', { payload: order, subject });
export const orderCompleted = defineEvent('order.completed', { payload: order, subject, terminal: true });
export const orderExpired = defineEvent('order.expired', { payload: orderWithReason, subject, terminal: true });
export const orderCancelled = defineEvent('order.cancelled', { payload: orderWithReason, subject, terminal: true });
/** A gift, or what a guest bought, was taken into a library: long after the order was completed, often. */
export const orderClaimed = defineEvent('order.claimed', { payload: order, subject, terminal: true });
