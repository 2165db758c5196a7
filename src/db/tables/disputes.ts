/** Disputes: payments that the buyer's bank took back, until it has decided. Minor units of the order's currency. */
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
import { createdAt, id, updatedAt } from './columns.ts';
import { orderLines, orders } from './orders.ts';

export const disputeStatus = pgEnum('dispute_status', ['OPEN', 'WON', 'LOST']);

export const disputes = pgTable(
  'dispute',
  {
    id: id(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    /** The provider's name for it. */
    disputeRef: text('dispute_ref').notNull().unique(),
    status: disputeStatus('status').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** The provider's own, which is not given back. */
    feeMinor: bigint('fee_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('dispute_order').on(table.orderId),
    index('dispute_created').on(table.createdAt, table.id),
    check('dispute_amount_positive', sql`${table.amountMinor} > 0 and ${table.feeMinor} >= 0`),
  ],
);

/** What of each line was taken back. */
export const disputeLines = pgTable(
  'dispute_line',
  {
    disputeId: uuid('dispute_id')
      .notNull()
      .references(() => disputes.id),
    orderId: uuid('order_id').notNull(),
    /** Of the order's line. */
    position: smallint('position').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    taxMinor: bigint('tax_minor', { mode: 'number' }).notNull(),
    royaltyMinor: bigint('royalty_minor', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.disputeId, table.position] }),
    foreignKey({ columns: [table.orderId, table.position], foreignColumns: [orderLines.orderId, orderLines.position] }),
  ],
);
