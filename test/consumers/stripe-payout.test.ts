/** Payouts and the comparison of the books through the Stripe adapter, over real HTTP to a server that behaves as documented. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { openPayee } from '../../src/db/payees.ts';
import { requestPayout } from '../../src/db/payouts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { disputeNoticed, payeeRequested, payoutRequested, reconciliationDue } from '../../src/events/index.ts';
import { createStripeGateway } from '../../src/ports/payments/stripe/stripe.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { startStripeStandIn, STRIPE_TEST_KEY, type StripeStandIn } from '../ports/payments/stripe/server.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const HOUR_MS = 3_600_000;
const database = useDatabase();
let standIn: StripeStandIn;
let shop: Marketplace;
let author: { id: string };
let buyer: { id: string };

beforeEach(async () => {
  standIn = await startStripeStandIn({ searchLagSeconds: 0 });
  const gateway = createStripeGateway({
    secretKey: STRIPE_TEST_KEY,
    apiBase: standIn.url,
    returnUrl: 'http://localhost:4000/app',
    timeoutMs: 500,
  });
  shop = await openMarketplace(database.current, { services: { gateway } });
  shop.clock.advanceTime(Date.now() - shop.clock.now().getTime());
  author = await shop.signUp('AUTHOR');
  buyer = await shop.signUp();
});
afterEach(async () => {
  await shop.close();
  await standIn.stop();
});

const run = () => shop.runFor(HOUR_MS);
const append = (...events: Parameters<typeof appendEvents>[1]) =>
  appendEvents(shop.services.db, events, { now: shop.clock.now(), shards: 1 });

async function sell(priceMinor = 2_000) {
  const editionId = await shop.listEdition({ authorId: author.id });
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, priceMinor, paymentToken: 'pm_card_visa' });
  await database.current.sql`update payment set gateway = 'stripe' where order_id = ${orderId}`;
  await run();
  return orderId;
}
async function beReady() {
  await shop.services.db.transaction(async (tx) => {
    const begun = await openPayee(tx, { authorId: author.id, country: 'DE', gateway: 'stripe' }, shop.clock.now());
    if (begun) await appendEvents(tx, [payeeRequested.of(begun)], { now: shop.clock.now(), shards: 1 });
  });
  await shop.runUntilIdle();
  const [payee] = await database.current.sql<{ payee_ref: string; onboarding_url: string }[]>`
    select payee_ref, onboarding_url from payee`;
  expect(payee?.onboarding_url).toContain('http');
  standIn.world.completePayee(payee?.payee_ref ?? '');
  await run();
  expect([...(await database.current.sql`select status from payee`)]).toEqual([{ status: 'READY' }]);
}
async function ask() {
  const id = newId();
  const now = shop.clock.now();
  await shop.services.db.transaction(async (tx) => {
    const terms = { holdMs: 0, thresholds: new Map<string, number>() };
    await requestPayout(tx, { id, authorId: author.id, currency: 'EUR', gateway: 'stripe' }, { ...terms, now });
    await appendEvents(tx, [payoutRequested.of({ payoutId: id, status: 'REQUESTED' })], { now, shards: 1 });
  });
  await run();
  return id;
}
const payouts = async () => [
  ...(await database.current.sql`select status, amount_minor::int from payout order by created_at`),
];

test('an author answers Stripe, is paid by a transfer, and what differs from Stripe’s books is nothing', async () => {
  const [refunded, disputed] = [await sell(), await sell()];
  await requestRefundOf(shop, { orderId: refunded, userId: buyer.id, amountMinor: 500 });
  await run();
  const disputeRef = standIn.world.dispute(String((await shop.order(disputed))?.capture_ref)).id;
  await append(disputeNoticed.of({ noticeId: 'stripe:1', gateway: 'stripe', disputeRef, reference: disputed }));
  await run();
  await beReady();
  await ask();
  expect(await payouts()).toEqual([{ status: 'PAID', amount_minor: 1_050 }]);
  const [transfer] = standIn.world.transfers.values();
  standIn.world.reverseTransfer(transfer?.id ?? '');
  await append(reconciliationDue.of({ slot: '2026-12-01T02:00:00.000Z' }));
  await run();
  const stands = await database.current.sql`
    select kind, state, ledger_key is not null as "isOurs" from provider_movement order by number`;
  expect([...stands].map(({ kind, state, isOurs }) => [kind, state, isOurs])).toEqual([
    ['CAPTURE', 'AGREED', true],
    ['CAPTURE', 'AGREED', true],
    ['REFUND', 'AGREED', true],
    ['DISPUTE', 'AGREED', true],
    ['PAYOUT', 'AGREED', true],
    ['PAYOUT_FAILED', 'DIFFERENT', true],
  ]);
  // Stripe never told us that the transfer came back: a night later it is asked about, and booked back.
  shop.clock.advanceTime(24 * HOUR_MS);
  await append(reconciliationDue.of({ slot: '2026-12-02T02:00:00.000Z' }));
  await run();
  expect(await payouts()).toEqual([{ status: 'FAILED', amount_minor: 1_050 }]);
  await append(reconciliationDue.of({ slot: '2026-12-03T02:00:00.000Z' }));
  await run();
  const differences = await database.current.sql`select kind, status from reconciliation_difference`;
  expect([...differences]).toEqual([{ kind: 'STATE', status: 'CLEARED' }]);
  expect(await auditLedger(shop.services.db)).toMatchObject({ isSound: true });
  const [fees] = await database.current.sql`
    select sum(amount_minor)::int as minor from ledger_entry where account = 'provider-fee'`;
  const { transactions } = standIn.world;
  expect(fees).toEqual({ minor: transactions.reduce((sum, { fee }) => sum + fee, 0) });
});
