/** What happens to webhooks: those that we send to whoever registered an endpoint. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

/** What an endpoint can be told of. A type is the name of the event that it follows. */
export const WEBHOOK_TYPES = [
  'order.completed',
  'refund.settled',
  'payout.paid',
  'payout.failed',
  'payout.returned',
  'edition.published',
] as const;
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

const delivery = z.object({ deliveryId: z.uuid() });
export const webhookSubject = (deliveryId: string) => `webhook:${deliveryId}`;
const aboutDelivery = (payload: { deliveryId: string }) => webhookSubject(payload.deliveryId);

/** Of a finished event: its deliveries were planned, if anybody wants to hear of it. */
export const webhooksPlanned = defineEvent('webhooks.planned', {
  payload: z.object({ eventId: z.int(), count: z.int() }),
  subject: (payload) => `webhooks:${payload.eventId}`,
  terminal: true,
});
export const webhookDue = defineEvent('webhook.due', { payload: delivery, subject: aboutDelivery });
export const webhookDelivered = defineEvent('webhook.delivered', {
  payload: delivery,
  subject: aboutDelivery,
  terminal: true,
});
/** Given up: its endpoint is gone, was paused or deleted, or has failed for days. It can be sent again. */
export const webhookFailed = defineEvent('webhook.failed', {
  payload: delivery.extend({ reason: z.string() }),
  subject: aboutDelivery,
  terminal: true,
});
/** By us, because it is gone or fails; not when its owner does it. */
export const endpointPaused = defineEvent('endpoint.paused', {
  payload: z.object({ endpointId: z.uuid(), pausedAt: z.iso.datetime() }),
  subject: (payload) => `webhook-endpoint:${payload.endpointId}`,
});

export const webhookSweepDue = defineEvent('webhook-sweep.due', {
  payload: z.object({ slot: z.iso.datetime() }),
  subject: (payload) => `webhook-sweep:${payload.slot}`,
});
/** How many of each were forgotten. */
export const webhooksSwept = defineEvent('webhook-sweep.ended', {
  payload: z.object({ slot: z.iso.datetime(), deliveries: z.int(), notices: z.int() }),
  subject: (payload) => `webhook-sweep:${payload.slot}`,
  terminal: true,
});
