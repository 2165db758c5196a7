import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBalances } from '../../src/db/author-balances.ts';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { openPayee } from '../../src/db/payees.ts';
import { requestPayout } from '../../src/db/payouts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { payeeRequested, payoutNoticed, payoutRequested, payoutsDue } from '../../src/events/index.ts';
import { GatewayRejectedRequestError, type PaymentGateway } from '../../src/ports/payments/gateway.ts';
import type { PaymentProvider } from '../../src/ports/payments/provider.ts';
import { readSandboxBooks } from '../../src/ports/payments/sandbox/books.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const database = useDatabase();
let shop: Marketplace;
let author: { id: string; email: string };
let buyer: { id: string };

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  buyer = await shop.signUp();
  author = await shop.signUp('AUTHOR');
});
afterEach(() => shop.close());

const run = () => shop.runFor(HOUR_MS);
const append = (...events: Parameters<typeof appendEvents>[1]) =>
  appendEvents(shop.services.db, events, { now: shop.clock.now(), shards: 1 });

async function sell(priceMinor = 2_000) {
  const editionId = await shop.listEdition({ authorId: author.id });
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, priceMinor });
  await run();
  return orderId;
}
const named = (start: string) =>
  database.current.sql`update "user" set email = ${`${start}-${author.email}`} where id = ${author.id}`;

async function open(country = 'DE') {
  await shop.services.db.transaction(async (tx) => {
    const begun = await openPayee(tx, { authorId: author.id, country, gateway: 'sandbox' }, shop.clock.now());
    if (begun) await appendEvents(tx, [payeeRequested.of(begun)], { now: shop.clock.now(), shards: 1 });
  });
}
const payee = async () => {
  const [row] = await database.current.sql`
    select id, status, payee_ref, onboarding_url, failure from payee where author_id = ${author.id}`;
  return row;
};
const control = (path: string) => fetch(new URL(path, shop.gatewayUrl), { method: 'POST' });
/** Opened, answered, and ready. */
async function beReady() {
  await open();
  await shop.runUntilIdle();
  await control(`/payees/${(await payee())?.['payee_ref']}/complete`);
  await run();
  expect(await payee()).toMatchObject({ status: 'READY' });
}
async function ask(currency = 'EUR') {
  const id = newId();
  const now = shop.clock.now();
  await shop.services.db.transaction(async (tx) => {
    await requestPayout(
      tx,
      { id, authorId: author.id, currency, gateway: 'sandbox' },
      { ...shop.services.payouts, now },
    );
    await appendEvents(tx, [payoutRequested.of({ payoutId: id, status: 'REQUESTED' })], { now, shards: 1 });
  });
  return id;
}
const payout = async (id: string) => {
  const [row] = await database.current
    .sql`select status, amount_minor, payout_ref, failure from payout where id = ${id}`;
  return row;
};
const notice = async (id: string, noticeId = 'sandbox:1') => {
  const payoutRef = String((await payout(id))?.['payout_ref']);
  await append(payoutNoticed.of({ noticeId, gateway: 'sandbox', payoutRef, reference: id }));
};
const paidAtProvider = async () =>
  (await readSandboxBooks(shop.booksPath)).payouts.map(({ amountMinor, state }) => [amountMinor, state]);
const balance = async () => {
  const heldSince = new Date(shop.clock.now().getTime() - shop.services.payouts.holdMs);
  const [row] = await readBalances(shop.services.db, [author.id], heldSince);
  return row && [row.payableMinor, row.onHoldMinor, row.processingMinor];
};
const isSound = async () => (await auditLedger(shop.services.db)).isSound;
const pass = (days: number) => shop.clock.advanceTime(days * DAY_MS);

