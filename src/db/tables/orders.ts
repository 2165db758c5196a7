/** Orders, payments, entitlements and the ledger. Money is integer minor units of the currency beside it. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { editions, revisions } from './books.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';

export const orderStatus = pgEnum('order_status', [
  'PENDING_PAYMENT',
  'REQUIRES_ACTION',
  'AUTHORIZED',
  'CAPTURING',
  'PAID',
  'FULFILLING',
  'COMPLETED',
  'EXPIRED',
  'DECLINED',
  'CANCELLED',
]);

export const orders = pgTable(
  'order',
  {
    id: id(),
    buyerId: uuid('buyer_id')
      .notNull()
      .references(() => users.id),
    status: orderStatus('status').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** Why it ended where it did, in plain words, when it did not complete. */
    reason: text('reason'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('order_buyer').on(table.buyerId, table.createdAt),
    check('order_amount_not_negative', sql`${table.amountMinor} >= 0`),
  ],
);

export const orderLines = pgTable(
  'order_line',
  {
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id, { onDelete: 'cascade' }),
    position: smallint('position').notNull(),
    editionId: uuid('edition_id')
      .notNull()
      .references(() => editions.id),
    /** What was on sale when the order was placed; the reader gets every later one as well. */
    revisionId: uuid('revision_id').references(() => revisions.id),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.position] }),
    index('order_line_edition').on(table.editionId),
  ],
);

export const paymentStatus = pgEnum('payment_status', [
  'CREATED',
  'REQUIRES_ACTION',
  'AUTHORIZED',
  'CAPTURED',
  'DECLINED',
  'VOIDED',
  'REFUNDED',
]);

export const payments = pgTable('payment', {
  /** One payment per order. */
  orderId: uuid('order_id')
    .primaryKey()
    .references(() => orders.id, { onDelete: 'cascade' }),
  status: paymentStatus('status').notNull().default('CREATED'),
  gateway: text('gateway').notNull(),
  /** The provider's token for the means of payment; never a card number. */
  paymentToken: text('payment_token').notNull(),
  /** Stored before the first call: every call of this payment is made under a key that starts with it. */
  idempotencyKey: text('idempotency_key').notNull().unique(),
  authorizationRef: text('authorization_ref'),
  captureRef: text('capture_ref'),
  /** Where the buyer approves, while the status is REQUIRES_ACTION. */
  actionUrl: text('action_url'),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

export const entitlementStatus = pgEnum('entitlement_status', ['ACTIVE', 'SUSPENDED', 'REVOKED', 'REFUNDED']);

export const entitlements = pgTable(
  'entitlement',
  {
    id: id(),
    readerId: uuid('reader_id')
      .notNull()
      .references(() => users.id),
    editionId: uuid('edition_id')
      .notNull()
      .references(() => editions.id),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    status: entitlementStatus('status').notNull().default('ACTIVE'),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('entitlement_reader_edition').on(table.readerId, table.editionId),
    index('entitlement_reader').on(table.readerId, table.createdAt),
  ],
);

/** One balanced set of entries; the database refuses a statement that leaves one unbalanced. */
export const ledgerTransactions = pgTable('ledger_transaction', {
  id: id(),
  /** What it books, such as `capture:ORDER`: booking it again changes nothing. */
  key: text('key').notNull().unique(),
  orderId: uuid('order_id').references(() => orders.id),
  createdAt: instant('created_at').notNull(),
});

export const ledgerEntries = pgTable(
  'ledger_entry',
  {
    transactionId: uuid('transaction_id')
      .notNull()
      .references(() => ledgerTransactions.id),
    position: smallint('position').notNull(),
    /** `provider-clearing`, `platform-fee`, `author-payable:USER`. */
    account: text('account').notNull(),
    currency: text('currency').notNull(),
    /** Debits are positive, credits negative; never 0. */
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.transactionId, table.position] }),
    index('ledger_entry_account').on(table.account),
    check('ledger_entry_not_zero', sql`${table.amountMinor} <> 0`),
  ],
);
