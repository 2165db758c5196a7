import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ACTION_TIME_MS_MAX } from '../../src/consumers/purchase/authorize-payment.ts';
import { GatewayRejectedRequestError, type PaymentGateway } from '../../src/ports/payments/gateway.ts';
import { readSandboxBooks } from '../../src/ports/payments/sandbox/books.ts';
import { useDatabase } from '../support/database.ts';
import { leftAuthorized } from './older-release.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let authorId: string;
let buyer: { id: string; email: string };
let editionId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  ({ id: authorId } = await shop.signUp('AUTHOR'));
  buyer = await shop.signUp();
  editionId = await shop.listEdition({ authorId });
});
afterEach(() => shop.close());

const buy = async (paymentToken: string, priceMinor = 999) => {
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken, priceMinor });
  await shop.runFor(3_600_000);
  return orderId;
};
const books = async (orderId: string) => {
  const read = await readSandboxBooks(shop.booksPath);
  return read.byReference(orderId).map((one) => ({ state: one.state, capturedMinor: one.capture?.amountMinor ?? 0 }));
};

/** @param look asked before each capture that reaches the bank */
function watchCaptures(look: (orderId: string) => Promise<unknown>): void {
  const real = shop.services.gateway;
  const capture: PaymentGateway['capture'] = async (request) => {
    await look(request.idempotencyKey.split(':')[1] ?? '');
    return real.capture(request);
  };
  Object.assign(shop.services, { gateway: { ...real, capture } });
}
/** How many commits stored these rows. */
const commitsOf = (rows: readonly { [column: string]: unknown }[]) => new Set(rows.map((row) => row['commit'])).size;

describe('a purchase that the bank accepts', () => {
  test('is charged once, booked to the cent, fulfilled, and told step by step', async () => {
    const orderId = await buy('tok_succeeds');
    expect(await shop.told(`order:${orderId}`)).toEqual([
      'PENDING_PAYMENT',
      'PENDING_PAYMENT',
      'AUTHORIZED',
      'CAPTURING',
      'PAID',
      'COMPLETED',
    ]);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', payment: 'CAPTURED' });
    expect(await books(orderId)).toEqual([{ state: 'CAPTURED', capturedMinor: 999 }]);
    expect(await shop.ledger()).toEqual({ 'author-payable': -699, 'platform-fee': -300, 'provider-clearing': 999 });
    expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
  });

  test('is told as authorized and as being captured in one commit, before the bank is asked to capture', async () => {
    const { sql } = database.current;
    const seen: unknown[] = [];
    watchCaptures(async (orderId) => {
      const told = await sql`
        select type, seq, xmin::text as commit from event where subject = ${`order:${orderId}`} order by seq desc limit 2`;
      seen.push(
        (await shop.order(orderId))?.status,
        told.map(({ type, seq }) => [type, seq]),
        commitsOf(told),
      );
    });
    const orderId = await buy('tok_succeeds');
    expect(seen).toEqual([
      'CAPTURING',
      [
        ['payment.capture-started', 4],
        ['payment.authorized', 3],
      ],
      1,
    ]);
    const types = await sql`select type from event where subject = ${`order:${orderId}`} order by seq`;
    expect(types.map(({ type }) => type)).toEqual([
      'order.placed',
      'order.validated',
      'payment.authorized',
      'payment.capture-started',
      'payment.captured',
      'order.completed',
    ]);
  });

  test('left AUTHORIZED by an older release is shown as being captured before the bank is asked', async () => {
    const seen: unknown[] = [];
    watchCaptures(async (orderId) => seen.push((await shop.order(orderId))?.status));
    const orderId = await leftAuthorized(shop, { buyerId: buyer.id, editionId });
    await shop.runFor(60_000);
    expect(seen).toEqual(['CAPTURING']);
    expect(await shop.told(`order:${orderId}`)).toEqual([
      'PENDING_PAYMENT',
      'AUTHORIZED',
      'CAPTURING',
      'PAID',
      'COMPLETED',
    ]);
    expect(await books(orderId)).toEqual([{ state: 'CAPTURED', capturedMinor: 999 }]);
  });

  test('books the tax in it to its country, and the royalty on what is left', async () => {
    const order = { buyerId: buyer.id, editionId, priceMinor: 1_070, country: 'DE', taxRateBps: 700 };
    await shop.placeOrder(order);
    await shop.runFor(3_600_000);
    expect(await shop.ledger()).toEqual({
      'author-payable': -700,
      'platform-fee': -300,
      'provider-clearing': 1_070,
      'tax-payable': -70,
    });
  });

  test('of several books grants each, under an id of its own, in the commit that completes the order', async () => {
    const { sql } = database.current;
    const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId });
    for (let position = 1; position < 20; position++) {
      const another = await shop.listEdition({ authorId });
      await sql`
        insert into order_line (order_id, position, edition_id, author_id, amount_minor, list_amount_minor, royalty_minor, royalty_bps)
        values (${orderId}, ${position}, ${another}, ${authorId}, 0, 0, 0, 7000)`;
    }
    await shop.runFor(60_000);
    const granted = await sql`
      select n.id, l.position, n.xmin::text as commit from entitlement n
      join order_line l on l.order_id = n.order_id and l.edition_id = n.edition_id
      where n.reader_id = ${buyer.id} and n.status = 'ACTIVE' order by n.id`;
    expect(granted.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, position) => position));
    for (const { id } of granted) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    const completed = await sql`
      select xmin::text as commit from event where subject = ${`order:${orderId}`} and type = 'order.completed'`;
    expect(commitsOf([...granted, ...completed])).toBe(1);
  });

  test('is followed by one receipt', async () => {
    const orderId = await buy('tok_succeeds');
    const mails = await shop.mail.list({ to: buyer.email });
    expect(mails.map((mail) => mail.subject)).toEqual(['Your book: A Book']);
    expect(mails[0]?.text).toContain('€9.99');
    expect(mails[0]?.text).toContain(orderId);
  });

  test('of a free book moves no money and asks no bank', async () => {
    const orderId = await buy('tok_declined', 0);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
    expect(await books(orderId)).toEqual([]);
    expect(await shop.ledger()).toEqual({});
    const told = ['PENDING_PAYMENT', 'PENDING_PAYMENT', 'AUTHORIZED', 'PAID', 'COMPLETED'];
    expect(await shop.told(`order:${orderId}`)).toEqual(told);
  });
});

