/** The checkout: price windows, coupons, and quotes, which freeze what they come to. Money is minor units. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { editions, revisions } from './books.ts';
import { createdAt, id, instant } from './columns.ts';

/** Another price for a while: a campaign. Two of one edition and currency never overlap. */
export const priceWindows = pgTable(
  'price_window',
  {
    id: id(),
    editionId: uuid('edition_id')
      .notNull()
      .references(() => editions.id, { onDelete: 'cascade' }),
    currency: text('currency').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** What the campaign is called. */
    name: text('name'),
    /** Holds from this instant … */
    validFrom: instant('valid_from').notNull(),
    /** … until just before this one. */
    validUntil: instant('valid_until').notNull(),
  },
  (table) => [
    index('price_window_edition').on(table.editionId, table.currency, table.validUntil),
    check('price_window_not_negative', sql`${table.amountMinor} >= 0`),
    check('price_window_forwards', sql`${table.validFrom} < ${table.validUntil}`),
  ],
);

/** Its uses are not counted here: they are the orders that carry it and did not end unpaid. */
export const coupons = pgTable(
  'coupon',
  {
    id: id(),
    /** Capital letters, digits and hyphens. */
    code: text('code').notNull(),
    createdBy: uuid('created_by')
      .notNull()
      .references(() => users.id),
    /** Either this part of the price, in basis points … */
    percentBps: integer('percent_bps'),
    /** … or a fixed amount, { EUR: 500, JPY: 800 }, off the whole order. */
    amounts: jsonb('amounts'),
    validFrom: instant('valid_from').notNull(),
    validUntil: instant('valid_until'),
    /** How often it may be used by all; null is without limit. */
    usesMax: integer('uses_max'),
    /** And by one reader. */
    usesPerReaderMax: integer('uses_per_reader_max'),
    /** It holds for these only; empty is for all. Both lists set: an edition in either. */
    editionIds: uuid('edition_ids')
      .array()
      .notNull()
      .default(sql`'{}'::uuid[]`),
    authorIds: uuid('author_ids')
      .array()
      .notNull()
      .default(sql`'{}'::uuid[]`),
    isEnded: boolean('is_ended').notNull().default(false),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('coupon_code').on(table.code),
    index('coupon_creator').on(table.createdBy, table.createdAt),
    check('coupon_percent_or_amount', sql`(${table.percentBps} is null) <> (${table.amounts} is null)`),
  ],
);

/** What a buyer was promised: lines and amounts hold until it expires, whatever prices, taxes and coupons do meanwhile. */
export const quotes = pgTable(
  'quote',
  {
    id: id(),
    /** Null for a guest, who has the quote by its id alone. */
    buyerId: uuid('buyer_id').references(() => users.id, { onDelete: 'cascade' }),
    currency: text('currency').notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    country: text('country'),
    countryEvidence: jsonb('country_evidence'),
    couponId: uuid('coupon_id').references(() => coupons.id),
    expiresAt: instant('expires_at').notNull(),
    /** It is a gift for whoever reads mail there. */
    giftEmail: text('gift_email'),
    giftMessage: text('gift_message'),
    /** The last order that was placed on it: one that ended unpaid may be followed by another. */
    orderId: uuid('order_id'),
    /** A guest's key and request for that order, as a hash: the same again is answered alike. */
    guestKeyHash: text('guest_key_hash'),
    createdAt: createdAt(),
  },
  (table) => [
    index('quote_buyer').on(table.buyerId, table.createdAt),
    index('quote_unused')
      .on(table.expiresAt)
      .where(sql`order_id is null`),
  ],
);

/** As the order's line will be. */
export const quoteLines = pgTable(
  'quote_line',
  {
    quoteId: uuid('quote_id')
      .notNull()
      .references(() => quotes.id, { onDelete: 'cascade' }),
    position: smallint('position').notNull(),
    editionId: uuid('edition_id')
      .notNull()
      .references(() => editions.id),
    revisionId: uuid('revision_id')
      .notNull()
      .references(() => revisions.id),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    listAmountMinor: bigint('list_amount_minor', { mode: 'number' }).notNull(),
    discountMinor: bigint('discount_minor', { mode: 'number' }).notNull(),
    taxMinor: bigint('tax_minor', { mode: 'number' }).notNull(),
    taxRateBps: integer('tax_rate_bps').notNull(),
    royaltyMinor: bigint('royalty_minor', { mode: 'number' }).notNull(),
    royaltyBps: integer('royalty_bps').notNull(),
    authorId: uuid('author_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.quoteId, table.position] })],
);
