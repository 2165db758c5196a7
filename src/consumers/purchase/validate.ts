/** Stage `purchase.validate`: is everything that was ordered still for sale, and not the buyer's already? */
import { sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { orderRejected, orderValidated } from '../../events/index.ts';
import { advance, type StageInput } from '../../streams/index.ts';

type Input = StageInput<{ orderId: string; status: string }>;

/** Judges all orders in one statement, and cancels the refused ones in another. */
export async function validateOrders(tx: Tx, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const ids = inputs.map((input) => input.payload.orderId);
  const faults = await tx.execute<{ order_id: string; reason: string }>(sql`
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
  await cancelRejected(tx, reasons, clock.now());
  return inputs.map(({ payload: { orderId } }) => {
    const reason = reasons.get(orderId);
    return advance(
      reason === undefined
        ? orderValidated.of({ orderId, status: 'PENDING_PAYMENT' })
        : orderRejected.of({ orderId, status: 'CANCELLED', reason }),
    );
  });
}

async function cancelRejected(tx: Tx, reasons: ReadonlyMap<string, string>, now: Date): Promise<void> {
  if (reasons.size === 0) return;
  const rows = JSON.stringify([...reasons].map(([id, reason]) => ({ id, reason })));
  await tx.execute(sql`
    update "order" o set status = 'CANCELLED', reason = d.reason, updated_at = ${now.toISOString()}::timestamptz
    from jsonb_to_recordset(${rows}::text::jsonb) as d(id uuid, reason text)
    where o.id = d.id`);
}
