/**
 * Orders on a quote: several lines, a coupon, at the amounts that were promised.
 *
 * Promise: like those of orders.ts: one open purchase per reader and edition, a key orders once; besides, a quote carries
 * one order at a time: another only when the last one ended unpaid, and none after the quote's time.
 */
import { eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { takeUse } from './coupons.ts';
import {
  AlreadyOwned,
  KeyReused,
  NotForSale,
  NotThere,
  PurchaseInProgress,
  QuoteExpired,
  QuoteUsed,
} from './errors.ts';
import { ENDS, type Placed } from './orders.ts';
import { keyLock, lockAll, PLACE_ORDER, purchaseLock } from './purchase-locks.ts';
import { quotes } from './tables/index.ts';

export interface QuotedOrder {
  /** The id that the order will have if this is the first with its key. */
  id: string;
  buyerId: string;
  quoteId: string;
  paymentToken: string;
  gateway: string;
  key: string;
  /** Of the whole request but the key (hashBody of idempotency.ts). */
  bodyHash: string;
}

type Accepted = Extract<Placed, { orderId: string }>;

/**
 * @param refuseNew asked when the order would be new: throws the error that it is refused with
 * @throws NotThere, KeyReused, QuoteExpired, QuoteUsed, AlreadyOwned, NotForSale, PurchaseInProgress, CouponRefused
 */
export async function placeQuoted(
  tx: Tx,
  order: QuotedOrder,
  { now, refuseNew }: { now: Date; refuseNew: () => Promise<void> },
): Promise<Accepted> {
  const { quoteId, buyerId } = order;
  const editionIds = await editionsOf(tx, order);
  const purchases = editionIds.map((editionId) => purchaseLock({ buyerId, editionId }));
  await lockAll(tx, [keyLock(order), `quote:${quoteId}`, ...purchases]);
  const before = await placedBefore(tx, order);
  if (before !== null) return { orderId: before, isNew: false };
  await refuseNew();
  const [quote] = await tx.select().from(quotes).where(eq(quotes.id, quoteId));
  if (!quote) throw new NotThere('quote');
  if (quote.orderId !== null) await refuseUsed(tx, quote.orderId);
  if (now >= quote.expiresAt) throw new QuoteExpired();
  for (const line of await readLines(tx, quoteId)) refuseUnbuyable(line);
  if (quote.couponId !== null) await takeUse(tx, quote.couponId, { buyerId });
  await insert(tx, order, now);
  return { orderId: order.id, isNew: true };
}

/** What a quote holds never changes, so that it can be read before the locks. @throws NotThere */
async function editionsOf(tx: Tx, { quoteId, buyerId }: QuotedOrder): Promise<string[]> {
  const rows = await tx.execute<{ edition_id: string }>(sql`
    select l.edition_id from quote q join quote_line l on l.quote_id = q.id
    where q.id = ${quoteId} and q.buyer_id = ${buyerId}`);
  if (rows.length === 0) throw new NotThere('quote');
  return [...rows].map((row) => row.edition_id);
}

async function placedBefore(tx: Tx, { buyerId, key, bodyHash }: QuotedOrder): Promise<string | null> {
  const [row] = await tx.execute<{ body_hash: string; result_id: string }>(sql`
    select body_hash, result_id from idempotency_key
    where user_id = ${buyerId} and operation = ${PLACE_ORDER} and key = ${key}`);
  if (row && row.body_hash !== bodyHash) throw new KeyReused();
  return row?.result_id ?? null;
}

async function refuseUsed(tx: Tx, orderId: string): Promise<void> {
  const unpaid = sql.raw(`'EXPIRED', 'DECLINED', 'CANCELLED'`);
  const rows = await tx.execute(sql`select 1 from "order" where id = ${orderId} and status not in (${unpaid})`);
  if (rows.length > 0) throw new QuoteUsed(orderId);
}

const lineSchema = z.object({
  editionId: z.string(),
  saleStatus: z.string(),
  owned: z.string().nullable(),
  openOrderId: z.string().nullable(),
});

async function readLines(tx: Tx, quoteId: string): Promise<z.infer<typeof lineSchema>[]> {
  const rows = await tx.execute(sql`
    select l.edition_id as "editionId", e.sale_status as "saleStatus",
           (select n.status from entitlement n where n.reader_id = q.buyer_id and n.edition_id = l.edition_id) as owned,
           (select o.id from "order" o join order_line ol on ol.order_id = o.id
              where o.buyer_id = q.buyer_id and ol.edition_id = l.edition_id and o.status not in (${ENDS})
              limit 1) as "openOrderId"
    from quote q join quote_line l on l.quote_id = q.id join edition e on e.id = l.edition_id
    where q.id = ${quoteId} order by l.position`);
  return [...rows].map((row) => lineSchema.parse(row));
}

function refuseUnbuyable({ editionId, saleStatus, owned, openOrderId }: z.infer<typeof lineSchema>): void {
  if (owned === 'ACTIVE') throw new AlreadyOwned(editionId);
  if (owned !== null) throw NotForSale.rightEnded();
  if (openOrderId !== null) throw new PurchaseInProgress(openOrderId);
  if (saleStatus !== 'PUBLISHED') throw new NotForSale('A book of this quote is no longer for sale. Make a new quote.');
}

/** Key, order, lines and payment, as the quote has them, in one statement. */
async function insert(tx: Tx, order: QuotedOrder, now: Date): Promise<void> {
  const { id, buyerId, quoteId, gateway, paymentToken, key, bodyHash } = order;
  const at = sql`${now.toISOString()}::timestamptz`;
  await tx.execute(sql`
    with kept as (
      insert into idempotency_key (user_id, operation, key, body_hash, result_id, created_at)
      values (${buyerId}, ${PLACE_ORDER}, ${key}, ${bodyHash}, ${id}, ${at})),
    used as (
      update quote set order_id = ${id} where id = ${quoteId}),
    placed as (
      insert into "order" (id, buyer_id, status, amount_minor, currency, country, country_evidence, coupon_id,
                           created_at, updated_at)
      select ${id}, q.buyer_id, 'PENDING_PAYMENT', q.amount_minor, q.currency, q.country, q.country_evidence,
             q.coupon_id, ${at}, ${at}
      from quote q where q.id = ${quoteId}),
    lines as (
      insert into order_line (order_id, position, edition_id, revision_id, author_id, list_amount_minor,
                              discount_minor, amount_minor, tax_minor, tax_rate_bps, royalty_minor, royalty_bps)
      select ${id}, l.position, l.edition_id, l.revision_id, l.author_id, l.list_amount_minor,
             l.discount_minor, l.amount_minor, l.tax_minor, l.tax_rate_bps, l.royalty_minor, l.royalty_bps
      from quote_line l where l.quote_id = ${quoteId})
    insert into payment (order_id, gateway, payment_token, idempotency_key, created_at, updated_at)
    values (${id}, ${gateway}, ${paymentToken}, ${`order:${id}`}, ${at}, ${at})`);
}
