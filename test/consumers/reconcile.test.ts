import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reconciliation } from '../../src/consumers/health/checks/reconciliation.ts';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { explainDifference } from '../../src/db/reconciliation.ts';
import { requestPayout } from '../../src/db/payouts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { disputeNoticed, payoutRequested, reconciliationDue } from '../../src/events/index.ts';
import type { Movement, PaymentProvider } from '../../src/ports/payments/provider.ts';
import { readSandboxBooks } from '../../src/ports/payments/sandbox/books.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const database = useDatabase();
let shop: Marketplace;
let author: { id: string; email: string };
let buyer: { id: string };
let night: number;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  // The sandbox's books carry the time of this machine.
  shop.clock.advanceTime(Date.now() - shop.clock.now().getTime());
  buyer = await shop.signUp();
  author = await shop.signUp('AUTHOR');
  night = 0;
});
afterEach(() => shop.close());

const run = () => shop.runFor(HOUR_MS);
const append = (...events: Parameters<typeof appendEvents>[1]) =>
  appendEvents(shop.services.db, events, { now: shop.clock.now(), shards: 1 });
const control = async (path: string) => (await fetch(new URL(path, shop.gatewayUrl), { method: 'POST' })).json();

async function sell(priceMinor = 2_000) {
  const editionId = await shop.listEdition({ authorId: author.id });
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, priceMinor });
  await run();
  return orderId;
}
const captureRef = async (orderId: string) => String((await shop.order(orderId))?.capture_ref);
async function pay() {
  const opened = await shop.services.gateway.openPayee({
    idempotencyKey: randomUUID(),
    reference: author.id,
    email: author.email,
    country: 'DE',
  });
  await fetch(new URL(`/payees/${opened.payeeRef}/complete`, shop.gatewayUrl), { method: 'POST' });
  await database.current.sql`
    insert into payee (id, author_id, status, country, gateway, idempotency_key, payee_ref)
    values (${newId()}, ${author.id}, 'READY', 'DE', 'sandbox', ${newId()}, ${opened.payeeRef})`;
  const id = newId();
  const now = shop.clock.now();
  await shop.services.db.transaction(async (tx) => {
    const terms = { holdMs: 0, thresholds: new Map<string, number>() };
    await requestPayout(tx, { id, authorId: author.id, currency: 'EUR', gateway: 'sandbox' }, { ...terms, now });
    await appendEvents(tx, [payoutRequested.of({ payoutId: id, status: 'REQUESTED' })], { now, shards: 1 });
  });
  await run();
  const [row] = await database.current.sql<{ payout_ref: string }[]>`select payout_ref from payout where id = ${id}`;
  return { id, payoutRef: row?.payout_ref ?? '' };
}
async function dispute(orderId: string) {
  const { disputeRef } = await control(`/captures/${await captureRef(orderId)}/dispute`);
  return String(disputeRef);
}
const tellOf = (disputeRef: string, orderId: string) =>
  append(disputeNoticed.of({ noticeId: randomUUID(), gateway: 'sandbox', disputeRef, reference: orderId }));

/** A day later, in the night. */
async function reconcile() {
  shop.clock.advanceTime(DAY_MS);
  night += 1;
  await append(reconciliationDue.of({ slot: new Date(Date.UTC(2026, 11, night, 2)).toISOString() }));
  await run();
}
const differences = async (status = 'OPEN') => {
  const rows = await database.current.sql<
    { kind: string; movement_kind: string; our: string | null; their: string | null }[]
  >`
    select kind, movement_kind, our_minor as our, their_minor as their from reconciliation_difference
    where status = ${status}::difference_status order by kind, movement_kind`;
  return rows.map((row) => [row.kind, row.movement_kind, numberOf(row.our), numberOf(row.their)]);
};
const numberOf = (text: string | null) => (text === null ? null : Number(text));
const lastNight = async () => {
  const [row] = await database.current.sql`
    select movements, found, ended_at is not null as "isEnded" from reconciliation order by slot desc limit 1`;
  return row;
};
const isSound = async () => (await auditLedger(shop.services.db)).isSound;
const health = () => reconciliation.look(shop.services, shop.clock.now(), AbortSignal.timeout(5_000));

/** Of everything that moves money, some. */
async function cleanHistory() {
  const [refunded, won, lost] = [await sell(), await sell(), await sell()];
  await requestRefundOf(shop, { orderId: refunded, userId: buyer.id, amountMinor: 500 });
  const [wonRef, lostRef] = [await dispute(won), await dispute(lost)];
  await tellOf(wonRef, won);
  await tellOf(lostRef, lost);
  await run();
  await control(`/disputes/${wonRef}/win`);
  await control(`/disputes/${lostRef}/lose`);
  await tellOf(wonRef, won);
  await tellOf(lostRef, lost);
  const paid = await pay();
  return { refunded, won, wonRef, paid };
}

