/** Stage `purchase.validate`: is everything that was ordered still for sale, and not the buyer's already? */
import { sql } from 'drizzle-orm';
import { orderRejected, orderValidated } from '../../events/index.ts';
import { advance, type Reads, type StageInput, together } from '../../streams/index.ts';
import { changedOrders } from './order-writes.ts';

type Input = StageInput<{ orderId: string; status: string }>;

/** Judges all orders in one statement; the refused ones are cancelled with the events that say so. */
export async function validateOrders(db: Reads, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const ids = inputs.map((input) => input.payload.orderId);
  const faults = await db.execute<{ order_id: string; reason: string }>(sql`
    select distinct on (l.order_id) l.order_id,
           case when e.sale_status <> 'PUBLISHED' then 'The book is no longer for sale.'
                else 'The book is in the library already.' end as reason
    from order_line l
    join "order" o on o.id = l.order_id
    join edition e on e.id = l.edition_id
    left join claim c on c.order_id = o.id
    left join entitlement t on t.reader_id = coalesce(c.holder_id, o.buyer_id) and t.edition_id = l.edition_id and t.status = 'ACTIVE'
    where l.order_id = any(${sql.param(ids)}::uuid[]) and (e.sale_status <> 'PUBLISHED' or t.id is not null)`);
  const reasons = new Map([...faults].map((row) => [row.order_id, row.reason]));
  const now = clock.now();
  return inputs.map(({ payload: { orderId } }) => {
    const reason = reasons.get(orderId);
    if (reason === undefined) return advance(orderValidated.of({ orderId, status: 'PENDING_PAYMENT' }));
    const refused = { orderId, order: { status: 'CANCELLED' as const, reason }, now };
    return advance(orderRejected.of({ orderId, status: 'CANCELLED', reason }), together(changedOrders, refused));
  });
}
