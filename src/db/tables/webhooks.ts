/** Webhooks: what payment providers have told us, and what we tell those who registered an endpoint. */
import { sql } from 'drizzle-orm';
import { index, integer, pgEnum, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';

export const noticeKind = pgEnum('payment_notice_kind', ['PAYMENT', 'REFUND', 'DISPUTE', 'PAYOUT']);

/** Each notice once, however often it comes. */
export const paymentNotices = pgTable(
  'payment_notice',
  {
    /** The gateway's name and the provider's own id of it: `stripe:evt_1`. */
    id: text('id').primaryKey(),
    gateway: text('gateway').notNull(),
    kind: noticeKind('kind').notNull(),
    /** Of what it speaks at the provider. */
    ref: text('ref').notNull(),
    /** Our own name for it, when the provider knows it. */
    reference: text('reference'),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [index('payment_notice_received').on(table.receivedAt)],
);

export const webhookEndpointStatus = pgEnum('webhook_endpoint_status', ['ACTIVE', 'PAUSED']);

export const webhookEndpoints = pgTable('webhook_endpoint', {
  id: id(),
  ownerId: uuid('owner_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  url: text('url').notNull(),
  description: text('description').notNull().default(''),
  /** What it is told of, such as `order.completed`. */
  eventTypes: text('event_types').array().notNull(),
  status: webhookEndpointStatus('status').notNull().default('ACTIVE'),
  /** Why it was paused, in plain words. */
  pausedReason: text('paused_reason'),
  pausedAt: instant('paused_at'),
  /** Since when no delivery has succeeded; null after a success. */
  failingSince: instant('failing_since'),
  /** Signs; `whsec_` and base64. Shown once. */
  secret: text('secret').notNull(),
  /** Signs beside it until then, so that the receiver can change over. */
  previousSecret: text('previous_secret'),
  previousSecretUntil: instant('previous_secret_until'),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

export const webhookDeliveryStatus = pgEnum('webhook_delivery_status', ['PENDING', 'DELIVERED', 'FAILED']);

/** One event for one endpoint. Its id is the `webhook-id` of all its attempts. */
export const webhookDeliveries = pgTable(
  'webhook_delivery',
  {
    id: id(),
    endpointId: uuid('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    eventType: text('event_type').notNull(),
    /** The bytes that are sent and signed. */
    body: text('body').notNull(),
    status: webhookDeliveryStatus('status').notNull().default('PENDING'),
    /** In all, and since it was last asked for: by the event, or by hand. */
    attemptCount: integer('attempt_count').notNull().default(0),
    roundCount: smallint('round_count').notNull().default(0),
    nextAttemptAt: instant('next_attempt_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('webhook_delivery_endpoint').on(table.endpointId, table.createdAt),
    index('webhook_delivery_pending')
      .on(table.createdAt)
      .where(sql`status = 'PENDING'`),
  ],
);

export const webhookAttempts = pgTable(
  'webhook_attempt',
  {
    deliveryId: uuid('delivery_id')
      .notNull()
      .references(() => webhookDeliveries.id, { onDelete: 'cascade' }),
    /** 1, 2, 3 … per delivery. */
    number: integer('number').notNull(),
    at: instant('at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    /** Null when no answer came. */
    statusCode: smallint('status_code'),
    /** Why no answer came: TIMEOUT, UNREACHABLE, ADDRESS_REFUSED. */
    error: text('error'),
    /** The beginning of the answer. */
    excerpt: text('excerpt'),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.number] })],
);