describe('a payee', () => {
  test('is opened once, and ready when the author has answered the provider', async () => {
    await open();
    await shop.runUntilIdle();
    expect(await payee()).toMatchObject({ status: 'ONBOARDING', onboarding_url: expect.stringContaining('http') });
    await control(`/payees/${(await payee())?.['payee_ref']}/complete`);
    await run();
    expect(await payee()).toMatchObject({ status: 'READY', onboarding_url: null });
    expect(await shop.told(`payee:${(await payee())?.['id']}`)).toEqual(['OPENING', 'ONBOARDING', 'READY']);
    await open();
    await run();
    expect((await readSandboxBooks(shop.booksPath)).payees).toHaveLength(1);
  });

  test('that is opened again is given a new page, and one run alone goes on waiting', async () => {
    await open();
    await shop.runUntilIdle();
    await open();
    expect(await payee()).toMatchObject({ status: 'ONBOARDING', onboarding_url: null });
    await run();
    expect(await payee()).toMatchObject({ onboarding_url: expect.stringContaining('http') });
    const [open_] = await database.current
      .sql`select count(*)::int as runs from run where workflow = 'payee' and state = 'RUNNING'`;
    expect(open_).toEqual({ runs: 1 });
    expect((await readSandboxBooks(shop.booksPath)).payees).toHaveLength(1);
  });

  test('that the provider does not take on is told so, and may be opened anew under a new key', async () => {
    misbehave(() => ({ openPayee: () => Promise.reject(new GatewayRejectedRequestError('Not from there.')) }));
    await open();
    await run();
    expect(await payee()).toMatchObject({ status: 'REFUSED', failure: expect.stringContaining('does not take on') });
    behave();
    await open('FR');
    await run();
    expect(await payee()).toMatchObject({ status: 'ONBOARDING', failure: null });
  });

  test('is not asked about for ever', async () => {
    await open();
    await shop.runFor(40 * DAY_MS);
    const [left] = await database.current.sql`select count(*)::int as timers from timer`;
    expect(left).toEqual({ timers: 0 });
    expect(await payee()).toMatchObject({ status: 'ONBOARDING' });
  });
});

describe('what is payable', () => {
  test('is held back until the sale is old enough, less what goes back at once', async () => {
    const orderId = await sell();
    await sell(1_000);
    expect(await balance()).toEqual([0, 2_100, 0]);
    await requestRefundOf(shop, { orderId, userId: buyer.id, amountMinor: 500 });
    await run();
    expect(await balance()).toEqual([0, 1_750, 0]);
    pass(31);
    expect(await balance()).toEqual([1_750, 0, 0]);
    await requestRefundOf(shop, { orderId, userId: buyer.id });
    await run();
    expect(await balance()).toEqual([700, 0, 0]);
  });

  test('is below zero after a refund of what was paid out, and is filled up by later sales', async () => {
    const orderId = await sell();
    pass(31);
    await beReady();
    await ask();
    await run();
    await requestRefundOf(shop, { orderId, userId: buyer.id });
    await run();
    expect(await balance()).toEqual([-1_400, 0, 0]);
    await sell(4_000);
    expect(await balance()).toEqual([-1_400, 2_800, 0]);
    pass(31);
    expect(await balance()).toEqual([1_400, 0, 0]);
    expect(await isSound()).toBe(true);
  });
});

