/** What the stages of a purchase hand on is what the next one would read. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authorizePayment } from '../../src/consumers/purchase/authorize-payment.ts';
import { capturePayment } from '../../src/consumers/purchase/capture-payment.ts';
import { OrderInHand, readSoldOrder } from '../../src/consumers/purchase/order-reads.ts';
import { validateOrders } from '../../src/consumers/purchase/validate.ts';
import { claims } from '../../src/db/tables/index.ts';
import { storeParts } from '../../src/db/parts.ts';
import { type Outcome, writesOf } from '../../src/streams/workflow.ts';
import { useDatabase } from '../support/database.ts';
import { quietLog } from '../streams/support.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let orderId: string;
let people: { authorId: string; buyerId: string };

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  const { id: authorId } = await shop.signUp('AUTHOR');
  const { id: buyerId } = await shop.signUp();
  people = { authorId, buyerId };
  orderId = await placeOrder();
});
afterEach(() => shop.close());

/** An order of two books, of two authors. */
async function placeOrder({ paymentToken = 'tok_succeeds', priceMinor = 999 } = {}): Promise<string> {
  const { authorId, buyerId } = people;
  const editionId = await shop.listEdition({ authorId });
  const id = await shop.placeOrder({ buyerId, editionId, paymentToken, priceMinor });
  const other = await shop.signUp('AUTHOR');
  const { sql } = database.current;
  await sql`
    insert into order_line (order_id, position, edition_id, author_id, amount_minor, list_amount_minor, royalty_minor, royalty_bps)
    values (${id}, 1, ${await shop.listEdition({ authorId: other.id })}, ${other.id}, ${priceMinor}, ${priceMinor},
            ${Math.round(priceMinor * 0.7)}, 7000)`;
  await sql`update "order" set amount_minor = ${2 * priceMinor} where id = ${id}`;
  return id;
}

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
const context = () => ({
  services: shop.services,
  clock: shop.clock,
  log: quietLog,
  signal: new AbortController().signal,
  announce: () => Promise.reject(new Error('not asked')),
});
const authorize = (handed?: object) => authorizePayment(inputOf('PENDING_PAYMENT', handed), context());
const capture = (handed?: object) => capturePayment(inputOf('AUTHORIZED', handed), context());
const store = ({ write }: Outcome) => storeParts(database.current.db, writesOf([write]).parts);
const handedBy = (outcome: Outcome | undefined) => (outcome?.kind === 'ADVANCE' ? outcome.handOn : null);
/** Which line is first matters to nobody. */
const sorted = (order: object | null | undefined) =>
  order instanceof OrderInHand
    ? { order: order.order, sales: order.sales.toSorted((a, b) => a.authorId.localeCompare(b.authorId)) }
    : order;
const stored = async () => sorted(await readSoldOrder(database.current.db, orderId));
/** No order can be read meanwhile. */
const noneIsRead = () => database.current.sql`alter table payment rename to payment_away`;
const allIsRead = () => database.current.sql`alter table payment_away rename to payment`;

test('from validation to authorization, and from there to capture', async () => {
  const inHand = handedBy(await validate());
  expect(sorted(inHand)).toEqual(await stored());
  const outcome = await authorize(inHand ?? undefined);
  await store(outcome);
  expect(sorted(handedBy(outcome))).toEqual(await stored());
  expect(handedBy(outcome)).toMatchObject({ order: { status: 'CAPTURING' }, sales: [{}, {}] });
});

test('what is in hand is not read again, and the money goes where it goes without', async () => {
  const booked = async () => {
    const rows = await database.current.sql`
      select account, currency, amount_minor::int from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
      where order_id = ${orderId} order by 1, 3`;
    return [...rows];
  };
  const inHand = handedBy(await validate()) ?? undefined;
  await noneIsRead();
  const authorized = await authorize(inHand);
  const captured = await capture(handedBy(authorized) ?? undefined);
  await allIsRead();
  await store(authorized);
  await store(captured);
  const withIt = await booked();
  expect(await shop.order(orderId)).toMatchObject({ status: 'PAID', payment: 'CAPTURED' });

  const before = orderId;
  orderId = await placeOrder();
  await store(await authorize());
  await store(await capture());
  const authorsAside = (rows: object[]) => JSON.stringify(rows).replaceAll(/[0-9a-f-]{36}/g, 'AUTHOR');
  expect(withIt.length).toBeGreaterThan(3);
  expect(authorsAside(withIt)).toBe(authorsAside(await booked()));
  expect(orderId).not.toBe(before);
});

test('nothing where nothing was handed on, or another order: then it is read', async () => {
  const another = handedBy(await validate()) ?? undefined;
  orderId = await placeOrder({ paymentToken: 'tok_declined' });
  for (const handed of [undefined, another]) {
    const outcome = await authorize(handed);
    expect(outcome).toMatchObject({ kind: 'ADVANCE', event: { payload: { orderId, status: 'DECLINED' } } });
    expect(handedBy(outcome)).toBeUndefined();
  }
});

test.each([
  { what: 'a free order', order: { priceMinor: 0 }, status: 'AUTHORIZED' },
  {
    what: 'an order that the bank asks about',
    order: { paymentToken: 'tok_requires_action' },
    status: 'REQUIRES_ACTION',
  },
])('$what is handed on to authorization, and no further', async ({ order, status }) => {
  orderId = await placeOrder(order);
  const inHand = handedBy(await validate());
  expect(sorted(inHand)).toEqual(await stored());
  const outcome = await authorize(inHand ?? undefined);
  expect(outcome).toMatchObject({ event: { payload: { status } } });
  expect(handedBy(outcome)).toBeUndefined();
});

test('of a gift the buyer is handed on as buyer', async () => {
  const holder = await shop.signUp();
  const { db } = database.current;
  await db.insert(claims).values({ orderId, kind: 'GIFT', email: holder.email, holderId: holder.id });
  expect(handedBy(await validate())).toMatchObject({ order: { buyerId: people.buyerId } });
});

test('an order that does not exist is refused, not validated', async () => {
  await database.current.sql`delete from "order" where id = ${orderId}`;
  await expect(validate()).rejects.toThrow(`there is no order ${orderId}`);
});
