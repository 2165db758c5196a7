/** The provider's books as they were read, the nights on which they were compared with ours, and in what they differed. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { DIFFERENCE_KINDS } from '../../books/difference.ts';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';

export const movementKind = pgEnum('movement_kind', [
  'CAPTURE',
  'REFUND',
  'REFUND_FAILED',
  'DISPUTE',
  'DISPUTE_REVERSED',
  'PAYOUT',
  'PAYOUT_FAILED',
]);
export const movementState = pgEnum('movement_state', ['NEW', 'AGREED', 'DIFFERENT']);

/** Money that the provider says it has moved. */
export const providerMovements = pgTable(
  'provider_movement',
  {
    gateway: text('gateway').notNull(),
    /** The provider's name for the movement. */
    movementId: text('movement_id').notNull(),
    /** In the order of reading, which is that of the provider's books. */
    number: bigserial('number', { mode: 'number' }).notNull(),
    kind: movementKind('kind').notNull(),
    /** The provider's name for the capture, refund, dispute or payout. */
    ref: text('ref').notNull(),
    /** Our order or payout, when the provider was told one. */
    referenceId: uuid('reference_id'),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** Booked when it was read, but for disputes, whose fees are booked with them. */
    feeMinor: bigint('fee_minor', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    at: instant('at').notNull(),
    state: movementState('state').notNull().default('NEW'),
    /** The ledger's transaction that books the same money, or will. */
    ledgerKey: text('ledger_key'),
  },
  (table) => [
    primaryKey({ columns: [table.gateway, table.movementId] }),
    index('provider_movement_ref').on(table.gateway, table.kind, table.ref),
    index('provider_movement_key').on(table.gateway, table.ledgerKey),
    index('provider_movement_open')
      .on(table.gateway, table.number)
      .where(sql`state <> 'AGREED'`),
  ],
);

/** One comparison of the books. */
export const reconciliations = pgTable(
  'reconciliation',
  {
    id: id(),
    gateway: text('gateway').notNull(),
    /** For which it was due. */
    slot: instant('slot').notNull(),
    /** How far the provider's books were read; null for not at all. */
    cursor: text('cursor'),
    /** Read by it. */
    movements: integer('movements').notNull().default(0),
    /** Differences found by it, which were not known before. */
    found: integer('found').notNull().default(0),
    /** What we had booked up to this instant was looked for in the provider's books. */
    checkedUntil: instant('checked_until'),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
  },
  (table) => [unique('reconciliation_slot').on(table.gateway, table.slot)],
);

export const differenceKind = pgEnum('difference_kind', DIFFERENCE_KINDS);
export const differenceStatus = pgEnum('difference_status', ['OPEN', 'EXPLAINED', 'CLEARED']);

export const reconciliationDifferences = pgTable(
  'reconciliation_difference',
  {
    id: id(),
    gateway: text('gateway').notNull(),
    kind: differenceKind('kind').notNull(),
    /** The provider's movement, or the key of our ledger's transaction if the provider has none. */
    subject: text('subject').notNull(),
    movementKind: movementKind('movement_kind'),
    /** The provider's name for the capture, refund, dispute or payout; null when the provider has none. */
    ref: text('ref'),
    /** Of our ledger; null when we have none. */
    ledgerKey: text('ledger_key'),
    ourMinor: bigint('our_minor', { mode: 'number' }),
    ourCurrency: text('our_currency'),
    theirMinor: bigint('their_minor', { mode: 'number' }),
    theirCurrency: text('their_currency'),
    status: differenceStatus('status').notNull().default('OPEN'),
    explainedById: uuid('explained_by').references(() => users.id),
    /** Why it is so, in the words of whoever looked into it. */
    note: text('note'),
    explainedAt: instant('explained_at'),
    createdAt: createdAt(),
  },
  (table) => [
    unique('reconciliation_difference_once').on(table.gateway, table.kind, table.subject),
    index('reconciliation_difference_created').on(table.createdAt, table.id),
    index('reconciliation_difference_open')
      .on(table.createdAt)
      .where(sql`status = 'OPEN'`),
  ],
);
