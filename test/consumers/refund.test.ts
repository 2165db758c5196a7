import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayRejectedRequestError, type PaymentGateway } from '../../src/ports/payments/gateway.ts';
import { readSandboxBooks } from '../../src/ports/payments/sandbox/books.ts';
import { refundNoticed } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let buyer: { id: string };
let orderId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  buyer = await shop.signUp();
  orderId = await buy();
});
afterEach(() => shop.close());

async function buy(taxRateBps = 700) {
  const { id: authorId } = await shop.signUp('AUTHOR');
  const editionId = await shop.listEdition({ authorId });
  const id = await shop.placeOrder({ buyerId: buyer.id, editionId, priceMinor: 1_070, country: 'DE', taxRateBps });
  await shop.runFor(3_600_000);
  return id;
}
const ask = (amountMinor?: number) =>
  requestRefundOf(shop, { orderId, userId: buyer.id, ...(amountMinor !== undefined && { amountMinor }) });
const refund = async (id: string) => {
  const [row] = await database.current.sql`select status, refund_ref, failure from refund where id = ${id}`;
  return row;
};
const run = () => shop.runFor(3_600_000);
const givenBack = async () => (await readSandboxBooks(shop.booksPath)).refunds.map(({ amountMinor }) => amountMinor);
const SOLD = { 'author-payable': -700, 'platform-fee': -300, 'provider-clearing': 1_070, 'tax-payable': -70 };
const NOTHING = { 'author-payable': 0, 'platform-fee': 0, 'provider-clearing': 0, 'tax-payable': 0, refunds: 0 };

describe('a full refund', () => {
  test('is owed at once, then paid by the provider, and ends the right to read', async () => {
    const id = await ask();
    expect(await shop.ledger()).toEqual({ ...NOTHING, 'provider-clearing': 1_070, refunds: -1_070 });
    expect(await shop.entitlements(buyer.id)).toEqual(['REFUNDED']);
    await run();
    expect(await refund(id)).toMatchObject({ status: 'SETTLED', failure: null });
    expect(await shop.ledger()).toEqual(NOTHING);
    expect(await givenBack()).toEqual([1_070]);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', payment: 'REFUNDED' });
    expect(await shop.told(`refund:${id}`)).toEqual(['REQUESTED', 'SUBMITTED', 'SETTLED']);
  });

  test('leaves nothing to be given back', async () => {
    await ask();
    await expect(ask()).rejects.toThrow('Nothing is left');
  });

  test('that the provider refuses leaves all as it was, and says why', async () => {
    const before = await shop.ledger();
    misbehave(() => ({ refund: async () => ({ kind: 'REFUSED', reasonCode: 'charge_disputed', message: 'No.' }) }));
    const id = await ask();
    await run();
    expect(await refund(id)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('in dispute') });
    expect(await shop.ledger()).toEqual({ ...before, refunds: 0 });
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
  });

  test('that the provider will never understand ends FAILED and is booked back', async () => {
    misbehave(() => ({ refund: rejected }));
    const id = await ask();
    await run();
    expect(await refund(id)).toMatchObject({ status: 'FAILED' });
    expect(await shop.ledger()).toEqual({ ...SOLD, refunds: 0 });
  });
});

describe('a partial refund', () => {
  test('takes tax and royalty back in proportion, to the minor unit, and leaves the right to read', async () => {
    await ask(357);
    await run();
    expect(await shop.ledger()).toEqual({
      'author-payable': -466,
      'platform-fee': -200,
      'provider-clearing': 713,
      'tax-payable': -47,
      refunds: 0,
    });
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
    await ask();
    await run();
    expect(await shop.ledger()).toEqual(NOTHING);
    expect(await shop.entitlements(buyer.id)).toEqual(['REFUNDED']);
  });

  test('is never more than what is left', async () => {
    await ask(1_000);
    await expect(ask(71)).rejects.toThrow('At most 70');
  });
});

describe('a refund whose outcome is unknown for a while', () => {
  test('is given back once under the key that was stored with it', async () => {
    let lost = 3;
    misbehave((real) => ({
      refund: async (request) => {
        const answer = await real.refund(request);
        if (lost-- > 0) throw new Error('the answer never came');
        return answer;
      },
    }));
    const id = await ask(500);
    await run();
    expect(await refund(id)).toMatchObject({ status: 'SETTLED' });
    expect(await givenBack()).toEqual([500]);
  });
});

describe('a refund that the bank sends back', () => {
  test('after it had settled is booked back, and the right to read returns', async () => {
    const id = await ask();
    await run();
    const refundRef = (await refund(id))?.['refund_ref'];
    await fetch(new URL(`/refunds/${refundRef}/fail`, shop.gatewayUrl), { method: 'POST' });
    const notice = { noticeId: 'sandbox:1', gateway: 'sandbox', ref: String(refundRef), orderId };
    await appendEvents(shop.services.db, [refundNoticed.of(notice)], { now: shop.clock.now(), shards: 1 });
    await run();
    expect(await refund(id)).toMatchObject({ status: 'FAILED' });
    expect(await shop.ledger()).toEqual({ ...SOLD, refunds: 0 });
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
    expect(await shop.told(`refund:${id}`)).toEqual(['REQUESTED', 'SUBMITTED', 'SETTLED', 'FAILED']);
  });
});

test('fifty refunds at once give back what was paid and not a cent more', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => ask(100)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  await run();
  expect(await givenBack()).toEqual(Array.from({ length: 10 }, () => 100));
  expect(await shop.ledger()).toMatchObject({ 'provider-clearing': 70, refunds: 0 });
});

test('the author’s balance may go below zero', async () => {
  const authorId = (await database.current.sql`select author_id from order_line where order_id = ${orderId}`)[0]?.[
    'author_id'
  ];
  const account = `author-payable:${String(authorId)}`;
  await database.current.sql.begin(async (sql) => {
    const [transaction] = await sql`
      insert into ledger_transaction (id, key, created_at) values (gen_random_uuid(), 'paid-out', now()) returning id`;
    await sql`
      insert into ledger_entry (transaction_id, position, account, currency, amount_minor)
      values (${transaction?.['id']}, 0, ${account}, 'EUR', 700), (${transaction?.['id']}, 1, 'provider-clearing', 'EUR', -700)`;
  });
  await ask();
  await run();
  expect(await shop.ledger()).toMatchObject({ 'author-payable': 700 });
});

describe('the ledger', () => {
  test('refuses at commit a transaction without entries', async () => {
    await expect(
      database.current.sql`insert into ledger_transaction (id, key, created_at) values (gen_random_uuid(), 'x', now())`,
    ).rejects.toThrow('has no entries');
  });
  test('refuses to be emptied', async () => {
    await expect(database.current.sql`truncate ledger_entry`).rejects.toThrow('append-only');
  });
});

const rejected = (): Promise<never> => Promise.reject(new GatewayRejectedRequestError('We do not understand this.'));

function misbehave(change: (real: PaymentGateway) => Partial<PaymentGateway>): void {
  const real = { ...shop.services.gateway };
  Object.assign(shop.services.gateway, change(real));
}
