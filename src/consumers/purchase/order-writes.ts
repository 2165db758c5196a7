/** How the purchase stages change orders; each is part of the stage's own commit, with those of other orders. */
import { sql } from 'drizzle-orm';
import { type LedgerPosting, bookedPostings } from '../../db/ledger.ts';
import type { Tx } from '../../db/client.ts';
import { type Parts, storeParts } from '../../db/parts.ts';
import { orders, payments } from '../../db/tables/index.ts';

export interface OrderChange {
  readonly orderId: string;
  readonly now: Date;
  /** What is not named stays as it is. */
  readonly order: Partial<Pick<typeof orders.$inferInsert, 'status' | 'reason'>>;
  readonly payment?: Partial<
    Pick<typeof payments.$inferInsert, 'status' | 'authorizationRef' | 'captureRef' | 'actionUrl'>
  >;
  readonly postings?: readonly LedgerPosting[];
}

/** Sets the new states of orders and their payments, and posts to the ledger. */
export function changedOrders(changes: readonly OrderChange[]): Parts {
  const sorted = changes.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const postings = sorted.flatMap(({ postings: all = [], now }) => all.map((posting) => ({ ...posting, at: now })));
  return { ...updated(sorted), ...bookedPostings(postings) };
}

export const changeOrder = (tx: Tx, change: OrderChange): Promise<void> => storeParts(tx, changedOrders([change]));

function updated(changes: readonly OrderChange[]): Parts {
  const orderOf = <Value>(value: (order: OrderChange['order']) => Value) => changes.map(({ order }) => value(order));
  const paymentOf = <Value>(value: (payment: NonNullable<OrderChange['payment']>) => Value) =>
    changes.map(({ payment }) => (payment ? value(payment) : null));
  return {
    order_change: sql`
      select * from unnest(
        ${sql.param(changes.map(({ orderId }) => orderId))}::uuid[],
        ${sql.param(changes.map(({ now }) => now.toISOString()))}::timestamptz[],
        ${sql.param(orderOf(({ status }) => status ?? null))}::text[],
        ${sql.param(orderOf(({ reason }) => reason ?? null))}::text[],
        ${sql.param(paymentOf(({ actionUrl }) => (actionUrl === undefined ? 0 : 1)))}::int[],
        ${sql.param(paymentOf(({ status }) => status ?? null))}::text[],
        ${sql.param(paymentOf(({ authorizationRef }) => authorizationRef ?? null))}::text[],
        ${sql.param(paymentOf(({ captureRef }) => captureRef ?? null))}::text[],
        ${sql.param(paymentOf(({ actionUrl }) => actionUrl ?? null))}::text[]
      ) as c(id, now, status, reason, is_url_set, payment_status, authorization_ref, capture_ref, action_url)`,
    payment_changed: sql`
      update payment p
      set status = coalesce(c.payment_status::payment_status, p.status),
          authorization_ref = coalesce(c.authorization_ref, p.authorization_ref),
          capture_ref = coalesce(c.capture_ref, p.capture_ref),
          action_url = case c.is_url_set when 1 then c.action_url else p.action_url end,
          updated_at = c.now
      from order_change c
      -- Null where nothing of the payment changes.
      where p.order_id = c.id and c.is_url_set is not null`,
    order_changed: sql`
      update "order" o
      set status = coalesce(c.status::order_status, o.status), reason = coalesce(c.reason, o.reason), updated_at = c.now
      from order_change c
      where o.id = c.id`,
  };
}
