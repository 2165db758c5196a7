/** What the purchase stages need to know of an order. What runs beside each other is read together. */
import { eq, sql } from 'drizzle-orm';
import { batched } from '../../db/batched.ts';
import type { Db } from '../../db/client.ts';
import { orderLines, orders, payments } from '../../db/tables/index.ts';
import { TerminalError } from '../../streams/index.ts';

export type PurchaseOrder = Awaited<ReturnType<typeof readOrder>>;

const orderColumns = {
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
};

const saleColumns = {
  authorId: orderLines.authorId,
  amountMinor: orderLines.amountMinor,
  taxMinor: orderLines.taxMinor,
  royaltyMinor: orderLines.royaltyMinor,
};

const isOneOf = (orderIds: readonly string[]) => sql`${orders.id} = any(${sql.param(orderIds)}::uuid[])`;

const orderOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select(orderColumns)
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(isOneOf(orderIds));
  return new Map(rows.map((order) => [order.id, order]));
});

/** A row for each line: most orders have one. */
const soldOrderOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select({ order: orderColumns, sale: saleColumns })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .innerJoin(orderLines, eq(orderLines.orderId, orders.id))
    .where(isOneOf(orderIds));
  const sales = Map.groupBy(rows, ({ order }) => order.id);
  return new Map(rows.map(({ order }) => [order.id, { order, sales: salesIn(sales.get(order.id)) }]));
});

const salesIn = <Sale>(rows: readonly { sale: Sale }[] = []): Sale[] => rows.map(({ sale }) => sale);

/** @throws TerminalError when there is no such order: no retry will make one */
export const readOrder = async (db: Db, orderId: string) => found(await orderOf(db, orderId), orderId);

/**
 * An order with its lines, in one statement: their money as it was frozen, and whom each royalty goes to.
 * @throws TerminalError when there is no such order: no retry will make one
 */
export const readSoldOrder = async (db: Db, orderId: string) => found(await soldOrderOf(db, orderId), orderId);

function found<Row>(row: Row | undefined, orderId: string): Row {
  if (row === undefined) throw new TerminalError(`there is no order ${orderId}`);
  return row;
}

export async function readPaymentStatus(db: Pick<Db, 'select'>, orderId: string): Promise<string | undefined> {
  const [payment] = await db.select({ status: payments.status }).from(payments).where(eq(payments.orderId, orderId));
  return payment?.status;
}