describe('a purchase that is refused', () => {
  test('by the bank ends DECLINED with a reason and no charge', async () => {
    const orderId = await buy('tok_insufficient_funds');
    expect(await shop.order(orderId)).toMatchObject({ status: 'DECLINED', payment: 'DECLINED' });
    expect((await shop.order(orderId))?.reason).toMatch(/fund/i);
    expect(await shop.entitlements(buyer.id)).toEqual([]);
    expect(await shop.ledger()).toEqual({});
  });

  test('because the book is no longer for sale asks no bank', async () => {
    await database.current.sql`update edition set sale_status = 'UNPUBLISHED' where id = ${editionId}`;
    const orderId = await buy('tok_succeeds');
    expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', reason: 'The book is no longer for sale.' });
    expect(await books(orderId)).toEqual([]);
  });

  test('because the reader has the book already asks no bank', async () => {
    await buy('tok_succeeds');
    const second = await buy('tok_succeeds');
    expect(await shop.order(second)).toMatchObject({
      status: 'CANCELLED',
      reason: 'The book is in the library already.',
    });
    expect(await books(second)).toEqual([]);
  });

  test('at the capture gives the reservation back and ends CANCELLED', async () => {
    const orderId = await buy('tok_capture_refused');
    expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', payment: 'VOIDED' });
    expect((await books(orderId)).map((one) => one.capturedMinor)).toEqual([0]);
    expect(await shop.ledger()).toEqual({});
    expect(await shop.entitlements(buyer.id)).toEqual([]);
  });
});

describe('a purchase whose outcome is unknown for a while', () => {
  test.each([
    'tok_timeout_before_authorize',
    'tok_timeout_after_authorize',
    'tok_timeout_before_capture',
    'tok_timeout_after_capture',
    'tok_error_500',
    'tok_slow',
  ])('is charged exactly once: %s', async (token) => {
    const orderId = await buy(token);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
    expect(await books(orderId)).toEqual([{ state: 'CAPTURED', capturedMinor: 999 }]);
    expect(await shop.ledger()).toMatchObject({ 'provider-clearing': 999 });
  });

  test('stays CAPTURING until the bank has said what happened', async () => {
    const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_timeout_after_capture' });
    await shop.runUntilIdle();
    // The money has moved at the bank; its answer never came. Nothing is guessed.
    expect(await books(orderId)).toEqual([{ state: 'CAPTURED', capturedMinor: 999 }]);
    expect(await shop.order(orderId)).toMatchObject({ status: 'CAPTURING' });
    expect(await shop.ledger()).toEqual({});
    expect(await shop.told(`order:${orderId}`)).toContain('retrying:');
    await shop.runFor(3_600_000);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  });

  test('ends delivered and charged once, or cancelled and not charged, whatever the gateway does', async () => {
    const scripted = await fetch(new URL('/script', shop.gatewayUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ seed: 7, rates: { timeoutBefore: 0.2, timeoutAfter: 0.2, error500: 0.2, cutAfter: 0.2 } }),
    });
    expect(scripted.ok).toBe(true);
    const orders = [];
    for (let index = 0; index < 5; index++) {
      const reader = await shop.signUp();
      orders.push(await shop.placeOrder({ buyerId: reader.id, editionId }));
    }
    await shop.runFor(24 * 3_600_000);
    for (const orderId of orders) {
      const order = await shop.order(orderId);
      const captured = (await books(orderId)).reduce((sum, one) => sum + one.capturedMinor, 0);
      expect([order?.status, captured]).toEqual(order?.status === 'COMPLETED' ? ['COMPLETED', 999] : ['CANCELLED', 0]);
    }
  }, 120_000);
});

