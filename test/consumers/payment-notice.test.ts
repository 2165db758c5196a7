import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { paymentNoticed } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let buyerId: string;
let editionId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  const { id: authorId } = await shop.signUp('AUTHOR');
  ({ id: buyerId } = await shop.signUp());
  editionId = await shop.listEdition({ authorId });
});
afterEach(() => shop.close());

const notice = (reference: string | null, kind: 'PAYMENT' | 'REFUND' | 'DISPUTE' | 'PAYOUT' = 'PAYMENT') =>
  appendEvents(
    database.current.db,
    [paymentNoticed.of({ noticeId: `sandbox:${randomUUID()}`, gateway: 'sandbox', kind, ref: 'ref_1', reference })],
    { now: shop.clock.now(), shards: 1 },
  );

test('a notice wakes the order that waits for the bank, without waiting for its next look', async () => {
  const orderId = await shop.placeOrder({ buyerId, editionId, paymentToken: 'tok_requires_action' });
  await shop.runUntilIdle();
  const waiting = await shop.order(orderId);
  expect(waiting).toMatchObject({ status: 'REQUIRES_ACTION' });
  await fetch(`${waiting?.action_url}/approve`, { method: 'POST' });
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'REQUIRES_ACTION' });
  await notice(orderId);
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
});

test('a notice that says nothing true changes nothing: the provider is asked', async () => {
  const orderId = await shop.placeOrder({ buyerId, editionId, paymentToken: 'tok_requires_action' });
  await shop.runUntilIdle();
  for (let times = 0; times < 10; times++) await notice(orderId);
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'REQUIRES_ACTION' });
  expect(await shop.told(`order:${orderId}`)).toHaveLength(3);
});

test('a notice wakes a capture whose answer never came', async () => {
  const orderId = await shop.placeOrder({ buyerId, editionId, paymentToken: 'tok_timeout_after_capture' });
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'CAPTURING' });
  await notice(orderId);
  await shop.runUntilIdle();
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
});

test('a notice about nothing of ours, or about an order that has ended, has no effect', async () => {
  const orderId = await shop.placeOrder({ buyerId, editionId });
  await shop.runUntilIdle();
  const before = await shop.told(`order:${orderId}`);
  for (const reference of [orderId, randomUUID(), 'not an id', null]) await notice(reference);
  await shop.runUntilIdle();
  expect(await shop.told(`order:${orderId}`)).toEqual(before);
});

test.each([
  ['DISPUTE', 'dispute.noticed'],
  ['PAYOUT', 'payout.noticed'],
  ['REFUND', 'refund.noticed'],
] as const)('a notice of a %s is passed on as %s', async (kind, type) => {
  const orderId = randomUUID();
  await notice(orderId, kind);
  await shop.runUntilIdle();
  const rows = await database.current.sql<{ payload: unknown }[]>`select payload from event where type = ${type}`;
  expect(rows.map((row) => row.payload)).toEqual([expect.objectContaining({ gateway: 'sandbox' })]);
});
