/** What the purchase stages need to know of an order. */
import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { editions, orderLines, orders, payments } from '../../db/tables/index.ts';
import { TerminalError } from '../../streams/index.ts';

export type PurchaseOrder = Awaited<ReturnType<typeof readOrder>>;

/** @throws TerminalError when there is no such order: no retry will make one */
export async function readOrder(db: Pick<Db, 'select'>, orderId: string) {
  const [order] = await db
    .select({
      id: orders.id,
      buyerId: orders.buyerId,
      status: orders.status,
      amountMinor: orders.amountMinor,
      currency: orders.currency,
      createdAt: orders.createdAt,
      idempotencyKey: payments.idempotencyKey,
      paymentToken: payments.paymentToken,
      authorizationRef: payments.authorizationRef,
    })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(eq(orders.id, orderId));
  if (!order) throw new TerminalError(`there is no order ${orderId}`);
  return order;
}

/** The lines of an order with whom each royalty goes to. */
export function readSales(db: Pick<Db, 'select'>, orderId: string) {
  return db
    .select({ authorId: editions.ownerId, amountMinor: orderLines.amountMinor })
    .from(orderLines)
    .innerJoin(editions, eq(editions.id, orderLines.editionId))
    .where(eq(orderLines.orderId, orderId));
}

export async function readPaymentStatus(db: Pick<Db, 'select'>, orderId: string): Promise<string | undefined> {
  const [payment] = await db.select({ status: payments.status }).from(payments).where(eq(payments.orderId, orderId));
  return payment?.status;
}
