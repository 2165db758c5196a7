/**
 * Orders on a quote: several lines, a coupon, a gift, a guest's, at the amounts that were promised.
 *
 * Promise: like those of orders.ts: one open purchase per reader and edition, a key orders once; besides, a quote carries
 * one order at a time: another only when the last one ended unpaid, and none after the quote's time.
 */
import { eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { openClaim, openHolder } from './claims.ts';
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
import { openPurchase, UNPAID } from './orders.ts';
import { keyLock, lockAll, PLACE_ORDER, purchaseLock } from './purchase-locks.ts';
import { standingRight } from './standing-right.ts';
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

interface Placing {
  now: Date;
  /** Asked when the order would be new: throws the error that it is refused with. */
  refuseNew: () => Promise<void>;
}

/** `isNew`: not placed before under the same key. */
type Accepted = { orderId: string; isNew: boolean };

/** @throws NotThere, KeyReused, QuoteExpired, QuoteUsed, AlreadyOwned, NotForSale, PurchaseInProgress, CouponRefused */
export async function placeQuoted(tx: Tx, order: QuotedOrder, { now, refuseNew }: Placing): Promise<Accepted> {
  const { quoteId, buyerId } = order;
  const wanted = await readWanted(tx, quoteId, buyerId);
  const gift = wanted[0]?.giftEmail ?? null;
  const purchases = wanted.map(({ editionId }) =>
    gift === null ? purchaseLock({ buyerId, editionId }) : `gift:${gift}:${purchaseLock({ buyerId, editionId })}`,
  );
  await lockAll(tx, [keyLock(order), quoteLock(quoteId), ...purchases]);
  const before = await placedBefore(tx, order);
  if (before !== null) return { orderId: before, isNew: false };
  await refuseNew();
  const quote = await openQuote(tx, quoteId, now);
  for (const line of await readLines(tx, quoteId)) refuseUnbuyable(line);
  if (gift !== null) await refuseGivenAlready(tx, order, gift);
  if (quote.couponId !== null) await takeUse(tx, quote.couponId, { buyerId, guestEmail: null });
  await insertOrder(tx, { ...order, keyOf: buyerId }, now);
  if (gift !== null) {
    const claim = { orderId: order.id, kind: 'GIFT' as const, email: gift, message: quote.giftMessage, now };
    await openClaim(tx, claim, await openHolder(tx, now));
  }
  return { orderId: order.id, isNew: true };
}

export interface GuestOrder extends Omit<QuotedOrder, 'buyerId' | 'key'> {
  /** Where the receipt and the link to claim it go; in small letters. */
  email: string;
}

/**
 * Places an order for somebody without an account, on a quote of nobody's.
 * @param order `bodyHash` includes the key: the same request again is answered alike, as long as it is the quote's last
 * @throws NotThere, QuoteExpired, QuoteUsed, NotForSale, CouponRefused
 */
export async function placeGuest(tx: Tx, order: GuestOrder, { now, refuseNew }: Placing): Promise<Accepted> {
  const { quoteId, email, bodyHash } = order;
  await readWanted(tx, quoteId, null);
  await lockAll(tx, [quoteLock(quoteId)]);
  const [before] = await tx
    .select({ orderId: quotes.orderId, hash: quotes.guestKeyHash })
    .from(quotes)
    .where(eq(quotes.id, quoteId));
  if (before?.orderId && before.hash === bodyHash) return { orderId: before.orderId, isNew: false };
  await refuseNew();
  const quote = await openQuote(tx, quoteId, now);
  for (const line of await readLines(tx, quoteId)) refuseUnbuyable(line);
  if (quote.couponId !== null) await takeUse(tx, quote.couponId, { buyerId: null, guestEmail: email });
  const holderId = await openHolder(tx, now);
  await insertOrder(tx, { ...order, buyerId: holderId, key: '', keyOf: null }, now);
  await tx.update(quotes).set({ guestKeyHash: bodyHash }).where(eq(quotes.id, quoteId));
  await openClaim(tx, { orderId: order.id, kind: 'GUEST', email, message: null, now }, holderId);
  return { orderId: order.id, isNew: true };
}

const quoteLock = (quoteId: string): string => `quote:${quoteId}`;

/** What a quote holds never changes, so that it can be read before the locks. @throws NotThere */
async function readWanted(tx: Tx, quoteId: string, buyerId: string | null) {
  const rows = await tx.execute<{ edition_id: string; gift_email: string | null }>(sql`
    select l.edition_id, q.gift_email from quote q join quote_line l on l.quote_id = q.id
    where q.id = ${quoteId} and q.buyer_id is not distinct from ${buyerId}::uuid`);
  if (rows.length === 0) throw new NotThere('quote');
  return [...rows].map((row) => ({ editionId: row.edition_id, giftEmail: row.gift_email }));
}

async function placedBefore(tx: Tx, { buyerId, key, bodyHash }: QuotedOrder): Promise<string | null> {
  const [row] = await tx.execute<{ body_hash: string; result_id: string }>(sql`
    select body_hash, result_id from idempotency_key
    where user_id = ${buyerId} and operation = ${PLACE_ORDER} and key = ${key}`);
  if (row && row.body_hash !== bodyHash) throw new KeyReused();
  return row?.result_id ?? null;
}

/** @throws QuoteUsed when its last order did not end unpaid, QuoteExpired */
async function openQuote(tx: Tx, quoteId: string, now: Date): Promise<typeof quotes.$inferSelect> {
  const [quote] = await tx.select().from(quotes).where(eq(quotes.id, quoteId));
  if (!quote) throw new NotThere('quote');
  if (quote.orderId !== null) await refuseUsed(tx, quote.orderId);
  if (now >= quote.expiresAt) throw new QuoteExpired();
  return quote;
}

async function refuseUsed(tx: Tx, orderId: string): Promise<void> {
  const rows = await tx.execute(sql`select 1 from "order" where id = ${orderId} and status not in (${UNPAID})`);
  if (rows.length > 0) throw new QuoteUsed(orderId);
}

/** The same book for the same person, by the same giver, while the first is not claimed. @throws PurchaseInProgress */
async function refuseGivenAlready(tx: Tx, { buyerId, quoteId }: QuotedOrder, email: string): Promise<void> {
  const [given] = await tx.execute<{ id: string }>(sql`
    select o.id from claim c join "order" o on o.id = c.order_id join order_line l on l.order_id = o.id
    where c.email = ${email} and c.kind = 'GIFT' and c.claimed_at is null and o.buyer_id = ${buyerId}
      and o.status not in (${UNPAID}) and l.edition_id in (select edition_id from quote_line where quote_id = ${quoteId})
      and not exists (
        select from entitlement n
        where n.order_id = o.id and n.edition_id = l.edition_id and n.status in ('REVOKED', 'REFUNDED'))
    limit 1`);
  if (given) throw new PurchaseInProgress(given.id);
}

const lineSchema = z.object({
  editionId: z.string(),
  saleStatus: z.string(),
  owned: z.string().nullable(),
  openOrderId: z.string().nullable(),
});

/** For a gift nobody's rights are asked here: whether the receiver has the book is not the giver's to know. */
async function readLines(tx: Tx, quoteId: string): Promise<z.infer<typeof lineSchema>[]> {
  const rows = await tx.execute(sql`
    select l.edition_id as "editionId", e.sale_status as "saleStatus",
           (select ${standingRight(sql`n`)} from entitlement n
              where q.gift_email is null and n.reader_id = q.buyer_id and n.edition_id = l.edition_id) as owned,
           case when q.gift_email is null
             then (${openPurchase({ buyer: sql`q.buyer_id`, edition: sql`l.edition_id` })}) end as "openOrderId"
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

/**
 * Key, order, lines and payment, as the quote has them, in one statement.
 * @param order `keyOf` is whose the key is; null keeps none
 */
async function insertOrder(tx: Tx, order: QuotedOrder & { keyOf: string | null }, now: Date): Promise<void> {
  const { id, buyerId, quoteId, gateway, paymentToken, key, bodyHash, keyOf } = order;
  const at = sql`${now.toISOString()}::timestamptz`;
  await tx.execute(sql`
    with kept as (
      insert into idempotency_key (user_id, operation, key, body_hash, result_id, created_at)
      select ${keyOf}::uuid, ${PLACE_ORDER}, ${key}, ${bodyHash}, ${id}, ${at} where ${keyOf}::uuid is not null),
    used as (
      update quote set order_id = ${id} where id = ${quoteId}),
    placed as (
      insert into "order" (id, buyer_id, status, amount_minor, currency, country, country_evidence, coupon_id,
                           created_at, updated_at)
      select ${id}, ${buyerId}::uuid, 'PENDING_PAYMENT', q.amount_minor, q.currency, q.country, q.country_evidence,
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
