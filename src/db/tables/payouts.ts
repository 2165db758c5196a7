/** Payouts: authors as payees of the payment provider, and what is paid to them. Minor units of the currency beside it. */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgEnum, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, updatedAt } from './columns.ts';

export const payeeStatus = pgEnum('payee_status', ['OPENING', 'ONBOARDING', 'READY', 'REFUSED']);
export const payoutStatus = pgEnum('payout_status', ['REQUESTED', 'PROCESSING', 'PAID', 'FAILED']);

export const payees = pgTable(
  'payee',
  {
    id: id(),
    /** Whoever pays this author holds this row. */
    authorId: uuid('author_id')
      .notNull()
      .unique()
      .references(() => users.id),
    status: payeeStatus('status').notNull().default('OPENING'),
    /** ISO 3166-1 alpha-2. */
    country: text('country').notNull(),
    /** At which provider; one that is known to another is opened anew. */
    gateway: text('gateway').notNull(),
    /** Stored before the provider is asked; a new one whenever it is opened anew. */
    idempotencyKey: text('idempotency_key').notNull().unique(),
    /** The provider's name for it. */
    payeeRef: text('payee_ref').unique(),
    /** Where the author tells the provider what it wants to know; good for minutes. */
    onboardingUrl: text('onboarding_url'),
    /** Counts how often it was opened: of several runs the latest alone goes on. */
    round: integer('round').notNull().default(1),
    /** Why it was refused, in plain words. */
    failure: text('failure'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('payee_ready')
      .on(table.id)
      .where(sql`status = 'READY'`),
  ],
);

export const payouts = pgTable(
  'payout',
  {
    id: id(),
    payeeId: uuid('payee_id')
      .notNull()
      .references(() => payees.id),
    authorId: uuid('author_id')
      .notNull()
      .references(() => users.id),
    status: payoutStatus('status').notNull().default('REQUESTED'),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** As of the payee when it was made: a payout is asked for where it was begun. */
    gateway: text('gateway').notNull(),
    payeeRef: text('payee_ref').notNull(),
    /** Stored before the provider is asked: every call of this payout is made under it, and of no other. */
    idempotencyKey: text('idempotency_key').notNull().unique(),
    /** The provider's name for it. */
    payoutRef: text('payout_ref'),
    /** Why it failed, in plain words. */
    failure: text('failure'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('payout_under_way')
      .on(table.authorId, table.currency)
      .where(sql`status in ('REQUESTED', 'PROCESSING')`),
    index('payout_author').on(table.authorId, table.createdAt, table.id),
    index('payout_created').on(table.createdAt, table.id),
    index('payout_ref').on(table.payoutRef),
    check('payout_amount_positive', sql`${table.amountMinor} > 0`),
  ],
);
