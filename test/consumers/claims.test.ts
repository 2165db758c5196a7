/** What follows a paid gift and a guest's purchase: who is told what, and that the mailed token opens it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROYALTY_BPS } from '../../src/books/sale-split.ts';
import { NO_TAX } from '../../src/books/tax-rates.ts';
import { claimOrder, isOrderToken } from '../../src/db/claims.ts';
import { placeGuest, placeQuoted } from '../../src/db/quoted-orders.ts';
import { createQuote } from '../../src/db/quotes.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { orderPlaced } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
const terms = {
  royaltyBps: ROYALTY_BPS,
  taxRates: NO_TAX,
  shopCountry: null,
  refundWindowMs: 0,
  payouts: { holdMs: 0, thresholds: new Map<string, number>() },
};
let shop: Marketplace;
let editionId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  const { id: authorId } = await shop.signUp('AUTHOR');
  editionId = await shop.listEdition({ authorId, title: 'The Sea' });
  const fileId = await shop.storeFile(authorId, new Uint8Array([1]));
  await database.current.sql`update revision set file_id = ${fileId}`;
});
afterEach(() => shop.close());

/** Quotes and orders, as the API does. @param giver null for a guest */
async function order(giver: { id: string } | null, email: string, paymentToken = 'tok_succeeds'): Promise<string> {
  const now = shop.clock.now();
  const [quoteId, id] = [newId(), newId()];
  const gift = giver ? { email, message: 'Happy birthday!' } : null;
  const request = { id: quoteId, buyerId: giver?.id ?? null, country: null, evidence: null, currency: 'EUR', gift };
  const placing = { now, refuseNew: async () => {} };
  const common = { id, quoteId, paymentToken, gateway: 'sandbox', bodyHash: 'x' };
  await database.current.db.transaction(async (tx) => {
    const items = [{ editionId, amountMinor: null }];
    await createQuote(tx, { ...request, items, couponCode: null }, { now, terms });
    if (giver) await placeQuoted(tx, { ...common, buyerId: giver.id, key: newId() }, placing);
    else await placeGuest(tx, { ...common, email }, placing);
    await appendEvents(tx, [orderPlaced.of({ orderId: id, status: 'PENDING_PAYMENT' })], { now, shards: 1 });
  });
  await shop.runFor(3_600_000);
  return id;
}
const mailTo = async (to: string) => {
  const mails = await shop.mail.list({ to });
  return mails[0]?.text ?? '';
};
const tokenIn = (text: string): string => /token=([\w-]+)/.exec(text)?.[1] ?? '';

test('a paid gift is announced to its receiver with the giver’s words and no price, and receipted to the giver', async () => {
  const giver = await shop.signUp();
  const orderId = await order(giver, 'ada@example.org');
  const [announced, receipt] = [await mailTo('ada@example.org'), await mailTo(giver.email)];
  for (const words of ['Somebody has given you', 'The Sea', 'They write: Happy birthday!']) {
    expect(announced).toContain(words);
  }
  expect(announced).not.toMatch(/9[.]99|€/);
  expect(receipt).toContain('€9.99');
  expect(receipt).not.toContain('token=');
  expect(isOrderToken(shop.services.secret, 'CLAIM', orderId, tokenIn(announced))).toBe(true);
  expect(await shop.entitlements(giver.id)).toEqual([]);
});

test('what a guest bought is receipted to the guest with the link that claims it', async () => {
  const orderId = await order(null, 'guest@example.org');
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', payment: 'CAPTURED' });
  const mail = await mailTo('guest@example.org');
  expect(mail).toContain('€9.99');
  const hasToken = isOrderToken(shop.services.secret, 'CLAIM', orderId, tokenIn(mail));
  const reader = await shop.signUp();
  const claimant = { id: reader.id, verifiedEmail: null, hasToken };
  await database.current.db.transaction((tx) => claimOrder(tx, orderId, claimant, shop.clock.now()));
  expect(await shop.entitlements(reader.id)).toEqual(['ACTIVE']);
});

test('a gift and a guest’s purchase that are declined tell nobody and grant nothing', async () => {
  const giver = await shop.signUp();
  await order(giver, 'ada@example.org', 'tok_declined');
  await order(null, 'guest@example.org', 'tok_declined');
  expect(await shop.mail.list()).toEqual([]);
  const rights = await database.current.sql`select 1 from entitlement`;
  expect(rights).toHaveLength(0);
});