describe('a purchase that the bank wants to ask the buyer about', () => {
  test('waits, shows where to answer, and goes on after a yes', async () => {
    const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_requires_action' });
    await shop.runUntilIdle();
    const waiting = await shop.order(orderId);
    expect(waiting).toMatchObject({ status: 'REQUIRES_ACTION', payment: 'REQUIRES_ACTION' });
    await answerBank(waiting?.action_url, 'approve');
    await shop.runFor(10_000);
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED', action_url: null });
    expect((await shop.told(`order:${orderId}`)).slice(-4)).toEqual(['AUTHORIZED', 'CAPTURING', 'PAID', 'COMPLETED']);
    expect(await books(orderId)).toEqual([{ state: 'CAPTURED', capturedMinor: 999 }]);
  });

  test('ends DECLINED after a no', async () => {
    const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_requires_action' });
    await shop.runUntilIdle();
    await answerBank((await shop.order(orderId))?.action_url, 'deny');
    await shop.runFor(10_000);
    expect(await shop.order(orderId)).toMatchObject({ status: 'DECLINED' });
  });

  test('ends EXPIRED when the buyer never answers, with nothing reserved', async () => {
    const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_requires_action' });
    await shop.runUntilIdle();
    shop.clock.advanceTime(ACTION_TIME_MS_MAX);
    await shop.runFor(10_000);
    expect(await shop.order(orderId)).toMatchObject({ status: 'EXPIRED', payment: 'VOIDED' });
    expect((await books(orderId)).map((one) => one.state)).toEqual(['VOIDED']);
  });

  const answerBank = async (actionUrl: string | null | undefined, answer: 'approve' | 'deny') => {
    const response = await fetch(`${actionUrl}/${answer}`, { method: 'POST', redirect: 'manual' });
    expect(response.status).toBeLessThan(400);
  };
});

test('a fulfilment that fails is shown as on its way, tried until it is done, and never refunds', async () => {
  await database.current.sql`alter table entitlement add constraint broken check (status <> 'ACTIVE')`;
  const orderId = await shop.placeOrder({ buyerId: buyer.id, editionId });
  await shop.runFor(30_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'FULFILLING', payment: 'CAPTURED' });
  await database.current.sql`alter table entitlement drop constraint broken`;
  await shop.runFor(120_000);
  expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
  expect(await shop.entitlements(buyer.id)).toEqual(['ACTIVE']);
});

describe('a gateway that turns a request down for good', () => {
  const misbehave = (change: (gateway: PaymentGateway) => Partial<PaymentGateway>) => {
    const real = shop.services.gateway;
    Object.assign(shop.services, { gateway: { ...real, ...change(real) } });
  };
  const rejected = () => Promise.reject(new GatewayRejectedRequestError('the key is not ours'));

  test('after a capture that landed unheard gives the money back, books both ways, and says so', async () => {
    misbehave((real) => ({
      capture: async (request) => {
        await real.capture(request).catch(() => {});
        return rejected();
      },
    }));
    const orderId = await buy('tok_succeeds');
    expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', payment: 'REFUNDED' });
    expect((await shop.order(orderId))?.reason).toContain('given back in full');
    const read = await readSandboxBooks(shop.booksPath);
    expect(read.refunds.map((refund) => refund.amountMinor)).toEqual([999]);
    expect(await shop.ledger()).toEqual({ 'author-payable': 0, 'platform-fee': 0, 'provider-clearing': 0 });
    const [booked] = await database.current.sql<
      { count: number }[]
    >`select count(*)::int as count from ledger_transaction`;
    expect(booked?.count).toBe(2);
  });

  test('at the authorization ends the order: nothing can have landed', async () => {
    misbehave(() => ({ authorize: rejected }));
    const orderId = await buy('tok_succeeds');
    expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', payment: 'VOIDED' });
    expect(await books(orderId)).toEqual([]);
  });
});

describe('the ledger', () => {
  test('refuses a change and a removal of what is booked', async () => {
    await buy('tok_succeeds');
    await expect(database.current.sql`update ledger_entry set amount_minor = 1`).rejects.toThrow('append-only');
    await expect(database.current.sql`delete from ledger_transaction`).rejects.toThrow('append-only');
  });

  test('refuses a statement that leaves a transaction unbalanced', async () => {
    await buy('tok_succeeds');
    await expect(
      database.current.sql`
        insert into ledger_entry (transaction_id, position, account, currency, amount_minor)
        select id, 9, 'platform-fee', 'EUR', 1 from ledger_transaction`,
    ).rejects.toThrow('does not sum to zero');
  });
});