describe('books that agree', () => {
  test('have no differences, whatever happened, and are read once', async () => {
    await cleanHistory();
    const { movements } = await readSandboxBooks(shop.booksPath);
    expect(movements).toHaveLength(8);
    await reconcile();
    expect(await lastNight()).toEqual({ movements: 8, found: 0, isEnded: true });
    expect(await differences()).toEqual([]);
    await reconcile();
    expect(await lastNight()).toEqual({ movements: 0, found: 0, isEnded: true });
    const [left] = await database.current.sql`select count(*)::int as n from provider_movement where state <> 'AGREED'`;
    expect(left).toEqual({ n: 0 });
    expect(await isSound()).toBe(true);
    expect(await health()).toEqual({ status: 'UP', detail: 'The provider’s books and ours agree.' });
  });

  test('agree about money that was taken and given back in the same breath', async () => {
    const editionId = await shop.listEdition({ authorId: author.id });
    misbehave((real) => ({
      capture: async (request) => {
        await real.capture(request);
        return { kind: 'REFUSED', reasonCode: 'no', message: 'No.' };
      },
    }));
    await shop.placeOrder({ buyerId: buyer.id, editionId, priceMinor: 900 });
    await run();
    const { movements } = await readSandboxBooks(shop.booksPath);
    expect(movements.map(({ kind }) => kind)).toEqual(['CAPTURE', 'REFUND']);
    await reconcile();
    expect(await differences()).toEqual([]);
  });

  test('are read in pages, on from where reading broke off', async () => {
    const many = movementsOf(1_234);
    let broken = 1;
    misbehave(() => ({
      movements: ({ after, limit }) => {
        const from = after === null ? 0 : many.findIndex(({ id }) => id === after) + 1;
        if (from === 1_000 && broken-- > 0) return Promise.reject(new Error('the line broke'));
        const items = many.slice(from, from + limit);
        const next = from + limit < many.length ? (items.at(-1)?.id ?? null) : null;
        return Promise.resolve({ items, next });
      },
    }));
    await reconcile();
    expect(await lastNight()).toEqual({ movements: 1_234, found: 1_234, isEnded: true });
  });

  test('that were not compared for two nights make the health check say so', async () => {
    expect((await health()).detail).toContain('not been compared');
    await reconcile();
    shop.clock.advanceTime(3 * DAY_MS);
    expect(await health()).toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining('last compared') });
  });
});

describe('the provider’s fee', () => {
  test('is booked once for each movement, and not again for a dispute', async () => {
    misbehave((real) => ({
      movements: async (request) => {
        const page = await real.movements(request);
        const items = page.items.map((one) => (one.kind.startsWith('DISPUTE') ? one : { ...one, feeMinor: 35 }));
        return { ...page, items };
      },
    }));
    await cleanHistory();
    await reconcile();
    await database.current.sql`update reconciliation set cursor = null`;
    await reconcile();
    expect(await differences()).toEqual([]);
    const [row] = await database.current.sql`
      select sum(amount_minor)::int as fees from ledger_entry where account = 'provider-fee'`;
    expect(row).toEqual({ fees: 2 * 1_500 + 5 * 35 });
    expect(await isSound()).toBe(true);
  });
});

describe('a difference is found, and found once, when', () => {
  /** What the first night finds; the second must find it again, and store nothing. */
  const foundOnce = async () => {
    await reconcile();
    const found = await differences();
    expect(await lastNight()).toMatchObject({ found: found.length });
    await reconcile();
    expect(await lastNight()).toMatchObject({ found: 0 });
    expect(await differences()).toEqual(found);
    const detail = expect.stringContaining(`${found.length} diff`);
    expect(await health()).toMatchObject({ status: 'DEGRADED', detail });
    return found;
  };

  test('the provider took money that we know nothing of', async () => {
    const { gateway } = shop.services;
    const amount = { amountMinor: 700, currency: 'EUR' };
    const asked = { idempotencyKey: randomUUID(), paymentToken: 'tok_succeeds', reference: 'another shop' };
    const answer = await gateway.authorize({ ...amount, ...asked });
    if (answer.kind !== 'AUTHORIZED') throw new TypeError('not authorized');
    await gateway.capture({ ...amount, idempotencyKey: randomUUID(), authorizationRef: answer.authorizationRef });
    expect(await foundOnce()).toEqual([['MISSING_HERE', 'CAPTURE', null, 700]]);
  });

  test('we booked what the provider never moved', async () => {
    await sell();
    misbehave((real) => ({
      movements: async (request) => ({ ...(await real.movements(request)), items: [] }),
    }));
    expect(await foundOnce()).toEqual([['MISSING_THERE', null, 2_000, null]]);
  });

  test('the provider moved the same money twice', async () => {
    await sell();
    misbehave((real) => ({
      movements: async (request) => {
        const page = await real.movements(request);
        return { ...page, items: page.items.flatMap((one) => [{ ...one, id: `${one.id}-before` }, one]) };
      },
    }));
    expect(await foundOnce()).toEqual([['DUPLICATE', 'CAPTURE', 2_000, 2_000]]);
  });

  test('the amounts are not the same', async () => {
    await sell();
    const { id } = await pay();
    await database.current.sql`update payout set amount_minor = amount_minor + 1 where id = ${id}`;
    expect(await foundOnce()).toEqual([['AMOUNT', 'PAYOUT', 1_401, 1_400]]);
  });

  test('the currencies are not the same', async () => {
    await sell();
    const { id } = await pay();
    await database.current.sql`update payout set currency = 'USD' where id = ${id}`;
    expect(await foundOnce()).toEqual([['CURRENCY', 'PAYOUT', 1_400, 1_400]]);
  });

  test('the fee of a dispute is not the same', async () => {
    const orderId = await sell();
    await tellOf(await dispute(orderId), orderId);
    await run();
    await database.current.sql`update dispute set fee_minor = 1`;
    expect(await foundOnce()).toEqual([['FEE', 'DISPUTE', 1, 1_500]]);
  });

  test('we say that a payout failed, and the provider has paid it', async () => {
    await sell();
    const { id } = await pay();
    await database.current.sql`update payout set status = 'FAILED' where id = ${id}`;
    expect(await foundOnce()).toEqual([['STATE', 'PAYOUT', 1_400, 1_400]]);
  });

  test('both sides miss something', async () => {
    const orderId = await sell();
    await database.current.sql`update payment set capture_ref = 'cap_other' where order_id = ${orderId}`;
    expect(await foundOnce()).toEqual([
      ['MISSING_HERE', 'CAPTURE', null, 2_000],
      ['MISSING_THERE', null, 2_000, null],
    ]);
  });
});

