/**
 * Stage `purchase.fulfil`: gives the reader the right to the book, and the order the number of its receipt. After the
 * pivot: tried until it is done.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { completeOrders } from '../../db/receipts.ts';
import { newId } from '../../db/tables/columns.ts';
import { orderCompleted } from '../../events/index.ts';
import { advance, type StageInput } from '../../streams/index.ts';
import { changeOrder } from './order-writes.ts';

type Input = StageInput<{ orderId: string }>;

/** Grants every line of all orders, in three statements and two round trips. */
export async function grantLicences(tx: Tx, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const ids = inputs.map((input) => input.payload.orderId);
  const now = clock.now().toISOString();
  const lines = await tx.execute<{ reader_id: string; edition_id: string; order_id: string }>(sql`
    select coalesce(c.holder_id, o.buyer_id) as reader_id, l.edition_id, l.order_id
    from order_line l join "order" o on o.id = l.order_id left join claim c on c.order_id = o.id where l.order_id = any(${sql.param(ids)}::uuid[])`);
  const rows = JSON.stringify([...lines].map((line) => ({ id: newId(), ...line })));
  const granting = tx.execute(sql`
    insert into entitlement (id, reader_id, edition_id, order_id, status, created_at)
    select d.id, d.reader_id, d.edition_id, d.order_id, 'ACTIVE', ${now}::timestamptz
    from jsonb_to_recordset(${rows}::text::jsonb) as d(id uuid, reader_id uuid, edition_id uuid, order_id uuid)
    on conflict (reader_id, edition_id) do update set status = 'ACTIVE', order_id = excluded.order_id
      where entitlement.status in ('REVOKED', 'REFUNDED')`);
  // Sent at once, and done one after the other.
  await Promise.all([granting, completeOrders(tx, ids, clock.now())]);
  return inputs.map(({ payload: { orderId } }) => advance(orderCompleted.of({ orderId, status: 'COMPLETED' })));
}

/** While a retry waits, the buyer sees that the book is on its way. */
export async function showFulfilling(tx: Tx, { payload: { orderId } }: Input, now: Date): Promise<{ status: string }> {
  await changeOrder(tx, {
    orderId,
    order: { status: 'FULFILLING' },
    now,
  });
  return { status: 'FULFILLING' };
}
