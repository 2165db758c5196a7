/**
 * Orders: placing them. What happens afterwards is the purchase workflow's.
 *
 * Promise: of all that a reader sends at once for one edition, one order is open at a time; the price is the one that the
 * buyer was shown, or nothing is ordered; order, line, payment and the payment's key are one commit.
 */
import { and, eq, notInArray, sql } from 'drizzle-orm';
import type { Price } from './books.ts';
import type { Tx } from './client.ts';
import { AlreadyOwned, NotForSale, PriceChanged, PurchaseInProgress } from './errors.ts';
import { editions, entitlements, orderLines, orders, payments, prices, revisions } from './tables/index.ts';

export type OrderStatus = (typeof orders.$inferSelect)['status'];

/** Where an order ends. */
export const ORDER_ENDS: readonly OrderStatus[] = ['COMPLETED', 'EXPIRED', 'DECLINED', 'CANCELLED'];

export interface NewOrder {
  id: string;
  buyerId: string;
  editionId: string;
  /** ISO 4217; the edition must have a price in it. */
  currency: string;
  /** The provider's token for the means of payment. */
  paymentToken: string;
  gateway: string;
  /** What the buyer was shown; unchecked when null. */
  expectedPrice: Price | null;
  now: Date;
}

/** @throws AlreadyOwned, NotForSale, PriceChanged, PurchaseInProgress */
export async function placeOrder(tx: Tx, order: NewOrder): Promise<{ orderId: string; status: OrderStatus }> {
  await lockPurchase(tx, order);
  await refuseOwned(tx, order);
  await refuseSecond(tx, order);
  const { revisionId, amountMinor } = await findOffer(tx, order);
  const { id, buyerId, editionId, currency, now } = order;
  const status = 'PENDING_PAYMENT';
  await tx.insert(orders).values({ id, buyerId, status, amountMinor, currency, createdAt: now, updatedAt: now });
  await tx.insert(orderLines).values({ orderId: id, position: 0, editionId, revisionId, amountMinor });
  await tx.insert(payments).values({
    orderId: id,
    gateway: order.gateway,
    paymentToken: order.paymentToken,
    idempotencyKey: `order:${id}`,
    createdAt: now,
    updatedAt: now,
  });
  return { orderId: id, status };
}

/** One purchase per reader and edition at a time: whoever comes second waits here until the first has committed. */
async function lockPurchase(tx: Tx, { buyerId, editionId }: NewOrder): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`purchase:${buyerId}:${editionId}`}, 0))`);
}

async function refuseOwned(tx: Tx, { buyerId, editionId }: NewOrder): Promise<void> {
  const [owned] = await tx
    .select({ status: entitlements.status })
    .from(entitlements)
    .where(and(eq(entitlements.readerId, buyerId), eq(entitlements.editionId, editionId)));
  if (!owned) return;
  if (owned.status === 'ACTIVE') throw new AlreadyOwned(editionId);
  throw new NotForSale('Your right to this book was ended, so it cannot be bought again here. Ask the marketplace.');
}

async function refuseSecond(tx: Tx, { buyerId, editionId }: NewOrder): Promise<void> {
  const [open] = await tx
    .select({ id: orders.id })
    .from(orders)
    .innerJoin(orderLines, eq(orderLines.orderId, orders.id))
    .where(
      and(eq(orders.buyerId, buyerId), eq(orderLines.editionId, editionId), notInArray(orders.status, [...ORDER_ENDS])),
    )
    .limit(1);
  if (open) throw new PurchaseInProgress(open.id);
}

async function findOffer(tx: Tx, order: NewOrder): Promise<{ revisionId: string; amountMinor: number }> {
  const { editionId, currency, expectedPrice } = order;
  const [edition] = await tx
    .select({ saleStatus: editions.saleStatus, revisionId: revisions.id, fileId: revisions.fileId })
    .from(editions)
    .leftJoin(revisions, eq(revisions.id, editions.liveRevisionId))
    .where(eq(editions.id, editionId));
  if (!edition || edition.saleStatus !== 'PUBLISHED' || edition.revisionId === null) {
    throw new NotForSale('This book is not for sale.');
  }
  // An order that can never be delivered is not taken.
  if (edition.fileId === null) throw new NotForSale('This book has no file yet, so it cannot be bought.');
  const offers = await tx.select().from(prices).where(eq(prices.editionId, editionId)).orderBy(prices.currency);
  const offer = offers.find((one) => one.currency === currency);
  if (!offer) {
    const others = offers.map((one) => one.currency).join(', ');
    throw new NotForSale(`This book is not sold for ${currency}${others === '' ? '' : `, but for ${others}`}.`);
  }
  const { amountMinor } = offer;
  if (expectedPrice && (expectedPrice.amountMinor !== amountMinor || expectedPrice.currency !== currency)) {
    throw new PriceChanged({ amountMinor, currency });
  }
  return { revisionId: edition.revisionId, amountMinor };
}
