import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOrder, readSoldOrder } from '../../src/consumers/purchase/order-reads.ts';
import { changedOrders } from '../../src/consumers/purchase/order-writes.ts';
import { storeParts } from '../../src/db/parts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let orderIds: string[];

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  const { id: authorId } = await shop.signUp('AUTHOR');
  const { id: buyerId } = await shop.signUp();
  orderIds = [];
  for (let count = 0; count < 3; count++) {
    orderIds.push(await shop.placeOrder({ buyerId, editionId: await shop.listEdition({ authorId }) }));
  }
});
afterEach(() => shop.close());

/** With the command within its transaction that wrote each. */
const rowsOf = (orderId: string) =>
  database.current.sql`
    select o.status, o.reason, o.updated_at as at, o.cmin::text as command, p.status as payment, p.authorization_ref,
           p.capture_ref, p.action_url, p.updated_at as payment_at, p.cmin::text as payment_command
    from "order" o join payment p on p.order_id = o.id where o.id = ${orderId}`;

test('orders and their payments change in one statement, and what is not named stays', async () => {
  const [asked = '', declined = '', alone = ''] = orderIds;
  const [before] = await rowsOf(alone);
  const at = '2026-02-03 04:05:06.789+00';
  const now = new Date(at);
  await database.current.db.transaction((tx) =>
    storeParts(
      tx,
      changedOrders([
        {
          orderId: asked,
          order: { status: 'REQUIRES_ACTION' },
          payment: { status: 'REQUIRES_ACTION', authorizationRef: 'auth_1', actionUrl: 'https://bank.example/1' },
          now,
        },
        { orderId: declined, order: { status: 'DECLINED', reason: 'No.' }, payment: { status: 'DECLINED' }, now },
        { orderId: alone, order: { status: 'FULFILLING' }, now },
      ]),
    ),
  );
  const [[first], [second], [third]] = [await rowsOf(asked), await rowsOf(declined), await rowsOf(alone)];
  expect(first).toMatchObject({ status: 'REQUIRES_ACTION', reason: null, payment: 'REQUIRES_ACTION', at });
  expect(first).toMatchObject({ authorization_ref: 'auth_1', action_url: 'https://bank.example/1', payment_at: at });
  expect(second).toMatchObject({ status: 'DECLINED', reason: 'No.', payment: 'DECLINED', authorization_ref: null });
  expect(third).toMatchObject({ status: 'FULFILLING', payment: 'CREATED', payment_at: before?.['payment_at'] });
  for (const row of [first, second]) expect(row?.['payment_command']).toBe(row?.['command']);
});

test('an address is kept until it is named, and goes when it is null', async () => {
  const [orderId = ''] = orderIds;
  const now = shop.clock.now();
  const change = (payment: { actionUrl?: string | null; captureRef?: string }) =>
    database.current.db.transaction((tx) => storeParts(tx, changedOrders([{ orderId, order: {}, payment, now }])));
  await change({ actionUrl: 'https://bank.example/1' });
  await change({ captureRef: 'capture_1' });
  expect(await rowsOf(orderId)).toMatchObject([{ action_url: 'https://bank.example/1', status: 'PENDING_PAYMENT' }]);
  await change({ actionUrl: null });
  expect(await rowsOf(orderId)).toMatchObject([{ action_url: null, capture_ref: 'capture_1' }]);
});

test('orders that are read at once are each given with their own lines', async () => {
  const { db, sql } = database.current;
  const [several = '', ...others] = orderIds;
  await sql`
    insert into order_line (order_id, position, edition_id, author_id, amount_minor, list_amount_minor, royalty_minor, royalty_bps)
    select ${several}, 1, edition_id, author_id, 100, 100, 70, royalty_bps from order_line where order_id = ${several}`;
  const read = await Promise.all(orderIds.map((orderId) => readSoldOrder(db, orderId)));
  expect(read.map(({ order }) => order.id)).toEqual(orderIds);
  const amounts = read.map(({ sales }) => sales.map(({ amountMinor }) => amountMinor).toSorted((a, b) => a - b));
  expect(amounts).toEqual([[100, 999], ...others.map(() => [999])]);
  expect(read[0]?.order).toEqual(await readOrder(db, several));
});

test('an order that is not there is an error that no retry mends', async () => {
  const { db } = database.current;
  await expect(readOrder(db, newId())).rejects.toThrow('there is no order');
  await expect(readSoldOrder(db, newId())).rejects.toThrow('there is no order');
});
