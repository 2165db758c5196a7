/** Orders that are placed straight: by one statement that stores nothing when a rival was faster. */
import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { beforeEach, expect, test, vi } from 'vitest';
import { ROYALTY_BPS } from '../../src/books/sale-split.ts';
import { NO_TAX } from '../../src/books/tax-rates.ts';
import { type NewOrder, placeOrders, placeStraight } from '../../src/db/orders.ts';
import { type Parts, storeParts } from '../../src/db/parts.ts';
import { lockAll, purchaseLock } from '../../src/db/purchase-locks.ts';
import { entitlements, orders } from '../../src/db/tables/index.ts';
import { lostRace } from '../../src/schema/commit.ts';
import { openMarket } from '../faults/harness/load.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const now = new Date('2030-01-01T00:00:00Z');
const terms = {
  royaltyBps: ROYALTY_BPS,
  taxRates: NO_TAX,
  shopCountry: null,
  refundWindowMs: 0,
  payouts: { holdMs: 0, thresholds: new Map<string, number>() },
};
let buyerIds: readonly string[];
let editionIds: readonly string[];
beforeEach(async () => {
  ({ buyerIds, editionIds } = await openMarket(database.current, 1_000));
});

const orderOf = (buyer = 0, edition = 0, more: Partial<NewOrder> = {}): NewOrder => ({
  id: randomUUID(),
  buyerId: buyerIds[buyer] ?? '',
  editionId: editionIds[edition] ?? '',
  currency: 'EUR',
  paymentToken: 'tok_ok',
  gateway: 'sandbox',
  expectedPrice: null,
  key: randomUUID(),
  bodyHash: 'a',
  country: 'DE',
  evidence: { basis: 'STATED', address: '127.0.0.1' },
  ...more,
});

/** Places straight; what happens meanwhile is committed after all was read and before anything is stored. */
const place = (wanted: NewOrder[], meanwhile: () => Promise<unknown> = async () => {}) => {
  const { db } = database.current;
  const store = async (rows: Parts) => {
    await meanwhile();
    await storeParts(db, rows);
  };
  return placeStraight(db, wanted, { now, terms, store });
};
const placeCarefully = (order: NewOrder) =>
  database.current.db.transaction((tx) => placeOrders(tx, [order], { now, terms }));
const storedIds = async () => (await database.current.db.select({ id: orders.id }).from(orders)).map(({ id }) => id);

test('all rows of all orders are stored by one statement, and told as they were stored', async () => {
  const wanted = [orderOf(0), orderOf(1, 1, { country: null, evidence: null })];
  const placed = await place(wanted);
  const { db, sql } = database.current;
  for (const one of placed) {
    if (!('orderId' in one)) throw one.refusal;
    const [row] = await db.select().from(orders).where(eq(orders.id, one.orderId));
    expect(one.stored).toEqual(row);
  }
  const commands = await sql`
    select distinct xmin::text as transaction, cmin::text as command from "order"
    union select xmin::text, cmin::text from order_line union select xmin::text, cmin::text from payment
    union select xmin::text, cmin::text from idempotency_key`;
  expect(commands).toHaveLength(1);
});

/** Bought by the first buyer, and ended in this way. */
async function buyAndEnd(status: 'COMPLETED' | 'DECLINED'): Promise<void> {
  const { db } = database.current;
  const [placed] = await placeCarefully(orderOf());
  if (!placed || !('orderId' in placed)) throw new Error('it was to be placed');
  const { orderId } = placed;
  await db.update(orders).set({ status }).where(eq(orders.id, orderId));
  if (status === 'DECLINED') return;
  await db.insert(entitlements).values({ orderId, readerId: buyerIds[0] ?? '', editionId: editionIds[0] ?? '' });
}

test.each([
  {
    what: 'bought the same',
    rival: () => placeCarefully(orderOf()),
    after: { refusal: { code: 'PURCHASE_IN_PROGRESS' } },
  },
  { what: 'got the same', rival: () => buyAndEnd('COMPLETED'), after: { refusal: { code: 'ALREADY_OWNED' } } },
  { what: 'used the same key', rival: () => placeCarefully(orderOf(0, 1, { key: 'mine' })), after: { stored: null } },
])('nothing is stored where the buyer $what meanwhile; the careful way finds out', async ({ rival, after }) => {
  const wanted = [orderOf(1), orderOf(0, 0, { key: 'mine' })];
  const error = await place(wanted, rival).catch((thrown: unknown) => thrown);
  expect(lostRace(error)).toBe(true);
  const stored = await storedIds();
  for (const { id } of wanted) expect(stored).not.toContain(id);
  expect(await placeCarefully(orderOf(0, 0, { key: 'mine' }))).toMatchObject([after]);
});

test('what others buy, and what ended meanwhile, stands in nobody’s way', async () => {
  const meanwhile = async () => {
    await placeCarefully(orderOf(1));
    await placeCarefully(orderOf(0, 1));
    await buyAndEnd('DECLINED');
  };
  expect(await place([orderOf()], meanwhile)).toMatchObject([{ stored: { status: 'PENDING_PAYMENT' } }]);
});

test('it waits for a rival that has not committed yet, and stores nothing then', async () => {
  const { db, sql } = database.current;
  const [mine, rival] = [orderOf(), orderOf()];
  const { promise: waits, resolve: isWaiting } = Promise.withResolvers<unknown>();
  const { promise: error, resolve: failed } = Promise.withResolvers<unknown>();
  await db.transaction(async (tx) => {
    await lockAll(tx, [purchaseLock(rival)]);
    await placeOrders(tx, [rival], { now, terms });
    place([mine]).then(() => failed(null), failed);
    void vi
      .waitFor(async () =>
        expect(await sql`select 1 from pg_locks where locktype = 'advisory' and not granted`).toHaveLength(1),
      )
      .then(isWaiting);
    await waits;
  });
  expect(lostRace(await error)).toBe(true);
  expect(await storedIds()).toEqual([rival.id]);
});
