/** Purchases through the Stripe adapter, over real HTTP to a server that behaves as Stripe's documentation says. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GatewayRejectedRequestError } from '../../src/ports/payments/gateway.ts';
import { createStripeGateway } from '../../src/ports/payments/stripe/stripe.ts';
import { ACTION_TIME_MS_MAX } from '../../src/consumers/purchase/authorize-payment.ts';
import { startStripeStandIn, STRIPE_TEST_KEY, type StripeStandIn } from '../ports/payments/stripe/server.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let standIn: StripeStandIn;
let shop: Marketplace;
let buyerId: string;
let editionId: string;

beforeEach(async () => {
  standIn = await startStripeStandIn({ searchLagSeconds: 60 });
  const gateway = createStripeGateway({
    secretKey: STRIPE_TEST_KEY,
    apiBase: standIn.url,
    returnUrl: 'http://localhost:4000/app',
    timeoutMs: 500,
  });
  shop = await openMarketplace(database.current, { services: { gateway } });
  const { id: authorId } = await shop.signUp('AUTHOR');
  ({ id: buyerId } = await shop.signUp());
  editionId = await shop.listEdition({ authorId });
});
afterEach(async () => {
  await shop.close();
  await standIn.stop();
});

const order = (paymentToken = 'pm_card_visa') => shop.placeOrder({ buyerId, editionId, paymentToken });
const intents = () =>
  [...standIn.world.intents.values()].map(({ status, amount_received }) => [status, amount_received]);

test('a card is charged once, and the book is delivered', async () => {
  const orderId = await order();
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', payment: 'CAPTURED' });
  expect(intents()).toEqual([['succeeded', 999]]);
  const [charge] = standIn.world.charges.values();
  expect(await shop.order(orderId)).toMatchObject({ capture_ref: charge?.id });
});

test('strong authentication is asked for live, at its page, and the purchase goes on after a yes', async () => {
  const orderId = await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  const waiting = await shop.order(orderId);
  expect(waiting).toMatchObject({ status: 'REQUIRES_ACTION', action_url: expect.stringContaining('/3ds/pi_') });
  const [intent] = standIn.world.intents.values();
  standIn.world.answerBank(intent?.id ?? '', true);
  await shop.runFor(10_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', action_url: null });
  expect(intents()).toEqual([['succeeded', 999]]);
});

test('strong authentication that is refused ends DECLINED; one that is abandoned expires, with nothing reserved', async () => {
  const refused = await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  const [intent] = standIn.world.intents.values();
  standIn.world.answerBank(intent?.id ?? '', false);
  await shop.runFor(10_000);
  expect(await shop.order(refused)).toMatchObject({ status: 'DECLINED' });
  const abandoned = await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  shop.clock.advanceTime(ACTION_TIME_MS_MAX);
  await shop.runFor(10_000);
  expect(await shop.order(abandoned)).toMatchObject({ status: 'EXPIRED', payment: 'VOIDED' });
  expect(intents().at(-1)).toEqual(['canceled', 0]);
});

test('a decline is told in the bank’s words', async () => {
  const orderId = await order('pm_card_visa_chargeDeclinedInsufficientFunds');
  await shop.runUntilIdle();
  const declined = { status: 'DECLINED', reason: 'Your card has insufficient funds.' };
  expect(await shop.order(orderId)).toMatchObject(declined);
});

test.each([
  [/^POST \/v1\/payment_intents$/, 'cutAfter'],
  [/^POST \/v1\/payment_intents$/, 'hangAfter'],
  [/^POST \/v1\/payment_intents$/, 'rateLimit'],
  [/capture$/, 'cutAfter'],
  [/capture$/, 'hangBefore'],
  [/capture$/, 'error503'],
] as const)('is charged exactly once when %s meets %s', async (path, mishap) => {
  standIn.befall(path, mishap);
  const orderId = await order();
  await shop.runFor(3_600_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  expect(intents()).toEqual([['succeeded', 999]]);
});

test('an authorization that Stripe has given up by itself ends the order as EXPIRED', async () => {
  const orderId = await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  const [intent] = standIn.world.intents.values();
  standIn.world.answerBank(intent?.id ?? '', true);
  // Stripe gave the authorization up by itself in the meantime.
  Object.assign(intent ?? {}, { status: 'canceled', cancellation_reason: 'automatic' });
  await shop.runFor(3_600_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'EXPIRED' });
  expect(await shop.ledger()).toEqual({});
});

test('asked for, approved, taken and given back: money that must not stay goes back through Stripe, and is booked both ways', async () => {
  const { gateway } = shop.services;
  Object.assign(shop.services, {
    gateway: {
      ...gateway,
      // The capture lands, and Stripe turns the call down for good all the same.
      capture: async (request: Parameters<typeof gateway.capture>[0]) => {
        await gateway.capture(request);
        throw new GatewayRejectedRequestError('not any more');
      },
    },
  });
  const orderId = await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'REQUIRES_ACTION' });
  const [intent] = standIn.world.intents.values();
  standIn.world.answerBank(intent?.id ?? '', true);
  await shop.runFor(3_600_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', payment: 'REFUNDED' });
  const [charge] = standIn.world.charges.values();
  expect(charge).toMatchObject({ amount_captured: 999, amount_refunded: 999 });
  expect([...standIn.world.refunds.values()]).toMatchObject([{ amount: 999, status: 'succeeded' }]);
  expect(Object.values(await shop.ledger())).toEqual([0, 0, 0]);
});

test('a buyer who takes long is asked after ever more seldom', async () => {
  await order('pm_card_authenticationRequired');
  await shop.runUntilIdle();
  await shop.runFor(10 * 60_000);
  const looks = standIn.calls.filter(({ method, path }) => method === 'GET' && path.includes('/payment_intents/pi_'));
  expect(looks.length).toBeGreaterThan(15);
  expect(looks.length).toBeLessThan(45);
});

test('a purchase that the bank asked about is refunded by the shop, in part and then whole, and never beyond', async () => {
  const orderId = await order('pm_card_authenticationRequired');
  await database.current.sql`update payment set gateway = 'stripe' where order_id = ${orderId}`;
  await shop.runUntilIdle();
  const [intent] = standIn.world.intents.values();
  standIn.world.answerBank(intent?.id ?? '', true);
  await shop.runFor(10_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  for (const [amountMinor, mishap] of [
    [400, 'cutAfter'],
    [599, 'hangAfter'],
  ] as const) {
    standIn.befall(/^POST \/v1\/refunds$/, mishap);
    await requestRefundOf(shop, { orderId, userId: buyerId, amountMinor });
    await shop.runFor(3_600_000);
  }
  const refunds = await database.current.sql<{ status: string }[]>`select status from refund order by created_at`;
  expect(refunds.map(({ status }) => status)).toEqual(['SETTLED', 'SETTLED']);
  expect([...standIn.world.refunds.values()].map(({ amount }) => amount)).toEqual([400, 599]);
  const [charge] = standIn.world.charges.values();
  expect(charge).toMatchObject({ amount_captured: 999, amount_refunded: 999 });
  expect(Object.values(await shop.ledger()).reduce((sum, one) => sum + one, 0)).toBe(0);
});
