/**
 * Orders: placing them, many at once. What happens afterwards is the purchase workflow's.
 *
 * Promise: of all that a reader sends for one edition, one order is open at a time; the price is the one that the buyer
 * was shown, or nothing is ordered; a key orders once, however often it comes, and one that was refused is free again;
 * key, order, line, payment and the payment's key are one commit. Whoever meets a rival waits for its commit.
 * Two ways: straight, where what was read is sold unless somebody bought the same meanwhile, by one statement that finds
 * out; and careful, where locks are had before anything is read.
 * Not here: gathering what comes at the same time (../schema/order-desk.ts).
 */
import { type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type SaleSplit, splitSale } from '../books/sale-split.ts';
import type { BuyerCountry, ShopTerms } from '../books/shop-terms.ts';
import type { Price } from './books.ts';
import type { Tx } from './client.ts';
import { AlreadyOwned, KeyReused, NotForSale, PriceChanged, PurchaseInProgress } from './errors.ts';
import { amountInForce } from './price-in-force.ts';
import { type Parts, storeParts } from './parts.ts';
import { keyLock, lockAll, PLACE_ORDER, purchaseLock } from './purchase-locks.ts';
import { standingRight } from './standing-right.ts';
import type { orders } from './tables/index.ts';

export type OrderStatus = (typeof orders.$inferSelect)['status'];

/** Where an order ends. */
export const ORDER_ENDS: readonly OrderStatus[] = ['COMPLETED', 'EXPIRED', 'DECLINED', 'CANCELLED'];
/** Where it ends without a payment; for SQL. */
export const UNPAID = sql.raw(`'EXPIRED', 'DECLINED', 'CANCELLED'`);
/** Where it ends; for SQL. */
export const ENDS = sql.raw(ORDER_ENDS.map((status) => `'${status}'`).join(', '));

export interface NewOrder extends BuyerCountry {
  /** The id that the order will have if this is the first with its key. */
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
  /** The buyer's key for this purchase. */
  key: string;
  /** Of the whole request but the key (hashBody of idempotency.ts). */
  bodyHash: string;
}

export type OrderRow = typeof orders.$inferSelect;

/** An order: as it was stored just now, or null where it was placed before under the same key; or why there is none. */
export type Placed = { orderId: string; stored: OrderRow | null } | { refusal: Error };

interface Placing {
  now: Date;
  terms: ShopTerms;
  /** Asked once, when there is anything new: the error that all new ones are refused with. */
  refuseNew?: () => Promise<Error | null>;
  /** Stores the rows of the new orders, and in the same statement what tells of them. (Default: their rows alone) */
  store?: (rows: Parts, placed: readonly Placed[]) => Promise<unknown>;
}

/**
 * Places 1 to some hundreds of orders, each as if it came alone and after those before it in the list.
 * @returns one per order; refusals are AlreadyOwned, KeyReused, NotForSale, PriceChanged, PurchaseInProgress
 */
export async function placeOrders(tx: Tx, wanted: readonly NewOrder[], placing: Placing): Promise<Placed[]> {
  // Sent together; what is read is read after the locks are had, in a snapshot of its own.
  const [, facts] = await Promise.all([lockAll(tx, locksOf(wanted)), readFacts(tx, wanted, placing.now)]);
  return place(tx, wanted, facts, { ...placing, rowsOf: orderRows });
}

/**
 * The same without a transaction: two statements, of which the second stores all.
 * @throws SQLSTATE BH002, or 23505 of the key, when somebody bought the same or used the key meanwhile: nothing is stored then
 */
export async function placeStraight(tx: Tx, wanted: readonly NewOrder[], placing: Placing): Promise<Placed[]> {
  const facts = await readFacts(tx, wanted, placing.now);
  return place(tx, wanted, facts, { ...placing, rowsOf: orderRowsWithoutRival });
}

const locksOf = (wanted: readonly NewOrder[]) => wanted.flatMap((order) => [keyLock(order), purchaseLock(order)]);

async function place(
  tx: Tx,
  wanted: readonly NewOrder[],
  facts: readonly Facts[],
  { now, terms, refuseNew, store = (parts) => storeParts(tx, parts), rowsOf }: Placing & { rowsOf: typeof orderRows },
): Promise<Placed[]> {
  const hasNew = facts.some((fact) => fact.resultId === null);
  const refusal = hasNew ? ((await refuseNew?.()) ?? null) : null;
  const sold: Sold[] = [];
  const seen = new Seen();
  const placed = wanted.map((order, at): Placed => {
    const fact = facts[at];
    if (!fact) throw new TypeError('an order was not looked up');
    try {
      const before = seen.find(order, fact);
      if (before !== null) return { orderId: before, stored: null };
      if (refusal) throw refusal;
      const one = { ...order, ...split(order, offerFor(order, fact, seen.openOrder(order)), terms, now) };
      sold.push(one);
      seen.add(order);
      return { orderId: order.id, stored: orderRow(one, now) };
    } catch (error) {
      if (error instanceof Error) return { refusal: error };
      throw error;
    }
  });
  if (sold.length > 0) await store(placedRows(rowsOf(sold, now)), placed);
  return placed;
}

