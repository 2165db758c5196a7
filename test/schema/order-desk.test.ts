import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { commitWith } from '../../src/schema/commit.ts';
import { placeAtDesk } from '../../src/schema/order-desk.ts';
import { useApi } from './support/api.ts';
import { market, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);

const orderedIn = ({ __typename, order }: { __typename: string; order?: unknown }) =>
  typeof order === 'object' && order !== null && 'id' in order ? `${__typename} ${String(order.id)}` : __typename;

/** A desk of this test alone, and an order for it. */
function ownDesk() {
  const { db, clock, backlog, shards, terms } = api.services;
  const shop = {
    commitByKey: commitWith(db, () => {}),
    clock,
    backlog: { ...backlog },
    shards,
    terms,
    traceId: randomUUID(),
  };
  const orderOf = (buyerId: string, edition: string, more: object = {}) => ({
    id: randomUUID(),
    buyerId,
    editionId: uuidIn(edition),
    currency: 'EUR',
    paymentToken: 'tok_ok',
    gateway: 'sandbox',
    expectedPrice: null,
    key: randomUUID(),
    bodyHash: 'a',
    country: null,
    evidence: null,
    ...more,
  });
  return { shop, orderOf };
}

/** Orders by the transaction that placed them. */
const transactions = async () =>
  (await api.db.execute<{ n: number }>(sql`select count(*)::int as n from "order" group by xmin order by 1`)).map(
    ({ n }) => n,
  );

test('orders of one turn are placed in one transaction', async () => {
  const { editionId } = await shop.onSale();
  const buyers = await Promise.all(Array.from({ length: 12 }, () => api.signUp()));
  const { shop: own, orderOf } = ownDesk();
  const orders = buyers.map(({ id }) => orderOf(id, editionId));
  expect(await Promise.all(orders.map((order) => placeAtDesk(own, order)))).toEqual(orders.map(({ id }) => id));
  expect(await transactions()).toEqual([12]);
});

test('orders that come together are each accepted or refused by themselves', async () => {
  const { editionId } = await shop.onSale();
  const unpriced = (await shop.onSale()).editionId;
  const buyers = await Promise.all(Array.from({ length: 12 }, () => api.signUp()));
  const answers = await Promise.all(
    buyers.map(({ token }, at) => {
      if (at % 4 === 1) return shop.order(token, unpriced, { currency: 'USD' });
      if (at % 4 === 2) return shop.order(token, editionId, { expectedPrice: { amountMinor: 1, currency: 'EUR' } });
      return shop.order(token, editionId);
    }),
  );
  expect(answers.map(({ __typename }) => __typename)).toEqual(
    buyers.map((_, at) => ['PlaceOrderPayload', 'NotForSale', 'PriceChanged', 'PlaceOrderPayload'][at % 4]),
  );
  const events = await api.db.execute<{ seq: number }>(sql`select seq from event where type = 'order.placed'`);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 6 }, () => 1));
  // A refusal leaves no key and no row.
  const counts = await Promise.all(buyers.map(({ id }) => shop.count('idempotency_key', id)));
  expect(counts).toEqual(buyers.map((_, at) => (at % 4 === 0 || at % 4 === 3 ? 1 : 0)));
});

test('of one buyer’s orders for one edition under different keys, sent together, one is placed and the others name it', async () => {
  const { editionId } = await shop.onSale();
  const { token, id } = await api.signUp();
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.order(token, editionId)));
  const placed = answers.filter(({ __typename }) => __typename === 'PlaceOrderPayload');
  expect(placed).toHaveLength(1);
  const named = new Set(answers.map((answer) => orderedIn(answer).split(' ')[1]));
  expect([named.size, await shop.count('order', id)]).toEqual([1, 1]);
});

test('one key sent together for two bodies orders once, and conflicts once', async () => {
  const { editionId } = await shop.onSale();
  const other = (await shop.onSale()).editionId;
  const { token, id } = await api.signUp();
  const idempotencyKey = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, at) => shop.order(token, at % 2 === 0 ? editionId : other, { idempotencyKey })),
  );
  const types = new Set(answers.map(({ __typename }) => __typename));
  expect([[...types].toSorted(), await shop.count('order', id)]).toEqual([
    ['IdempotencyConflict', 'PlaceOrderPayload'],
    1,
  ]);
});

test('an order that no transaction can hold fails alone', async () => {
  const { editionId } = await shop.onSale();
  const [broken, sound] = await Promise.all([api.signUp(), api.signUp()]);
  await api.db.execute(sql`
    create function refuse_one() returns trigger language plpgsql as $$ begin raise exception 'disk says no'; end $$`);
  await api.db.execute(
    sql.raw(`create trigger refuse_one before insert on "order" for each row
      when (new.buyer_id = '${broken.id}') execute function refuse_one()`),
  );
  try {
    const input = { editionId, currency: 'EUR', paymentToken: 'tok_ok' };
    const query = 'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }';
    const ask = (token: string) => api.ask(query, { input: { ...input, idempotencyKey: randomUUID() } }, token);
    const answers = await Promise.all([broken, sound, broken].map(({ token }) => ask(token)));
    const outcome = answers.map(({ data, errors }) => errors?.[0]?.extensions?.['code'] ?? data?.['placeOrder']);
    expect(outcome).toEqual(['INTERNAL', { __typename: 'PlaceOrderPayload' }, 'INTERNAL']);
  } finally {
    await api.db.execute(sql`drop trigger refuse_one on "order"`);
    await api.db.execute(sql`drop function refuse_one()`);
  }
});