describe('a payout', () => {
  beforeEach(async () => {
    await sell();
    pass(31);
  });

  test('takes all that is payable, and is with the author when the provider says so', async () => {
    await beReady();
    const id = await ask();
    expect(await shop.ledger()).toMatchObject({ 'author-payable': 0, payouts: -1_400, 'provider-clearing': 2_000 });
    expect(await balance()).toEqual([0, 0, 1_400]);
    expect(await isSound()).toBe(true);
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID', amount_minor: '1400', failure: null });
    expect(await shop.ledger()).toMatchObject({ 'author-payable': 0, payouts: 0, 'provider-clearing': 600 });
    expect(await paidAtProvider()).toEqual([[1_400, 'PAID']]);
    expect(await shop.told(`payout:${id}`)).toEqual(['REQUESTED', 'PROCESSING', 'PAID']);
    expect(await isSound()).toBe(true);
  });

  test('is told by mail, and so is why it came back', async () => {
    await beReady();
    const id = await ask();
    await run();
    await control(`/payouts/${(await payout(id))?.['payout_ref']}/fail`);
    await notice(id);
    await run();
    const mails = (await shop.mail.list()).filter(({ to }) => to === author.email);
    expect(mails.map(({ subject }) => subject).toSorted()).toEqual([
      'You were paid €14.00',
      '€14.00 that you were paid came back',
    ]);
    expect(mails.find(({ subject }) => subject.startsWith('€'))?.text).toContain('in your balance again');
  });

  test('at a provider that times out after it has paid is paid once', async () => {
    await beReady();
    const faults = { seed: 7, rates: { timeoutAfter: 1 }, operations: ['pay'], faultsPerKeyMax: 2 };
    const scripted = await fetch(new URL('/script', shop.gatewayUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    });
    expect(scripted.ok).toBe(true);
    const id = await ask();
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
    expect(await paidAtProvider()).toEqual([[1_400, 'PAID']]);
    const { faultsByKey } = await readSandboxBooks(shop.booksPath);
    expect(faultsByKey.get(`payout:${id}`)).toEqual(['timeoutAfter', 'timeoutAfter']);
  });

  test('is refused without a payee, below the threshold and while one is under way', async () => {
    await expect(ask()).rejects.toMatchObject({ reason: 'NO_PAYEE' });
    await open();
    await shop.runUntilIdle();
    await expect(ask()).rejects.toMatchObject({ reason: 'PAYEE_NOT_READY' });
    await control(`/payees/${(await payee())?.['payee_ref']}/complete`);
    await run();
    await expect(ask('USD')).rejects.toMatchObject({ reason: 'BELOW_THRESHOLD' });
    await ask();
    await expect(ask()).rejects.toMatchObject({ reason: 'UNDER_WAY' });
    await run();
    await expect(ask()).rejects.toMatchObject({ reason: 'BELOW_THRESHOLD' });
  });

  test('is begun once, however many ask at once', async () => {
    await beReady();
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => ask()));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await run();
    expect(await paidAtProvider()).toEqual([[1_400, 'PAID']]);
  });

  test('to a payee that is not ready any more fails, is in the balance again, and tells the author what to do', async () => {
    await open();
    await shop.runUntilIdle();
    await database.current.sql`update payee set status = 'READY'`;
    const id = await ask();
    await run();
    expect(await payout(id)).toMatchObject({
      status: 'FAILED',
      failure: expect.stringContaining('wants to know more'),
    });
    expect(await payee()).toMatchObject({ status: 'ONBOARDING' });
    expect(await balance()).toEqual([1_400, 0, 0]);
    expect(await shop.ledger()).toMatchObject({ 'author-payable': -1_400, payouts: 0, 'provider-clearing': 2_000 });
    expect(await isSound()).toBe(true);
  });

  test('that the provider refuses fails, and the next one is made under a key of its own', async () => {
    await named('payout-refused');
    await beReady();
    const first = await ask();
    await run();
    expect(await payout(first)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('takes no money') });
    await database.current.sql`update payee set status = 'READY'`;
    const second = await ask();
    await run();
    expect(await payout(second)).toMatchObject({ status: 'FAILED' });
    const keys = (await readSandboxBooks(shop.booksPath)).payouts.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(2);
    expect(await shop.ledger()).toMatchObject({ 'author-payable': -1_400, payouts: 0 });
  });

  test('that the provider will never understand fails and is booked back', async () => {
    await beReady();
    misbehave(() => ({ pay: () => Promise.reject(new GatewayRejectedRequestError('We do not understand this.')) }));
    const id = await ask();
    await run();
    expect(await payout(id)).toMatchObject({ status: 'FAILED' });
    expect(await balance()).toEqual([1_400, 0, 0]);
  });

  test('whose answer never comes is asked for under the same key, and paid once', async () => {
    await beReady();
    let lost = 3;
    misbehave((real) => ({
      pay: async (request) => {
        const answer = await real.pay(request);
        if (lost-- > 0) throw new Error('the answer never came');
        return answer;
      },
    }));
    const id = await ask();
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
    expect(await paidAtProvider()).toEqual([[1_400, 'PAID']]);
  });

  test('that the provider has taken on is never given up without its answer', async () => {
    await beReady();
    misbehave(() => ({ lookupPayout: () => Promise.reject(new GatewayRejectedRequestError('Who asks?')) }));
    const id = await ask();
    await shop.runFor(10 * 60_000);
    expect(await payout(id)).toMatchObject({ status: 'PROCESSING' });
    expect(await balance()).toEqual([0, 0, 1_400]);
    behave();
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
  });

  test('that was begun at another provider waits until the shop asks that one again', async () => {
    await beReady();
    const id = await ask();
    await database.current.sql`update payout set gateway = 'another'`;
    await shop.runFor(10 * 60_000);
    expect(await payout(id)).toMatchObject({ status: 'REQUESTED' });
    await database.current.sql`update payout set gateway = 'sandbox'`;
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
    await database.current.sql`update payee set gateway = 'another'`;
    await expect(ask()).rejects.toMatchObject({ reason: 'PAYEE_NOT_READY' });
  });

  test('that waits for a bank is settled as soon as the provider tells', async () => {
    await named('payout-waits');
    await beReady();
    const id = await ask();
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PROCESSING' });
    await control(`/payouts/${(await payout(id))?.['payout_ref']}/settle`);
    await shop.runUntilIdle();
    expect(await payout(id)).toMatchObject({ status: 'PROCESSING' });
    await notice(id);
    await shop.runUntilIdle();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
  });

  test('that fails at the bank is in the balance again', async () => {
    await named('payout-waits');
    await beReady();
    const id = await ask();
    await shop.runUntilIdle();
    await control(`/payouts/${(await payout(id))?.['payout_ref']}/fail`);
    await run();
    expect(await payout(id)).toMatchObject({ status: 'FAILED' });
    expect(await balance()).toEqual([1_400, 0, 0]);
  });

  test('that comes back long after it was paid is booked back once, however often it is told', async () => {
    await beReady();
    const id = await ask();
    await run();
    await notice(id, 'sandbox:0');
    await run();
    expect(await payout(id)).toMatchObject({ status: 'PAID' });
    pass(60);
    await control(`/payouts/${(await payout(id))?.['payout_ref']}/fail`);
    await notice(id, 'sandbox:1');
    await notice(id, 'sandbox:2');
    await run();
    expect(await payout(id)).toMatchObject({ status: 'FAILED' });
    expect(await balance()).toEqual([1_400, 0, 0]);
    expect(await shop.ledger()).toMatchObject({ 'author-payable': -1_400, payouts: 0, 'provider-clearing': 2_000 });
    expect(await shop.told(`payout:${id}`)).toEqual(['REQUESTED', 'PROCESSING', 'PAID', 'FAILED']);
    expect(await isSound()).toBe(true);
  });
});

