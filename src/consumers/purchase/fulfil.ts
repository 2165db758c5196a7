/**
 * Stage `purchase.fulfil`: gives the reader the right to the book, and the order the number of its receipt. After the
 * pivot: tried until it is done.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import type { Parts } from '../../db/parts.ts';
import { completedOrders } from '../../db/receipts.ts';
import { newId } from '../../db/tables/columns.ts';
import { orderCompleted } from '../../events/index.ts';
import { advance, type Reads, type StageInput, together } from '../../streams/index.ts';
import { changeOrder } from './order-writes.ts';

type Input = StageInput<{ orderId: string }>;

/** Grants every line of all orders and completes them. */
export async function grantLicences(_db: Reads, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const now = clock.now();
  const fulfil = (orderIds: readonly string[]) => ({
    ...grantedLines(orderIds, now),
    ...completedOrders(orderIds, now, ['line_granted']),
  });
  return inputs.map(({ payload: { orderId } }) =>
    advance(orderCompleted.of({ orderId, status: 'COMPLETED' }), together(fulfil, orderId)),
  );
}

/**
 * How many lines an order has is not known here: an id is made for each order, and its last byte, which is nothing but
 * chance, becomes the line's position (20 at most, see quotes).
 */
const grantedLines = (orderIds: readonly string[], now: Date): Parts => ({
  line_granted: sql`
    insert into entitlement (id, reader_id, edition_id, order_id, status, created_at)
    select overlay(g.id placing lpad(to_hex(l.position::int), 2, '0') from 35)::uuid,
           coalesce(c.holder_id, o.buyer_id), l.edition_id, l.order_id, 'ACTIVE', ${now.toISOString()}::timestamptz
    from unnest(${sql.param([...orderIds])}::uuid[], ${sql.param(orderIds.map(newId))}::text[]) as g(order_id, id)
    join order_line l on l.order_id = g.order_id
    join "order" o on o.id = l.order_id
    left join claim c on c.order_id = o.id
    on conflict (reader_id, edition_id) do update set status = 'ACTIVE', order_id = excluded.order_id
      where entitlement.status in ('REVOKED', 'REFUNDED')
    returning 1`,
});

/** While a retry waits, the buyer sees that the book is on its way. */
export async function showFulfilling(tx: Tx, { payload: { orderId } }: Input, now: Date): Promise<{ status: string }> {
  await changeOrder(tx, {
    orderId,
    order: { status: 'FULFILLING' },
    now,
  });
  return { status: 'FULFILLING' };
}
