import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { disputeNoticed } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let buyer: { id: string };
let orderId: string;
let notices = 0;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  buyer = await shop.signUp();
  const { id: authorId } = await shop.signUp('AUTHOR');
  const editionId = await shop.listEdition({ authorId });
  const sale = { buyerId: buyer.id, editionId, priceMinor: 1_070, country: 'DE', taxRateBps: 700 };
  orderId = await shop.placeOrder(sale);
  await run();
});
afterEach(() => shop.close());

const run = () => shop.runFor(3_600_000);
const post = async (path: string): Promise<unknown> =>
  (await fetch(new URL(path, shop.gatewayUrl), { method: 'POST' })).json();
async function dispute(): Promise<string> {
  const capture = (await shop.order(orderId))?.capture_ref;
  return z.object({ disputeRef: z.string() }).parse(await post(`/captures/${capture}/dispute`)).disputeRef;
}
async function notice(disputeRef: string, times = 1) {
  const events = Array.from({ length: times }, () =>
    disputeNoticed.of({ noticeId: `sandbox:${notices++}`, gateway: 'sandbox', disputeRef, reference: orderId }),
  );
  await appendEvents(shop.services.db, events, { now: shop.clock.now(), shards: 1 });
  await run();
}
const statuses = async () =>
  (await database.current.sql`select status from dispute`).map((row) => String(row['status']));
const SOLD = { 'author-payable': -700, 'platform-fee': -300, 'provider-clearing': 1_070, 'tax-payable': -70 };
const TAKEN = { 'author-payable': 0, 'platform-fee': 0, 'tax-payable': 0, 'provider-fee': 1_500 };

describe('a dispute', () => {
  test('suspends the right to read and is booked once with the provider’s fee, however often it is told', async () => {
    await notice(await dispute(), 10);
    expect(await shop.entitlements(buyer.id)).toEqual(['SUSPENDED']);
    expect(await shop.ledger()).toEqual({ ...TAKEN, 'provider-clearing': -1_500 });
    expect(await statuses()).toEqual(['OPEN']);
    expect((await auditLedger(shop.services.db)).isSound).toBe(true);
  });

  test('that is won gives back all but the fee, and the book', async () => {
    const disputeRef = await dispute();
    await notice(disputeRef);
    await post(`/disputes/${disputeRef}/win`);
    await notice(disputeRef, 3);
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
    expect(await shop.ledger()).toEqual({ ...SOLD, 'provider-clearing': -430, 'provider-fee': 1_500 });
    expect(await statuses()).toEqual(['WON']);
    expect((await auditLedger(shop.services.db)).isSound).toBe(true);
  });

  test('that is lost revokes the right to read', async () => {
    const disputeRef = await dispute();
    await notice(disputeRef);
    await post(`/disputes/${disputeRef}/lose`);
    await notice(disputeRef);
    expect(await shop.entitlements(buyer.id)).toEqual(['REVOKED']);
    expect(await shop.ledger()).toEqual({ ...TAKEN, 'provider-clearing': -1_500 });
    expect(await shop.told(`dispute:${disputeRef}`)).toEqual(['OPEN', 'LOST']);
  });

  test('of which the end is told first is booked from its beginning', async () => {
    const disputeRef = await dispute();
    await post(`/disputes/${disputeRef}/win`);
    await notice(disputeRef);
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
    expect(await shop.ledger()).toEqual({ ...SOLD, 'provider-clearing': -430, 'provider-fee': 1_500 });
  });

  test('leaves nothing to be refunded while it is open', async () => {
    await notice(await dispute());
    await expect(requestRefundOf(shop, { orderId, userId: buyer.id })).rejects.toThrow('in dispute');
  });

  test('of what a partial refund left takes back just that', async () => {
    await requestRefundOf(shop, { orderId, userId: buyer.id, amountMinor: 357 });
    await run();
    await notice(await dispute());
    expect(await shop.ledger()).toEqual({ ...TAKEN, 'provider-clearing': -1_500, refunds: 0 });
    expect((await auditLedger(shop.services.db)).isSound).toBe(true);
  });
});
