/** What the checkout has of the owner's: a coupon, and a quote that carries it and was ordered on. */
import { eq } from 'drizzle-orm';
import type { Database } from '../../src/db/client.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { ROYALTY_BPS, splitSale } from '../../src/books/sale-split.ts';

export function checkoutThings({ db }: Database, owner: { id: string; email: string }, seller: { id: string }) {
  const coupon = async (): Promise<string> => {
    const id = newId();
    const usesMax = { usesMax: 10, usesPerReaderMax: 1 };
    const times = { validFrom: new Date(), validUntil: new Date(Date.now() + 3_600_000) };
    await db
      .insert(tables.coupons)
      .values({ id, code: id.toUpperCase(), createdBy: owner.id, amounts: { EUR: 100 }, ...usesMax, ...times });
    return id;
  };
  const percentage = async (): Promise<string> => {
    const id = newId();
    await db
      .insert(tables.coupons)
      .values({ id, code: id.toUpperCase(), createdBy: owner.id, percentBps: 1_000, validFrom: new Date() });
    return id;
  };
  /** @param orderId what was ordered on it; null for one that can still be ordered on */
  const quote = async (book: { editionId: string; revisionId: string }, orderId: string | null): Promise<string> => {
    const { editionId, revisionId } = book;
    const id = newId();
    const split = splitSale({ listAmountMinor: 499, discountMinor: 100, taxRateBps: 700, royaltyBps: ROYALTY_BPS });
    await db.insert(tables.quotes).values({
      id,
      buyerId: owner.id,
      currency: 'EUR',
      amountMinor: split.amountMinor,
      country: 'DE',
      couponId: await coupon(),
      expiresAt: new Date(Date.now() + 3_600_000),
      orderId,
    });
    await db
      .insert(tables.quoteLines)
      .values({ quoteId: id, position: 0, editionId, revisionId, authorId: seller.id, ...split });
    return id;
  };
  /** A quote of nobody's, which a guest can order on. */
  const guestQuote = async (book: { editionId: string; revisionId: string }): Promise<string> => {
    const id = await quote(book, null);
    await db.update(tables.quotes).set({ buyerId: null, couponId: null }).where(eq(tables.quotes.id, id));
    return id;
  };
  /** Makes an order a gift for the owner's e-mail, held by nobody until it is claimed. */
  const claimFor = async (orderId: string, editionId: string): Promise<string> => {
    const holderId = newId();
    await db.insert(tables.users).values({ id: holderId, name: 'Guest', email: `${holderId}@guests.invalid` });
    const message = 'For you.';
    await db.insert(tables.claims).values({ orderId, kind: 'GIFT', email: owner.email, message, holderId });
    await db.insert(tables.entitlements).values({ id: newId(), readerId: holderId, editionId, orderId });
    return orderId;
  };
  return { coupon, percentage, quote, guestQuote, claimFor };
}