describe('what the provider never told us', () => {
  test('of a payout that came back is asked about and booked by the workflow, and the difference clears itself', async () => {
    await sell();
    const { id, payoutRef } = await pay();
    await reconcile();
    await control(`/payouts/${payoutRef}/fail`);
    await reconcile();
    const [row] = await database.current.sql`select status from payout where id = ${id}`;
    expect(row).toEqual({ status: 'FAILED' });
    expect(await differences()).toEqual([['STATE', 'PAYOUT_FAILED', 1_400, 1_400]]);
    await reconcile();
    expect(await differences()).toEqual([]);
    expect(await differences('CLEARED')).toHaveLength(1);
    expect(await isSound()).toBe(true);
  });

  test('of a dispute about what is none of ours is not asked about', async () => {
    misbehave(() => ({
      movements: () =>
        Promise.resolve({
          items: movementsOf(1).map((one) => ({ ...one, kind: 'DISPUTE', ref: 'dis_other' })),
          next: null,
        }),
    }));
    await reconcile();
    expect(await differences()).toEqual([['MISSING_HERE', 'DISPUTE', null, 1]]);
    const [runs] = await database.current.sql`select count(*)::int as n from run where workflow = 'dispute'`;
    expect(runs).toEqual({ n: 0 });
  });

  test('of a dispute is asked about and booked by the workflow', async () => {
    const orderId = await sell();
    const disputeRef = await dispute(orderId);
    await reconcile();
    await reconcile();
    const [row] = await database.current.sql`select dispute_ref, status from dispute`;
    expect(row).toEqual({ dispute_ref: disputeRef, status: 'OPEN' });
    expect(await differences()).toEqual([]);
    expect(await isSound()).toBe(true);
  });
});

test('what is a few hours old is not judged yet', async () => {
  await sell();
  misbehave((real) => ({ movements: async (request) => ({ ...(await real.movements(request)), items: [] }) }));
  await append(reconciliationDue.of({ slot: '2026-12-30T02:00:00.000Z' }));
  await run();
  expect(await differences()).toEqual([]);
});

test('a difference that was explained stays explained, and is counted no more', async () => {
  await sell();
  const { id } = await pay();
  await database.current.sql`update payout set amount_minor = amount_minor + 1 where id = ${id}`;
  await reconcile();
  const [open] = await database.current.sql<{ id: string }[]>`select id from reconciliation_difference`;
  const { db } = shop.services;
  const asked = { id: open?.id ?? '', userId: buyer.id, note: 'A slip of ours.' };
  expect(await db.transaction((tx) => explainDifference(tx, asked, shop.clock.now()))).toBe(true);
  await reconcile();
  expect(await differences()).toEqual([]);
  expect(await differences('EXPLAINED')).toHaveLength(1);
  expect(await health()).toMatchObject({ status: 'UP' });
});

const movementsOf = (count: number): Movement[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `mov_${at}`,
    kind: 'CAPTURE',
    ref: `cap_${at}`,
    reference: '',
    amountMinor: 1,
    feeMinor: 0,
    currency: 'EUR',
    at: new Date('2026-01-01T00:00:00Z'),
  }));

function misbehave(change: (real: PaymentProvider) => Partial<PaymentProvider>): void {
  const real = { ...shop.services.gateway };
  Object.assign(shop.services.gateway, change(real));
}
