import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { postLedger, saleEntries } from '../../src/db/ledger.ts';
import { failPayout, readPayout, requestPayout, settlePayout } from '../../src/db/payouts.ts';
import * as tables from '../../src/db/tables/index.ts';
import { requestRefund, readRefunds, settleRefund } from '../../src/db/refunds.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { cellOf } from '../../src/server/statements.ts';
import { useApi } from './support/api.ts';
import { globalId, market, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);
const IN_OCTOBER = new Date('2026-10-31T23:59:59.999Z');
const IN_NOVEMBER = new Date('2026-11-01T00:00:00.000Z');

const STATEMENT = `query ($month: String!, $authorId: ID, $after: String) {
  authorStatement(month: $month, currency: "EUR", authorId: $authorId) {
    openingBalance { amount } sales { amount } refunds { amount } disputes { amount } payouts { amount }
    closingBalance { amount } csvUrl
    lines(first: 2, after: $after) { nodes { kind amount { amount } titles } pageInfo { hasNextPage endCursor } } } }`;
const shape = z.object({
  authorStatement: z.looseObject({
    csvUrl: z.string(),
    lines: z.object({ nodes: z.array(z.unknown()), pageInfo: z.object({ endCursor: z.string().nullable() }) }),
  }),
});

async function sell(editionId: string, at: Date): Promise<{ orderId: string; userId: string }> {
  const reader = await api.signUp();
  const placed = z.object({ order: z.object({ id: z.string() }) }).parse(await shop.order(reader.token, editionId));
  const orderId = uuidIn(placed.order.id);
  await shop.fulfil(placed.order.id);
  await api.db.execute(sql`update payment set status = 'CAPTURED' where order_id = ${orderId}`);
  const sales = await api.db.query.orderLines.findMany({ where: { orderId } });
  const entries = saleEntries(sales, { currency: 'EUR', country: null });
  await api.db.transaction((tx) => postLedger(tx, [{ key: `capture:${orderId}`, orderId, entries }], at));
  return { orderId, userId: reader.id };
}

async function giveBack({ orderId, userId }: { orderId: string; userId: string }, at: Date) {
  const id = newId();
  await api.db.transaction(async (tx) => {
    const request = { id, orderId, userId, isShop: true, lines: null, reason: null };
    await requestRefund(tx, request, { now: at, windowMs: 0 });
    const [refund] = await readRefunds(tx, { refundId: id });
    if (refund) await settleRefund(tx, refund, at);
  });
}

async function payOut(authorId: string, amountMinor: number, at: Date, isReturned = false) {
  const [id, payeeId] = [newId(), newId()];
  await api.db.insert(tables.payees).values({
    id: payeeId,
    authorId,
    status: 'READY',
    country: 'DE',
    gateway: 'sandbox',
    idempotencyKey: payeeId,
    payeeRef: payeeId,
  });
  const terms = { holdMs: 0, thresholds: new Map<string, number>(), now: at };
  await api.db.transaction(async (tx) => {
    await requestPayout(tx, { id, authorId, currency: 'EUR', gateway: 'sandbox' }, terms);
    const payout = await readPayout(tx, { payoutId: id });
    if (payout?.amountMinor !== amountMinor) throw new TypeError('another amount is payable');
    await settlePayout(tx, payout, at);
    const paid = await readPayout(tx, { payoutId: id });
    if (paid && isReturned) await failPayout(tx, paid, 'It came back.', at);
  });
}

