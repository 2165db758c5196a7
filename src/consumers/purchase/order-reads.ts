/** What the purchase stages need to know of an order. What runs beside each other is read together. */
import { and, eq, sql } from 'drizzle-orm';
import type { Sale } from '../../db/ledger.ts';
import { batched } from '../../db/batched.ts';
import type { Db } from '../../db/client.ts';
import { claims, editions, entitlements, orderLines, orders, payments } from '../../db/tables/index.ts';
import { type Reads, type StageInput, TerminalError } from '../../streams/index.ts';

export type PurchaseOrder = Awaited<ReturnType<typeof readOrder>>;

/** An order with its lines, as a stage hands it on to the next (`handOn`). */
export class OrderInHand {
  readonly order: PurchaseOrder;
  /** The money of its lines, as it was frozen, and whom each royalty goes to. */
  readonly sales: readonly Sale[];

  constructor(order: PurchaseOrder, sales: readonly Sale[]) {
    this.order = order;
    this.sales = sales;
  }
}

/** What the stage before has handed on, if it did. */
export const inHand = ({ handed, payload: { orderId } }: Handed): OrderInHand | null =>
  handed instanceof OrderInHand && handed.order.id === orderId ? handed : null;

type Handed = Pick<StageInput<{ orderId: string }>, 'handed' | 'payload'>;

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
  return new Map(rows.map(({ order }) => [order.id, new OrderInHand(order, salesIn(sales.get(order.id)))]));
});

const salesIn = (rows: readonly { sale: Sale }[] = []): Sale[] => rows.map(({ sale }) => sale);

export interface OrderedLine {
  readonly order: PurchaseOrder;
  readonly sale: Sale;
  readonly saleStatus: (typeof editions.$inferSelect)['saleStatus'];
  /** The right that whoever is to have the book has to it already. */
  readonly rightId: string | null;
}

/** The lines of all orders, in one statement; of those that there are. */
export async function readOrderedLines(db: Reads, orderIds: readonly string[]): Promise<Map<string, OrderedLine[]>> {
  const holder = sql`coalesce(${claims.holderId}, ${orders.buyerId})`;
  const isTheirs = and(eq(entitlements.readerId, holder), eq(entitlements.editionId, orderLines.editionId));
  const rows = await db
    .select({ order: orderColumns, sale: saleColumns, saleStatus: editions.saleStatus, rightId: entitlements.id })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .innerJoin(orderLines, eq(orderLines.orderId, orders.id))
    .innerJoin(editions, eq(editions.id, orderLines.editionId))
    .leftJoin(claims, eq(claims.orderId, orders.id))
    .leftJoin(entitlements, and(isTheirs, eq(entitlements.status, 'ACTIVE')))
    .where(isOneOf(orderIds));
  return Map.groupBy(rows, ({ order }) => order.id);
}

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
