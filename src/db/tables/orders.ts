/** Orders, payments, entitlements and the ledger. Money is integer minor units of the currency beside it. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
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
import { coupons } from './checkout.ts';
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
    /** Whose tax is in it, frozen when it was placed: ISO 3166-1 alpha-2; null when no country is known, and no tax due. */
    country: text('country'),
    /** How it was known: CountryEvidence of ../../books/shop-terms.ts. */
    countryEvidence: jsonb('country_evidence'),
    couponId: uuid('coupon_id').references(() => coupons.id),
    /** Why it ended where it did, in plain words, when it did not complete. */
    reason: text('reason'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('order_buyer').on(table.buyerId, table.createdAt),
    index('order_coupon')
      .on(table.couponId)
      .where(sql`coupon_id is not null`),
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
    /** What the buyer pays for it, tax included. All that follows is frozen when it is ordered (../../books/sale-split.ts). */
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** Before the discount. */
    listAmountMinor: bigint('list_amount_minor', { mode: 'number' }).notNull(),
    discountMinor: bigint('discount_minor', { mode: 'number' }).notNull().default(0),
    /** The part of `amountMinor` that is tax. */
    taxMinor: bigint('tax_minor', { mode: 'number' }).notNull().default(0),
    taxRateBps: integer('tax_rate_bps').notNull().default(0),
    /** The author's part of what is left without the tax. */
    royaltyMinor: bigint('royalty_minor', { mode: 'number' }).notNull(),
    royaltyBps: integer('royalty_bps').notNull(),
    /** Whom the royalty goes to: the edition's owner then. No reference of its own, which every line would pay for. */
    authorId: uuid('author_id').notNull(),
    /** What has gone back of the three by refunds and disputes, or is on its way back (../../books/reversal.ts). */
    reversedMinor: bigint('reversed_minor', { mode: 'number' }).notNull().default(0),
    reversedTaxMinor: bigint('reversed_tax_minor', { mode: 'number' }).notNull().default(0),
    reversedRoyaltyMinor: bigint('reversed_royalty_minor', { mode: 'number' }).notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.position] }),
    index('order_line_edition').on(table.editionId),
    check('order_line_reversed_at_most_paid', sql`${table.reversedMinor} between 0 and ${table.amountMinor}`),
    check(
      'order_line_adds_up',
      sql`${table.amountMinor} = ${table.listAmountMinor} - ${table.discountMinor} and ${table.discountMinor} >= 0
        and ${table.taxMinor} >= 0 and ${table.royaltyMinor} >= 0
        and ${table.taxMinor} + ${table.royaltyMinor} <= ${table.amountMinor}`,
    ),
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
    /** When the book was first fetched; after that its reader cannot give it back. */
    downloadedAt: instant('downloaded_at'),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('entitlement_reader_edition').on(table.readerId, table.editionId),
    index('entitlement_reader').on(table.readerId, table.createdAt),
  ],
);

/** One balanced set of entries; the database refuses a statement that leaves one unbalanced. */
export const ledgerTransactions = pgTable(
  'ledger_transaction',
  {
    id: id(),
    /** What it books, such as `capture:ORDER`: booking it again changes nothing. */
    key: text('key').notNull().unique(),
    orderId: uuid('order_id').references(() => orders.id),
    createdAt: instant('created_at').notNull(),
  },
  // Rows come in the order of time, so a summary of their blocks finds a night, and costs a purchase next to nothing.
  (table) => [index('ledger_transaction_created').using('brin', table.createdAt)],
);

export const ledgerEntries = pgTable(
  'ledger_entry',
  {
    transactionId: uuid('transaction_id')
      .notNull()
      .references(() => ledgerTransactions.id),
    position: smallint('position').notNull(),
    /** Such as `platform-fee` or `author-payable:USER`: all are in ../ledger-accounts.ts. */
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
