/**
 * Quotes: what some editions cost this buyer, frozen for a time.
 *
 * Promise: an order on a quote costs what the quote says, to the minor unit: prices, taxes, royalties and the coupon's
 * discount stay as they were when it was made. Nothing is reserved: whether each book is still for sale, and whether the
 * coupon has uses left, is asked again when it is ordered on (quoted-orders.ts).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type SaleSplit, splitSale } from '../books/sale-split.ts';
import type { BuyerCountry, ShopTerms } from '../books/shop-terms.ts';
import type { Tx } from './client.ts';
import { applyCoupon } from './coupons.ts';
import { AlreadyOwned, FieldRefused, NotForSale, NotThere } from './errors.ts';
import { amountInForce, minimumInForce } from './price-in-force.ts';
import { standingRight } from './standing-right.ts';
import { quoteLines, quotes } from './tables/index.ts';

/** How long a quote holds. */
export const QUOTE_MS = 30 * 60_000;
export const QUOTE_LINES_MAX = 20;
/** Quotes that nobody ordered on are forgotten after this time, a few whenever one is made. */
const FORGET_AFTER_MS = 24 * 3_600_000;
const FORGET_MAX = 20;

export interface QuoteRequest extends BuyerCountry {
  id: string;
  /** Null for a guest. */
  buyerId: string | null;
  currency: string;
  /** 1 to QUOTE_LINES_MAX, each edition once. */
  items: readonly QuoteItem[];
  couponCode: string | null;
  /** For whom it is, when it is not for the buyer. */
  gift: GiftDetails | null;
}

export interface GiftDetails {
  /** In small letters. */
  email: string;
  message: string | null;
}

export interface QuoteItem {
  editionId: string;
  /** What the buyer wants to pay, where the buyer says how much; null for the price. */
  amountMinor: number | null;
}

interface QuotedLine extends SaleSplit {
  editionId: string;
  revisionId: string;
  authorId: string;
}

/** @throws NotThere, NotForSale, AlreadyOwned, CouponRefused, FieldRefused (`items.N.amountMinor`) */
export async function createQuote(
  tx: Tx,
  request: QuoteRequest,
  { now, terms }: { now: Date; terms: ShopTerms },
): Promise<{ quoteId: string }> {
  const { id, buyerId, currency, country, evidence, couponCode } = request;
  const offers = await readOffers(tx, request, now);
  const isGift = request.gift !== null;
  const listed = request.items.map((item, at) => listLine(item, offers.get(item.editionId), { at, currency, isGift }));
  const coupon =
    couponCode === null
      ? null
      : await applyCoupon(tx, { code: couponCode, currency, lines: listed, user: { buyerId, guestEmail: null }, now });
  const taxRateBps = terms.taxRates.rateBpsOf(country, now);
  const lines = listed.map(({ listAmountMinor, ...line }, at): QuotedLine => {
    const discountMinor = coupon?.discounts[at] ?? 0;
    return { ...line, ...splitSale({ listAmountMinor, discountMinor, taxRateBps, royaltyBps: terms.royaltyBps }) };
  });
  await forgetUnused(tx, now);
  await tx.insert(quotes).values({
    id,
    buyerId,
    currency,
    amountMinor: lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    country,
    countryEvidence: evidence,
    couponId: coupon?.couponId ?? null,
    giftEmail: request.gift?.email ?? null,
    giftMessage: request.gift?.message ?? null,
    expiresAt: new Date(now.getTime() + QUOTE_MS),
    createdAt: now,
  });
  await tx.insert(quoteLines).values(lines.map((line, position) => ({ quoteId: id, position, ...line })));
  return { quoteId: id };
}

const offerSchema = z.object({
  editionId: z.string(),
  authorId: z.string(),
  saleStatus: z.string(),
  revisionId: z.string().nullable(),
  fileId: z.string().nullable(),
  owned: z.string().nullable(),
  amountMinor: z.coerce.number().nullable(),
  minimumMinor: z.coerce.number().nullable(),
  currencies: z.array(z.string()),
});
type Offer = z.infer<typeof offerSchema>;

async function readOffers(tx: Tx, { items, currency, buyerId }: QuoteRequest, now: Date): Promise<Map<string, Offer>> {
  const p = sql`p`;
  const rows = await tx.execute(sql`
    select e.id as "editionId", e.owner_id as "authorId", e.sale_status as "saleStatus",
           r.id as "revisionId", r.file_id as "fileId", ${standingRight(sql`n`)} as owned,
           ${amountInForce(p, now)} as "amountMinor", ${minimumInForce(p, now)} as "minimumMinor",
           array(select o.currency from price o where o.edition_id = e.id order by 1) as currencies
    from edition e
    left join revision r on r.id = e.live_revision_id
    left join price p on p.edition_id = e.id and p.currency = ${currency}
    left join entitlement n on n.edition_id = e.id and n.reader_id = ${buyerId}::uuid
    where e.id = any(${sql.param(items.map(({ editionId }) => editionId))}::uuid[])`);
  return new Map([...rows].map((row) => offerSchema.parse(row)).map((offer) => [offer.editionId, offer]));
}

interface Listing {
  at: number;
  currency: string;
  isGift: boolean;
}

function listLine(item: QuoteItem, offer: Offer | undefined, { at, currency, isGift }: Listing) {
  const { editionId } = item;
  if (!offer || offer.saleStatus === 'UNRELEASED') throw new NotThere('edition');
  if (!isGift && offer.owned === 'ACTIVE') throw new AlreadyOwned(editionId);
  if (!isGift && offer.owned !== null) throw NotForSale.rightEnded();
  const { revisionId, authorId, amountMinor } = offer;
  if (offer.saleStatus !== 'PUBLISHED' || revisionId === null) throw new NotForSale('This book is not for sale.');
  if (offer.fileId === null) throw new NotForSale('This book has no file yet, so it cannot be bought.');
  if (amountMinor === null) throw NotForSale.inCurrency(currency, offer.currencies);
  const listAmountMinor = item.amountMinor ?? amountMinor;
  const leastMinor = offer.minimumMinor ?? amountMinor;
  if (listAmountMinor !== amountMinor && offer.minimumMinor === null) {
    throw new FieldRefused(`items.${at}.amountMinor`, 'This book has a fixed price. Leave the amount out.');
  }
  if (listAmountMinor < leastMinor) {
    throw new FieldRefused(`items.${at}.amountMinor`, `The least that may be paid for this book is ${leastMinor}.`);
  }
  return { editionId, revisionId, authorId, listAmountMinor };
}

async function forgetUnused(tx: Tx, now: Date): Promise<void> {
  const before = new Date(now.getTime() - FORGET_AFTER_MS).toISOString();
  await tx.execute(sql`
    delete from quote where id in (
      select id from quote where order_id is null and expires_at < ${before}::timestamptz
      limit ${FORGET_MAX} for update skip locked)`);
}
