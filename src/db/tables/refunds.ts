/** Refunds: money that goes back to a buyer, whole or in part. Minor units of the order's currency. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, updatedAt } from './columns.ts';
import { orderLines, orders } from './orders.ts';

export const refundStatus = pgEnum('refund_status', ['REQUESTED', 'SUBMITTED', 'SETTLED', 'FAILED']);

export const refunds = pgTable(
  'refund',
  {
    id: id(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    status: refundStatus('status').notNull().default('REQUESTED'),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** Who asked for it. */
    requestedBy: uuid('requested_by')
      .notNull()
      .references(() => users.id),
    /** Why, in the words of whoever asked. */
    reason: text('reason'),
    /** Stored before the provider is asked: every call of this refund is made under it. */
    idempotencyKey: text('idempotency_key').notNull().unique(),
    /** The provider's name for it. */
    refundRef: text('refund_ref'),
    /** Why it failed, in plain words. */
    failure: text('failure'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('refund_order').on(table.orderId, table.createdAt),
    index('refund_created').on(table.createdAt, table.id),
    index('refund_ref').on(table.refundRef),
    index('refund_open')
      .on(table.updatedAt)
      .where(sql`status in ('REQUESTED', 'SUBMITTED')`),
    check('refund_amount_positive', sql`${table.amountMinor} > 0`),
  ],
);

/** What of each line goes back. */
export const refundLines = pgTable(
  'refund_line',
  {
    refundId: uuid('refund_id')
      .notNull()
      .references(() => refunds.id),
    orderId: uuid('order_id').notNull(),
    /** Of the order's line. */
    position: smallint('position').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** The tax in it; like the royalty, one less than 0 is possible where an earlier part was rounded up. */
    taxMinor: bigint('tax_minor', { mode: 'number' }).notNull(),
    royaltyMinor: bigint('royalty_minor', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.refundId, table.position] }),
    foreignKey({ columns: [table.orderId, table.position], foreignColumns: [orderLines.orderId, orderLines.position] }),
    check('refund_line_amount_positive', sql`${table.amountMinor} > 0`),
  ],
);
