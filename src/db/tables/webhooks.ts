/** Webhooks: what payment providers have told us. */
import { index, pgEnum, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const noticeKind = pgEnum('payment_notice_kind', ['PAYMENT', 'REFUND', 'DISPUTE', 'PAYOUT']);

/** Each notice once, however often it comes. */
export const paymentNotices = pgTable(
  'payment_notice',
  {
    /** The gateway's name and the provider's own id of it: `stripe:evt_1`. */
    id: text('id').primaryKey(),
    gateway: text('gateway').notNull(),
    kind: noticeKind('kind').notNull(),
    /** Of what it speaks at the provider. */
    ref: text('ref').notNull(),
    /** Our own name for it, when the provider knows it. */
    reference: text('reference'),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [index('payment_notice_received').on(table.receivedAt)],
);