describe('an author’s statement', () => {
  it('tells payouts, and what came back of them', async () => {
    const { author, editionId } = await shop.onSale();
    await sell(editionId, IN_OCTOBER);
    await payOut(author.id, 349, IN_NOVEMBER);
    const ask = async () => {
      const { data } = await api.ask(STATEMENT, { month: '2026-11' }, author.token);
      return shape.parse(data).authorStatement;
    };
    const paid = await ask();
    expect(paid).toMatchObject({
      openingBalance: { amount: '3.49' },
      payouts: { amount: '-3.49' },
      closingBalance: { amount: '0.00' },
      lines: { nodes: [{ kind: 'PAYOUT', amount: { amount: '-3.49' }, titles: null }] },
    });
    expect(await (await fetch(paid.csvUrl)).text()).toContain(',PAYOUT,-3.49,EUR,,');
    expect((await api.ask('{ ledgerAudit { isSound } }', {}, (await api.signUp('ADMIN')).token)).data).toEqual({
      ledgerAudit: { isSound: true },
    });
  });

  it('ends as it began when a payout came back', async () => {
    const { author, editionId } = await shop.onSale();
    await sell(editionId, IN_OCTOBER);
    await payOut(author.id, 349, IN_NOVEMBER, true);
    const { data } = await api.ask(STATEMENT, { month: '2026-11' }, author.token);
    expect(data).toMatchObject({
      authorStatement: { payouts: { amount: '0.00' }, closingBalance: { amount: '3.49' }, lines: { nodes: [{}, {}] } },
    });
  });

  it('begins where the month before ended, and adds up', async () => {
    const { author, editionId } = await shop.onSale({ title: '=cmd|calc, "x"' });
    const first = await sell(editionId, IN_OCTOBER);
    await sell(editionId, IN_NOVEMBER);
    await sell(editionId, IN_NOVEMBER);
    await giveBack(first, IN_NOVEMBER);
    const ask = async (variables: object) => {
      const { data, errors } = await api.ask(STATEMENT, { month: '2026-11', ...variables }, author.token);
      expect(errors).toBeUndefined();
      return shape.parse(data).authorStatement;
    };
    expect(await ask({ month: '2026-10' })).toMatchObject({
      openingBalance: { amount: '0.00' },
      sales: { amount: '3.49' },
      closingBalance: { amount: '3.49' },
    });
    const november = await ask({});
    expect(november).toMatchObject({
      openingBalance: { amount: '3.49' },
      sales: { amount: '6.98' },
      refunds: { amount: '-3.49' },
      disputes: { amount: '0.00' },
      payouts: { amount: '0.00' },
      closingBalance: { amount: '6.98' },
    });
    const rest = await ask({ after: november.lines.pageInfo.endCursor });
    expect([...november.lines.nodes, ...rest.lines.nodes]).toHaveLength(3);
    const csv = await (await fetch(november.csvUrl)).text();
    const lines = csv.trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe('booked_at,kind,amount,currency,order,titles');
    expect(lines.filter((line) => line.includes(',REFUND,-3.49,EUR,'))).toHaveLength(1);
    expect(lines.at(1)).toContain(`"'=cmd|calc, ""x"""`);
    expect((await fetch(november.csvUrl.replace(author.id, randomUUID()))).status).toBe(403);
  });

  it('is for the author and admins alone', async () => {
    const { author } = await shop.onSale();
    const [other, reader, admin] = [await api.signUp('AUTHOR'), await api.signUp(), await api.signUp('ADMIN')];
    const asked = { month: '2026-11', authorId: globalId('User', author.id) };
    for (const { token } of [other, reader]) {
      expect((await api.ask(STATEMENT, asked, token)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect((await api.ask(STATEMENT, asked, admin.token)).errors).toBeUndefined();
  });
});

describe('the audit of the ledger', () => {
  const AUDIT =
    '{ ledgerAudit { isSound unbalanced balances { account booked { amountMinor } expected { amountMinor } } } }';

  it('computes every balance anew, and finds what the orders do not say', async () => {
    const { editionId } = await shop.onSale();
    const admin = await api.signUp('ADMIN');
    await giveBack(await sell(editionId, IN_OCTOBER), IN_NOVEMBER);
    await sell(editionId, IN_NOVEMBER);
    expect((await api.ask(AUDIT, {}, admin.token)).data).toMatchObject({
      ledgerAudit: {
        isSound: true,
        unbalanced: 0,
        balances: [
          { account: 'author-payable', booked: { amountMinor: -349 }, expected: { amountMinor: -349 } },
          { account: 'platform-fee', booked: { amountMinor: -150 } },
          { account: 'provider-clearing', booked: { amountMinor: 499 } },
          { account: 'refunds', booked: { amountMinor: 0 } },
          { account: 'tax-payable', booked: { amountMinor: 0 } },
        ],
      },
    });
    const entries = [
      { account: 'platform-fee', currency: 'EUR', amountMinor: 1 },
      { account: 'provider-clearing', currency: 'EUR', amountMinor: -1 },
    ];
    await api.db.transaction((tx) => postLedger(tx, [{ key: 'a slip', orderId: null, entries }], IN_NOVEMBER));
    expect((await api.ask(AUDIT, {}, admin.token)).data).toMatchObject({
      ledgerAudit: { isSound: false, unbalanced: 0 },
    });
  });
});

describe('a cell', () => {
  it.each([
    ['=1+1', `"'=1+1"`],
    [' @sum', `"' @sum"`],
    ['-1', `"'-1"`],
    ['The "Sea", II', '"The ""Sea"", II"'],
    ['Sea', 'Sea'],
    [{ number: '-3.49' }, '-3.49'],
    [null, ''],
  ])('of %j is written as %s', (cell, text) => {
    expect(cellOf(cell)).toBe(text);
  });
});
