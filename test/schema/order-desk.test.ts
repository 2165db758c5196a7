import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterEach, expect, test, vi } from 'vitest';
import { placeOrders } from '../../src/db/orders.ts';
import { commitWith, storeWith } from '../../src/schema/commit.ts';
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
    storeByKey: storeWith(db, () => {}),
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

/** While `work` runs, PostgreSQL refuses such rows. */
async function refusing(table: 'order' | 'event', condition: string, work: () => Promise<void>): Promise<void> {
  await api.db.execute(sql`
    create function refuse_one() returns trigger language plpgsql as $$ begin raise exception 'disk says no'; end $$`);
  await api.db.execute(
    sql.raw(`create trigger refuse_one before insert on "${table}" for each row
      when (${condition}) execute function refuse_one()`),
  );
  try {
    await work();
  } finally {
    await api.db.execute(sql`drop function refuse_one() cascade`);
  }
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
  const placed = await Promise.all(orders.map((order) => placeAtDesk(own, order)));
  expect(placed.map(({ orderId }) => orderId)).toEqual(orders.map(({ id }) => id));
  expect(await transactions()).toEqual([12]);
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A desk whose transactions begin when their gates are opened. */
function heldDesk() {
  const { shop: own, orderOf } = ownDesk();
  const gates: (() => void)[] = [];
  const held: typeof own = {
    ...own,
    storeByKey: async (work) => {
      await new Promise<void>((open) => gates.push(open));
      return own.storeByKey(work);
    },
  };
  return { held, gates, orderOf };
}

test('a second transaction begins beside the first at once when 24 orders wait', async () => {
  const { editionId } = await shop.onSale();
  const { id } = await api.signUp();
  const { held, gates, orderOf } = heldDesk();
  const placed: Promise<unknown>[] = [];
  const bring = async (count: number) => {
    for (let n = 0; n < count; n++) placed.push(placeAtDesk(held, orderOf(id, editionId)).catch(() => null));
    await turn();
  };
  await bring(1);
  await bring(23);
  expect(gates).toHaveLength(1);
  await bring(1);
  expect(gates).toHaveLength(2);
  await bring(100);
  expect(gates).toHaveLength(2);
  for (let opened = 0; opened < 3; opened++) {
    await vi.waitFor(() => expect(gates.length).toBeGreaterThan(opened));
    gates[opened]?.();
  }
  await Promise.all(placed);
  expect(gates).toHaveLength(3);
});

test('one transaction is on its way at a time; another begins only when it has taken 50 ms', async () => {
  const { editionId } = await shop.onSale();
  const buyers = await Promise.all(Array.from({ length: 4 }, () => api.signUp()));
  const { held, gates, orderOf } = heldDesk();
  const place = (at: number) => placeAtDesk(held, orderOf(buyers[at]?.id ?? '', editionId));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const placed = [place(0)];
  await turn();
  placed.push(place(1), place(2));
  await turn();
  expect(gates).toHaveLength(1);
  vi.advanceTimersByTime(50);
  expect(gates).toHaveLength(2);
  placed.push(place(3));
  await turn();
  vi.advanceTimersByTime(1_000);
  // Two are the most, however long they take.
  expect(gates).toHaveLength(2);
  vi.useRealTimers();
  for (const open of gates) open();
  await vi.waitFor(() => expect(gates).toHaveLength(3));
  gates[2]?.();
  await Promise.all(placed);
  expect(await transactions()).toEqual([1, 1, 2]);
});
afterEach(() => vi.useRealTimers());

test('an order whose event cannot be stored leaves no row, and fails alone', async () => {
  const { editionId } = await shop.onSale();
  const buyers = await Promise.all(Array.from({ length: 3 }, () => api.signUp()));
  const { shop: own, orderOf } = ownDesk();
  const orders = buyers.map(({ id }) => orderOf(id, editionId));
  const [, broken = orderOf('', editionId)] = orders;
  await refusing('event', `new.subject = 'order:${broken.id}'`, async () => {
    const outcomes = await Promise.allSettled(orders.map((order) => placeAtDesk(own, order)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    // The first fault is told, not that of what was sent behind it.
    expect(outcomes[1]).toMatchObject({ reason: { cause: { message: 'disk says no' } } });
  });
  const stored = await api.db.execute<{ id: string; events: number }>(sql`
    select o.id, (select count(*)::int from event e where e.subject = 'order:' || o.id and e.seq = 1) as events from "order" o`);
  expect(new Map(stored.map(({ id, events }) => [id, events]))).toEqual(
    new Map(orders.filter((order) => order !== broken).map(({ id }) => [id, 1])),
  );
  expect(await shop.count('idempotency_key', broken.buyerId)).toBe(0);
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

test('an order that meets a rival of another process waits for its commit, and is refused for what that bought', async () => {
  const { editionId } = await shop.onSale();
  const { id } = await api.signUp();
  const { shop: own, orderOf } = ownDesk();
  const [rival, mine] = [orderOf(id, editionId), orderOf(id, editionId)];
  const { clock, terms } = own;
  let refused: Promise<unknown> = Promise.resolve();
  await api.db.transaction(async (tx) => {
    await placeOrders(tx, [rival], { now: clock.now(), terms });
    refused = placeAtDesk(own, mine).catch((error: unknown) => error);
    await vi.waitFor(async () => {
      const waiting = await api.db.execute(sql`select 1 from pg_locks where locktype = 'advisory' and not granted`);
      expect(waiting).toHaveLength(1);
    });
  });
  expect(await refused).toMatchObject({ code: 'PURCHASE_IN_PROGRESS', orderId: rival.id });
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
  await refusing('order', `new.buyer_id = '${broken.id}'`, async () => {
    const input = { editionId, currency: 'EUR', paymentToken: 'tok_ok' };
    const query = 'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }';
    const ask = (token: string) => api.ask(query, { input: { ...input, idempotencyKey: randomUUID() } }, token);
    const answers = await Promise.all([broken, sound, broken].map(({ token }) => ask(token)));
    const outcome = answers.map(({ data, errors }) => errors?.[0]?.extensions?.['code'] ?? data?.['placeOrder']);
    expect(outcome).toEqual(['INTERNAL', { __typename: 'PlaceOrderPayload' }, 'INTERNAL']);
  });
});