type Sold = NewOrder & Offer & SaleSplit;

interface Offer {
  revisionId: string;
  authorId: string;
  amountMinor: number;
}

/** What was placed earlier in the same list. */
class Seen {
  readonly #byKey = new Map<string, NewOrder>();
  readonly #open = new Map<string, string>();

  add(order: NewOrder): void {
    this.#byKey.set(keyLock(order), order);
    this.#open.set(purchaseLock(order), order.id);
  }

  /** @returns the order that was placed under the same key. @throws KeyReused */
  find(order: NewOrder, { bodyHash, resultId }: Facts): string | null {
    const earlier = this.#byKey.get(keyLock(order));
    const before = earlier ? { hash: earlier.bodyHash, id: earlier.id } : { hash: bodyHash, id: resultId };
    if (before.id === null) return null;
    if (before.hash !== order.bodyHash) throw new KeyReused();
    return before.id;
  }

  openOrder(order: NewOrder): string | null {
    return this.#open.get(purchaseLock(order)) ?? null;
  }
}

const recordset = (rows: readonly object[]) => sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)`;

/**
 * The id of an order that somebody has under way for an edition; null for none, and for what is for somebody else.
 * It is looked for among the buyer's own. As a join it was planned the other way round while nobody had analyzed the
 * tables: through all that was ever sold of the edition.
 */
export const openPurchase = ({ buyer, edition }: { buyer: SQL; edition: SQL }): SQL => sql`
  select o.id from "order" o
  where o.buyer_id = ${buyer} and o.status not in (${ENDS})
    and ${edition} = any (array(select l.edition_id from order_line l where l.order_id = o.id))
    and not exists (select from claim c where c.order_id = o.id)
  limit 1`;

const factsSchema = z.object({
  bodyHash: z.string().nullable(),
  resultId: z.string().nullable(),
  owned: z.string().nullable(),
  openOrderId: z.string().nullable(),
  saleStatus: z.string().nullable(),
  revisionId: z.string().nullable(),
  fileId: z.string().nullable(),
  authorId: z.string().nullable(),
  offers: z.array(z.object({ currency: z.string(), amountMinor: z.number() })).nullable(),
});
type Facts = z.infer<typeof factsSchema>;

/** Each `limit` makes it a look into an index for each order, never a reading of the whole table for all of them. */
async function readFacts(tx: Tx, wanted: readonly NewOrder[], now: Date): Promise<Facts[]> {
  const asked = wanted.map(({ buyerId, editionId, key }, n) => ({ n, buyer: buyerId, edition: editionId, key }));
  const rows = await tx.execute(sql`
    select k.body_hash as "bodyHash", k.result_id as "resultId",
           (select ${standingRight(sql`n`)} from entitlement n where n.reader_id = w.buyer and n.edition_id = w.edition) as owned,
           e.sale_status as "saleStatus", e.revision_id as "revisionId", e.file_id as "fileId",
           e.owner_id as "authorId",
           (${openPurchase({ buyer: sql`w.buyer`, edition: sql`w.edition` })}) as "openOrderId",
           (select jsonb_agg(jsonb_build_object('currency', p.currency, 'amountMinor', ${amountInForce(sql`p`, now)})
                             order by p.currency)
              from price p where p.edition_id = w.edition) as offers
    from ${recordset(asked)} as w(n int, buyer uuid, edition uuid, key text)
    left join lateral (
      select k.body_hash, k.result_id from idempotency_key k
      where k.user_id = w.buyer and k.operation = ${PLACE_ORDER} and k.key = w.key limit 1) k on true
    left join lateral (
      select e.sale_status, e.owner_id, r.id as revision_id, r.file_id
      from edition e left join revision r on r.id = e.live_revision_id where e.id = w.edition limit 1) e on true
    order by w.n`);
  return [...rows].map((row) => factsSchema.parse(row));
}

/** @throws AlreadyOwned, NotForSale, PriceChanged, PurchaseInProgress */
function offerFor(order: NewOrder, facts: Facts, openOrderId: string | null): Offer {
  const { editionId, currency, expectedPrice } = order;
  if (facts.owned === 'ACTIVE') throw new AlreadyOwned(editionId);
  if (facts.owned !== null) throw NotForSale.rightEnded();
  const open = openOrderId ?? facts.openOrderId;
  if (open !== null) throw new PurchaseInProgress(open);
  const { revisionId, authorId } = facts;
  if (facts.saleStatus !== 'PUBLISHED' || revisionId === null || authorId === null)
    throw new NotForSale('This book is not for sale.');
  // An order that can never be delivered is not taken.
  if (facts.fileId === null) throw new NotForSale('This book has no file yet, so it cannot be bought.');
  const offers = facts.offers ?? [];
  const offer = offers.find((one) => one.currency === currency);
  if (!offer)
    throw NotForSale.inCurrency(
      currency,
      offers.map((one) => one.currency),
    );
  const { amountMinor } = offer;
  if (expectedPrice && (expectedPrice.amountMinor !== amountMinor || expectedPrice.currency !== currency)) {
    throw new PriceChanged({ amountMinor, currency });
  }
  return { revisionId, authorId, amountMinor };
}

function split({ country }: NewOrder, offer: Offer, { royaltyBps, taxRates }: ShopTerms, now: Date) {
  const taxRateBps = taxRates.rateBpsOf(country, now);
  return { ...offer, ...splitSale({ listAmountMinor: offer.amountMinor, discountMinor: 0, taxRateBps, royaltyBps }) };
}

/** The row of an order, as it is stored. */
const orderRow = ({ id, buyerId, amountMinor, currency, country, evidence }: Sold, now: Date): OrderRow => ({
  id,
  buyerId,
  status: 'PENDING_PAYMENT',
  amountMinor,
  currency,
  country,
  countryEvidence: evidence,
  couponId: null,
  reason: null,
  createdAt: now,
  updatedAt: now,
});

/** Nothing is stored before rivals are looked for: without that there is no row. */
function orderRowsWithoutRival(sold: readonly Sold[], now: Date): SQL {
  const purchases = sold.map(({ buyerId, editionId }) => ({ buyer: buyerId, edition: editionId }));
  const asked = [locksOf(sold), purchases].map((list) => sql`${JSON.stringify(list)}::text::jsonb`);
  return sql`${orderRows(sold, now)} where (select refuse_rivals(${sql.join(asked, sql`, `)}))`;
}

function orderRows(sold: readonly Sold[], now: Date): SQL {
  const values = sold.map((row) => ({
    id: row.id,
    buyer: row.buyerId,
    edition: row.editionId,
    revision: row.revisionId,
    author: row.authorId,
    list: row.listAmountMinor,
    amount: row.amountMinor,
    tax: row.taxMinor,
    tax_bps: row.taxRateBps,
    royalty: row.royaltyMinor,
    royalty_bps: row.royaltyBps,
    currency: row.currency,
    country: row.country,
    evidence: row.evidence,
    gateway: row.gateway,
    token: row.paymentToken,
    key: row.key,
    hash: row.bodyHash,
  }));
  return sql`
    select w.*, ${now.toISOString()}::timestamptz as at
    from ${recordset(values)} as w(
      id uuid, buyer uuid, edition uuid, revision uuid, author uuid, list bigint, amount bigint, tax bigint,
      tax_bps int, royalty bigint, royalty_bps int, currency text, country text, evidence jsonb,
      gateway text, token text, key text, hash text)`;
}

/** Key, order, line and payment of all. */
function placedRows(rows: SQL): Parts {
  return {
    order_row: rows,
    key_kept: sql`
      insert into idempotency_key (user_id, operation, key, body_hash, result_id, created_at)
      select buyer, ${PLACE_ORDER}, key, hash, id, at from order_row`,
    order_placed: sql`
      insert into "order" (id, buyer_id, status, amount_minor, currency, country, country_evidence, created_at, updated_at)
      select id, buyer, 'PENDING_PAYMENT', amount, currency, country, evidence, at, at from order_row`,
    line_placed: sql`
      insert into order_line (order_id, position, edition_id, revision_id, author_id, list_amount_minor,
                              discount_minor, amount_minor, tax_minor, tax_rate_bps, royalty_minor, royalty_bps)
      select id, 0, edition, revision, author, list, list - amount, amount, tax, tax_bps, royalty, royalty_bps from order_row`,
    payment_placed: sql`
      insert into payment (order_id, gateway, payment_token, idempotency_key, created_at, updated_at)
      select id, gateway, token, 'order:' || id, at, at from order_row`,
  };
}
