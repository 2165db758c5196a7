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

/** Sets the new states of orders and payments and posts to the ledger, at most one statement for each table. */
export async function changeOrders(tx: Tx, changes: readonly OrderChange[]): Promise<void> {
  const sorted = changes.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const changed = sorted.flatMap(({ orderId, now, payment }) => (payment ? [{ orderId, now, ...payment }] : []));
  // Sent at once, and done one after the other: none waits for what another says.
  await Promise.all([updateOrders(tx, sorted), updatePayments(tx, changed), postAll(tx, sorted)]);
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
  await tx.execute(sql`
    update "order" o
    set status = coalesce(d.status::order_status, o.status), reason = coalesce(d.reason, o.reason), updated_at = d.now
    from unnest(
      ${sql.param(changes.map(({ orderId }) => orderId))}::uuid[],
      ${sql.param(changes.map(({ order }) => order.status ?? null))}::text[],
      ${sql.param(changes.map(({ order }) => order.reason ?? null))}::text[],
      ${sql.param(changes.map(({ now }) => now.toISOString()))}::timestamptz[]
    ) as d(id, status, reason, now)
    where o.id = d.id`);
}

type PaymentChange = { orderId: string; now: Date } & NonNullable<OrderChange['payment']>;

async function updatePayments(tx: Tx, changes: readonly PaymentChange[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.execute(sql`
    update payment p
    set status = coalesce(d.status::payment_status, p.status),
        authorization_ref = coalesce(d.authorization_ref, p.authorization_ref),
        capture_ref = coalesce(d.capture_ref, p.capture_ref),
        action_url = case d.is_url_set when 1 then d.action_url else p.action_url end,
        updated_at = d.now
    from unnest(
      ${sql.param(changes.map(({ orderId }) => orderId))}::uuid[],
      ${sql.param(changes.map(({ status }) => status ?? null))}::text[],
      ${sql.param(changes.map(({ authorizationRef }) => authorizationRef ?? null))}::text[],
      ${sql.param(changes.map(({ captureRef }) => captureRef ?? null))}::text[],
      ${sql.param(changes.map(({ actionUrl }) => (actionUrl === undefined ? 0 : 1)))}::int[],
      ${sql.param(changes.map(({ actionUrl }) => actionUrl ?? null))}::text[],
      ${sql.param(changes.map(({ now }) => now.toISOString()))}::timestamptz[]
    ) as d(order_id, status, authorization_ref, capture_ref, is_url_set, action_url, now)
    where p.order_id = d.order_id`);
}
