/** Receipts: one per completed order, numbered 1, 2, 3 … in each year without a gap. */
import { integer, pgTable, smallint, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { orders } from './orders.ts';

export const receipts = pgTable(
  'receipt',
  {
    orderId: uuid('order_id')
      .primaryKey()
      .references(() => orders.id),
    /** Of the completion, in UTC. */
    year: smallint('year').notNull(),
    number: integer('number').notNull(),
    issuedAt: instant('issued_at').notNull(),
    /** Where its PDF is; null while it is being made. */
    storageKey: text('storage_key'),
    /** Of the PDF, in hex. */
    sha256: text('sha256'),
  },
  (table) => [uniqueIndex('receipt_number').on(table.year, table.number)],
);

/** The last number of each year. Whoever takes one holds the row until the commit, so that none is lost or given twice. */
export const receiptCounters = pgTable('receipt_counter', {
  year: smallint('year').primaryKey(),
  last: integer('last').notNull(),
});
