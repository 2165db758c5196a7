/** What waits to be claimed: a gift by whom it was given to, a guest's purchase by the guest. */
import { index, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { instant } from './columns.ts';
import { orders } from './orders.ts';

export const claimKind = pgEnum('claim_kind', ['GIFT', 'GUEST']);

export const claims = pgTable(
  'claim',
  {
    orderId: uuid('order_id')
      .primaryKey()
      .references(() => orders.id, { onDelete: 'cascade' }),
    kind: claimKind('kind').notNull(),
    /** Whom it is for, in small letters. */
    email: text('email').notNull(),
    /** The giver's words. */
    message: text('message'),
    /** Who has the right until it is claimed: an account that nobody can sign in to. */
    holderId: uuid('holder_id')
      .notNull()
      .references(() => users.id),
    claimedBy: uuid('claimed_by').references(() => users.id),
    claimedAt: instant('claimed_at'),
  },
  (table) => [index('claim_email').on(table.email)],
);
