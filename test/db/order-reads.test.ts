/** How much of the tables an order and its session read, by the plans of kept statements on tables that nobody analyzed. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { ROYALTY_BPS } from '../../src/books/sale-split.ts';
import { NO_TAX } from '../../src/books/tax-rates.ts';
import { type Database, openDatabase, type Tx } from '../../src/db/client.ts';
import { type NewOrder, placeOrders, placeStraight } from '../../src/db/orders.ts';
import { openMarket, type Market } from '../faults/harness/load.ts';
import { cloneDatabase } from '../support/database.ts';

const OTHERS = 1_000;
const now = new Date('2030-01-01T00:00:00Z');
const terms = {
  royaltyBps: ROYALTY_BPS,
  taxRates: NO_TAX,
  shopCountry: null,
  refundWindowMs: 0,
  payouts: { holdMs: 0, thresholds: new Map<string, number>() },
};

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let keyed: Database;
let market: Market;
beforeAll(async () => {
  clone = await cloneDatabase();
  keyed = openDatabase(clone.url, { poolMax: 1, looksUpByKey: true });
  market = await openMarket(clone.database, 2_000);
});
afterAll(async () => {
  await keyed.close();
  await clone.drop();
});

const orderOf = (buyerId: string, editionId: string): NewOrder => ({
  id: randomUUID(),
  buyerId,
  editionId,
  currency: 'EUR',
  paymentToken: 'tok_ok',
  gateway: 'sandbox',
  expectedPrice: null,
  key: randomUUID(),
  bodyHash: '',
  country: null,
  evidence: null,
});

/** Rows of each table that this transaction has read. */
async function readRows(tx: Tx): Promise<Record<string, number>> {
  const rows = await tx.execute<{ name: string; n: number }>(sql`
    select relname as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_xact_user_tables
    where relname in ('order', 'order_line', 'claim', 'edition', 'price', 'entitlement', 'idempotency_key')`);
  return Object.fromEntries([...rows].map(({ name, n }) => [name, n]));
}

/** Somebody's open orders, a tenth of them for one edition, each for somebody who has not claimed it. */
const sellElsewhere = (buyerId: string, editionId: string) =>
  clone.database.db.execute(sql`
    with sold as (
      insert into "order" (id, buyer_id, status, amount_minor, currency)
      select gen_random_uuid(), ${buyerId}, 'PENDING_PAYMENT', 1, 'EUR' from generate_series(1, ${10 * OTHERS}) returning id),
    lines as (
      insert into order_line (order_id, position, edition_id, author_id, list_amount_minor, amount_minor, royalty_minor, royalty_bps)
      select id, 0, ${editionId}, ${market.authorId}, 1, 1, 0, 0 from sold limit ${OTHERS})
    insert into claim (order_id, kind, email, holder_id) select id, 'GIFT', 'x@example.org', ${buyerId} from sold`);

test.each([
  ['carefully', placeOrders, 0],
  ['straight', placeStraight, 1],
] as const)(
  'an order placed %s reads what is its buyer’s, and not what else was sold of the book',
  async (_how, placing, at) => {
    const [other = '', ...buyers] = market.buyerIds.slice(20 * at);
    const [edition = '', ...editions] = market.editionIds.slice(10 * at);
    const place = (orders: NewOrder[]) =>
      keyed.db.transaction(async (tx) => {
        const before = await readRows(tx);
        const placed = await placing(tx, orders, { now, terms });
        const after = await readRows(tx);
        return { placed, read: Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)] as const) };
      });
    await sellElsewhere(other, edition);
    // Statements are kept from their third use on, and planned then.
    for (const editionId of editions.slice(0, 4)) await place([orderOf(buyers[0] ?? '', editionId)]);
    const { placed, read } = await place(buyers.slice(0, 10).map((buyerId) => orderOf(buyerId, edition)));
    expect(placed.every((one) => 'orderId' in one)).toBe(true);
    expect(read.filter(([, n]) => n > 100)).toEqual([]);
    const again = await place([orderOf(buyers[0] ?? '', edition)]);
    expect(again.placed).toMatchObject([{ refusal: { code: 'PURCHASE_IN_PROGRESS' } }]);
  },
);

test('a session is looked up by its token, among however many', async () => {
  const { sql: admin } = clone.database;
  await admin`
    insert into session (id, user_id, token, expires_at)
    select gen_random_uuid(), ${market.authorId}, 'token ' || n, '2031-01-01' from generate_series(1, ${OTHERS}) n`;
  const accounts = createAccounts({
    db: keyed.db,
    secret: 'a secret of the test',
    publicUrl: 'http://x',
    now: () => now,
  });
  const readSoFar = async () => {
    await keyed.sql`select pg_stat_force_next_flush()`;
    const [row] = await admin<{ n: number }[]>`
      select sum(seq_tup_read + idx_tup_fetch)::int as n from pg_stat_user_tables where relname in ('session', 'user')`;
    return row?.n ?? 0;
  };
  for (let use = 0; use < 4; use++) expect(await accounts.viewerOf('token 1')).toMatchObject({ id: market.authorId });
  const before = await readSoFar();
  const found = await accounts.viewersOf(['token 2', 'nobody’s', 'token 3']);
  expect([...found.keys()].toSorted()).toEqual(['token 2', 'token 3']);
  expect((await readSoFar()) - before).toBeLessThan(10);
  const viewer = found.get('token 2');
  if (!viewer) throw new Error('the second token is good');
  const acting = [
    { token: 'token 2', viewer },
    { token: 'nobody’s', viewer },
    { token: 'token 3', viewer: { ...viewer, role: 'ADMIN' as const } },
    { token: 'token 2', viewer },
  ];
  // Kept from the third use on, and planned then.
  for (let use = 0; use < 4; use++) expect(await accounts.lostOf(acting)).toEqual(new Set([acting[1], acting[2]]));
  const beforeLost = await readSoFar();
  expect((await accounts.lostOf(acting)).size).toBe(2);
  expect((await readSoFar()) - beforeLost).toBeLessThan(10);
});