describe('the schedule', () => {
  const due = (slot: string) => append(payoutsDue.of({ slot, after: null }));

  test('pays every author who is ready and has enough, and nobody else, once', async () => {
    const ready = author;
    await sell();
    await beReady();
    author = await shop.signUp('AUTHOR');
    await sell();
    author = await shop.signUp('AUTHOR');
    await sell(1_000);
    pass(31);
    await beReady();
    await due('2026-12-01T04:00:00.000Z');
    await due('2026-12-01T05:00:00.000Z');
    await run();
    const rows = await database.current.sql`select author_id, status, amount_minor from payout`;
    expect([...rows]).toEqual([{ author_id: ready.id, status: 'PAID', amount_minor: '1400' }]);
    expect(await isSound()).toBe(true);
  });

  test('goes on where a hundred ended', async () => {
    const people = Array.from({ length: 205 }, () => newId());
    await database.current.sql`
      insert into "user" (id, name, email, role) select id, 'Ada', id || '@example.org', 'AUTHOR' from unnest(${people}::uuid[]) as a(id)`;
    await database.current.sql`
      insert into payee (id, author_id, status, country, gateway, idempotency_key, payee_ref)
      select gen_random_uuid(), id, 'READY', 'DE', 'sandbox', 'k' || id, 'ref' || id from unnest(${people}::uuid[]) as a(id)`;
    await due('2026-12-01T04:00:00.000Z');
    await run();
    const [rounds] = await database.current.sql`select count(*)::int as runs from run where workflow = 'payout-round'`;
    expect(rounds).toEqual({ runs: 3 });
  });
});

let real: PaymentProvider | undefined;
function misbehave(change: (real: PaymentProvider) => Partial<PaymentGateway & PaymentProvider>): void {
  real = { ...shop.services.gateway };
  Object.assign(shop.services.gateway, change(real));
}
function behave(): void {
  Object.assign(shop.services.gateway, real);
}
