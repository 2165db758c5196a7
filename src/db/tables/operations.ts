/** What keeps the house in order: idempotency keys, health reports, cron slots, sent mail. */
import { index, jsonb, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';

/** An answered mutation, kept for ever where money moved. */
export const idempotencyKeys = pgTable(
  'idempotency_key',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    operation: text('operation').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the canonical input. */
    bodyHash: text('body_hash').notNull(),
    /** The id of what the mutation made. */
    resultId: text('result_id').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.operation, table.key] })],
);

export const healthStatus = pgEnum('health_status', ['UP', 'DEGRADED', 'DOWN']);

export const healthReports = pgTable(
  'health_report',
  {
    id: id(),
    /** The minute, or whatever the schedule's slot is, that it answers for. */
    slot: instant('slot').notNull().unique(),
    status: healthStatus('status').notNull(),
    /** [{ name, status, detail, durationMs }] */
    checks: jsonb('checks').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('health_report_created').on(table.createdAt)],
);

/** One row per (name, slot): whoever inserts it runs it. */
export const cronSlots = pgTable(
  'cron_slot',
  {
    name: text('name').notNull(),
    slot: instant('slot').notNull(),
    claimedBy: text('claimed_by').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.name, table.slot] })],
);

/** Each notice that was sent, under the key it was sent with. */
export const notices = pgTable(
  'notice',
  {
    id: id(),
    key: text('key').notNull().unique(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    sentAt: instant('sent_at').notNull(),
  },
  (table) => [index('notice_user').on(table.userId, table.sentAt)],
);

export const disclosureKind = pgEnum('disclosure_kind', ['EVENT', 'DEAD_LETTER']);

/** Which admin looked at the whole of a payload, and when. */
export const disclosures = pgTable(
  'disclosure',
  {
    id: id(),
    adminId: uuid('admin_id')
      .notNull()
      .references(() => users.id),
    kind: disclosureKind('kind').notNull(),
    /** The number of the event, or the id of the dead letter. */
    target: text('target').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('disclosure_created').on(table.createdAt)],
);
