import { afterEach, beforeEach, expect, test } from 'vitest';
import { schedulesOf } from '../../src/consumers/index.ts';
import { stuckMoney } from '../../src/consumers/health/checks/stuck-money.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const MINUTE_MS = 60_000;
const database = useDatabase();
let shop: Marketplace;
let buyer: { id: string };
let editionId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  buyer = await shop.signUp();
  const { id: authorId } = await shop.signUp('AUTHOR');
  editionId = await shop.listEdition({ authorId });
});
afterEach(() => shop.close());

const detail = async () => (await stuckMoney.look(shop.services, shop.clock.now(), AbortSignal.timeout(5_000))).detail;
async function sweep() {
  const schedule = schedulesOf({ health: '* * * * *', payouts: '0 4 1 * *' }).find(
    ({ name }) => name === 'money-sweep',
  );
  if (!schedule) throw new TypeError('there is no such schedule');
  const now = shop.clock.now();
  await appendEvents(shop.services.db, [schedule.due(now.toISOString())], { now, shards: 1 });
  await shop.runUntilIdle();
}

test('a capture whose answer never came is counted, and asked about again by the sweep', async () => {
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_timeout_after_capture' });
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'CAPTURING' });
  await database.current.sql`update timer set due_at = due_at + interval '1 day'`;
  shop.clock.advanceTime(6 * MINUTE_MS);
  expect(await detail()).toContain('1 captures whose outcome is unknown');
  await sweep();
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  expect(await detail()).toContain('No payment');
});

test('a payment that stands still between its authorization and its capture is counted as a capture', async () => {
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId });
  // The last pass ends with the authorization, as if its worker had then died.
  while ((await shop.order(orderId))?.status === 'PENDING_PAYMENT') await shop.pass();
  expect(await shop.order(orderId)).toMatchObject({ status: 'CAPTURING', payment: 'AUTHORIZED' });
  shop.clock.advanceTime(4 * MINUTE_MS);
  expect(await detail()).toContain('No payment');
  shop.clock.advanceTime(2 * MINUTE_MS);
  expect(await detail()).toContain('1 captures whose outcome is unknown');
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
});

test('an approval that nobody gave is counted, and given up by the sweep', async () => {
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_requires_action' });
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'REQUIRES_ACTION' });
  await database.current.sql`update timer set due_at = due_at + interval '1 day'`;
  shop.clock.advanceTime(21 * MINUTE_MS);
  expect(await detail()).toContain('1 approvals');
  await sweep();
  expect(await shop.order(orderId)).toMatchObject({ status: 'EXPIRED' });
});

test('a refund without an answer is counted, and asked about again by the sweep', async () => {
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId });
  await shop.runFor(MINUTE_MS);
  const real = { ...shop.services.gateway };
  Object.assign(shop.services.gateway, { refund: () => Promise.reject(new Error('no answer')) });
  const refundId = await requestRefundOf(shop, { orderId, userId: buyer.id });
  await shop.runUntilIdle();
  Object.assign(shop.services.gateway, real);
  await database.current.sql`update timer set due_at = due_at + interval '1 day'`;
  shop.clock.advanceTime(11 * MINUTE_MS);
  expect(await detail()).toContain('1 refunds and 0 payouts without an answer');
  await sweep();
  const [row] = await database.current.sql`select status from refund where id = ${refundId}`;
  expect(row?.['status']).toBe('SETTLED');
});
