/** How the purchase stages change an order; each is part of the stage's own commit. */
import { eq } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { orders, payments } from '../../db/tables/index.ts';

type OrderChange = Partial<Pick<typeof orders.$inferInsert, 'status' | 'reason'>>;
type PaymentChange = Partial<
  Pick<typeof payments.$inferInsert, 'status' | 'authorizationRef' | 'captureRef' | 'actionUrl'>
>;

/** Sets the order's and the payment's new state together. */
export async function changeOrder(
  tx: Tx,
  orderId: string,
  change: { order: OrderChange; payment?: PaymentChange; now: Date },
): Promise<void> {
  await tx
    .update(orders)
    .set({ ...change.order, updatedAt: change.now })
    .where(eq(orders.id, orderId));
  if (!change.payment) return;
  await tx
    .update(payments)
    .set({ ...change.payment, updatedAt: change.now })
    .where(eq(payments.orderId, orderId));
}
