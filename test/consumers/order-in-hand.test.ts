/** What the stages of a purchase hand on is what the next one would read. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authorizePayment } from '../../src/consumers/purchase/authorize-payment.ts';
import { readSoldOrder } from '../../src/consumers/purchase/order-reads.ts';
import { validateOrders } from '../../src/consumers/purchase/validate.ts';
import { storeParts } from '../../src/db/parts.ts';
import { type Outcome, writesOf } from '../../src/streams/workflow.ts';
import { useDatabase } from '../support/database.ts';
import { quietLog } from '../streams/support.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let orderId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  const { id: authorId } = await shop.signUp('AUTHOR');
  const { id: buyerId } = await shop.signUp();
  const editionId = await shop.listEdition({ authorId });
  orderId = await shop.placeOrder({ buyerId, editionId, paymentToken: 'tok_succeeds', priceMinor: 999 });
});
afterEach(() => shop.close());

const inputOf = (status: string, handed?: object) => ({
  eventId: 1,
  runId: 'purchase/1',
  subject: `order:${orderId}`,
  payload: { orderId, status },
  attempt: 1,
  handed,
});
const validate = async () => {
  const { db } = database.current;
  const [outcome] = await validateOrders(db, [inputOf('PENDING_PAYMENT')], shop);
  return outcome;
};
const authorize = (handed?: object) => {
  const { services, clock } = shop;
  const signal = new AbortController().signal;
  const context = { services, clock, log: quietLog, signal, announce: () => Promise.reject(new Error('not asked')) };
  return authorizePayment(inputOf('PENDING_PAYMENT', handed), context);
};
const store = ({ write }: Outcome) => storeParts(database.current.db, writesOf([write]).parts);
const handedBy = (outcome: Outcome | undefined) => (outcome?.kind === 'ADVANCE' ? outcome.handOn : null);
const stored = () => readSoldOrder(database.current.db, orderId);

test('from validation to authorization, and from there to capture', async () => {
  const inHand = handedBy(await validate());
  expect(inHand).toEqual(await stored());
  const outcome = await authorize(inHand ?? undefined);
  await store(outcome);
  expect(handedBy(outcome)).toEqual(await stored());
  expect(handedBy(outcome)).toMatchObject({ order: { status: 'CAPTURING' } });
});

test('nothing where nothing was handed on: then the order is read', async () => {
  const outcome = await authorize();
  expect(outcome).toMatchObject({ kind: 'ADVANCE', event: { payload: { status: 'AUTHORIZED' } } });
  expect(handedBy(outcome)).toBeUndefined();
});

test('an order that does not exist is refused, not validated', async () => {
  await database.current.sql`delete from "order" where id = ${orderId}`;
  await expect(validate()).rejects.toThrow(`there is no order ${orderId}`);
});
