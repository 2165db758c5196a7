/** What the purchase stages need to know of an order. What runs beside each other is read together. */
import { eq, sql } from 'drizzle-orm';
import { batched } from '../../db/batched.ts';
import type { Db } from '../../db/client.ts';
import { orderLines, orders, payments } from '../../db/tables/index.ts';
import { TerminalError } from '../../streams/index.ts';

export type PurchaseOrder = Awaited<ReturnType<typeof readOrder>>;

const orderOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select({
      id: orders.id,
      buyerId: orders.buyerId,
      status: orders.status,
      amountMinor: orders.amountMinor,
      currency: orders.currency,
      country: orders.country,
      createdAt: orders.createdAt,
      idempotencyKey: payments.idempotencyKey,
      paymentToken: payments.paymentToken,
      authorizationRef: payments.authorizationRef,
    })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(sql`${orders.id} = any(${sql.param(orderIds)}::uuid[])`);
  return new Map(rows.map((order) => [order.id, order]));
});

const salesOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select({
      orderId: orderLines.orderId,
      authorId: orderLines.authorId,
      amountMinor: orderLines.amountMinor,
      taxMinor: orderLines.taxMinor,
      royaltyMinor: orderLines.royaltyMinor,
    })
    .from(orderLines)
    .where(sql`${orderLines.orderId} = any(${sql.param(orderIds)}::uuid[])`);
  return Map.groupBy(rows, ({ orderId }) => orderId);
});

/** @throws TerminalError when there is no such order: no retry will make one */
export async function readOrder(db: Db, orderId: string) {
  const order = await orderOf(db, orderId);
  if (!order) throw new TerminalError(`there is no order ${orderId}`);
  return order;
}

/** The lines of an order: their money as it was frozen, and whom each royalty goes to. */
export const readSales = async (db: Db, orderId: string) => (await salesOf(db, orderId)) ?? [];

export async function readPaymentStatus(db: Pick<Db, 'select'>, orderId: string): Promise<string | undefined> {
  const [payment] = await db.select({ status: payments.status }).from(payments).where(eq(payments.orderId, orderId));
  return payment?.status;
}
