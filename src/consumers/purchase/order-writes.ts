/** How the purchase stages change orders; each is part of the stage's own commit, with those of other orders. */
import { sql } from 'drizzle-orm';
import { type LedgerPosting, postLedger } from '../../db/ledger.ts';
import type { Tx } from '../../db/client.ts';
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

/** Sets the new states of orders and their payments in one statement, and posts to the ledger. */
export async function changeOrders(tx: Tx, changes: readonly OrderChange[]): Promise<void> {
  const sorted = changes.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  // Sent at once, and done one after the other: none waits for what another says.
  await Promise.all([updateOrders(tx, sorted), postAll(tx, sorted)]);
}

async function postAll(tx: Tx, changes: readonly OrderChange[]): Promise<void> {
  for (const [now, group] of Map.groupBy(changes, (change) => change.now.getTime())) {
    await postLedger(
      tx,
      group.flatMap(({ postings }) => postings ?? []),
      new Date(now),
    );
  }
}

export const changeOrder = (tx: Tx, change: OrderChange): Promise<void> => changeOrders(tx, [change]);

async function updateOrders(tx: Tx, changes: readonly OrderChange[]): Promise<void> {
  const orderOf = <Value>(value: (order: OrderChange['order']) => Value) => changes.map(({ order }) => value(order));
  const paymentOf = <Value>(value: (payment: NonNullable<OrderChange['payment']>) => Value) =>
    changes.map(({ payment }) => (payment ? value(payment) : null));
  await tx.execute(sql`
    with d as materialized (
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
      ) as d(id, now, status, reason, is_url_set, payment_status, authorization_ref, capture_ref, action_url)),
    paid as (
      update payment p
      set status = coalesce(d.payment_status::payment_status, p.status),
          authorization_ref = coalesce(d.authorization_ref, p.authorization_ref),
          capture_ref = coalesce(d.capture_ref, p.capture_ref),
          action_url = case d.is_url_set when 1 then d.action_url else p.action_url end,
          updated_at = d.now
      from d
      -- Null where nothing of the payment changes.
      where p.order_id = d.id and d.is_url_set is not null)
    update "order" o
    set status = coalesce(d.status::order_status, o.status), reason = coalesce(d.reason, o.reason), updated_at = d.now
    from d
    where o.id = d.id`);
}
