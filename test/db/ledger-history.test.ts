/** Random histories of sales, refunds, disputes and payouts on a real database, beside a plain model that only knows sums. */
import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSale } from '../../src/books/sale-split.ts';
import { type DisputeStatus, followDispute } from '../../src/db/disputes.ts';
import { NotPayable, NotRefundable } from '../../src/db/errors.ts';
import { postLedger, saleEntries } from '../../src/db/ledger.ts';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { failPayout, type KnownPayout, readPayout, requestPayout, settlePayout } from '../../src/db/payouts.ts';
import { failRefund, readRefunds, requestRefund, settleRefund } from '../../src/db/refunds.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { emptyDatabase, useDatabase } from '../support/database.ts';
import { type Balances, FEE_MINOR, type History, modelOf, type Sold } from './ledger-model.ts';

const database = useDatabase();
const HISTORIES = 20;
const CURRENCIES = ['EUR', 'USD'] as const;
const now = new Date('2026-11-01T12:00:00Z');
const terms = { holdMs: 0, thresholds: new Map([['EUR', 1_000]]), now };

/** Some more often, so that what must come after one another does. */
const SALES = ['SELL', 'SELL', 'SELL', 'REFUND', 'REFUND', 'SETTLE', 'FAIL', 'DISPUTE', 'WIN', 'LOSE'] as const;
const WHAT = [...SALES, 'PAY', 'PAY', 'PAY', 'PAID', 'PAID', 'UNPAID'] as const;

const step = fc.record({
  what: fc.constantFrom(...WHAT),
  which: fc.nat({ max: 1_000 }),
  minor: fc.integer({ min: 1, max: 5_000 }),
  rateBps: fc.constantFrom(0, 700, 1_900, 2_550),
  who: fc.nat({ max: 1 }),
  currency: fc.constantFrom(...CURRENCIES),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test(
  'whatever happens, the ledger holds what a plain model says, and the audit agrees',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }), async (steps) => {
          const market = await openMarket();
          const history: History = { sold: [], paidOut: [] };
          for (const one of steps) {
            await take(market, history, one);
            for (const currency of CURRENCIES) {
              expectAlike(await balances(currency), modelOf(history, currency), { market, off: steps.length });
            }
            expect(await auditLedger(database.current.db)).toMatchObject({ isSound: true, unbalanced: 0 });
          }
        })
        .afterEach(() => emptyDatabase(database.current)),
      // A minute of making a counterexample small is enough.
      { numRuns: HISTORIES, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    );
  },
);

const EXACT = ['provider-clearing', 'refunds', 'payouts', 'provider-fee'];

/**
 * What goes back and returns was rounded where it stood, so that single accounts may be a minor unit off until the next
 * part evens it out; what the provider holds, what buyers and authors are being sent and the sum of the rest are exact at
 * any time.
 */
function expectAlike(found: Balances, model: Balances, { market, off }: { market: Market; off: number }): void {
  const of = (all: Balances, names: readonly string[]) => names.map((name) => [name, all[name] ?? 0]);
  expect(of(found, EXACT)).toEqual(of(model, EXACT));
  const shared = ['tax-payable', 'platform-fee', ...market.authors.map(({ id }) => id)];
  const sum = (all: Balances) => shared.reduce((total, name) => total + (all[name] ?? 0), 0);
  expect(sum(found)).toBe(sum(model));
  for (const name of shared) expect(Math.abs((found[name] ?? 0) - (model[name] ?? 0))).toBeLessThanOrEqual(off);
}

interface Author {
  id: string;
  editionId: string;
}
interface Market {
  authors: Author[];
}

/** Two authors, each with a book and known to the provider. */
async function openMarket(): Promise<Market> {
  const { db } = database.current;
  const authors: Author[] = [];
  for (const name of ['Ada', 'Ben']) {
    const [id, workId, editionId] = [newId(), newId(), newId()];
    await db.insert(tables.users).values({ id, name, email: `${id}@example.org`, role: 'AUTHOR' });
    await db.insert(tables.works).values({ id: workId, ownerId: id, title: 'The Sea' });
    await db.insert(tables.editions).values({ id: editionId, workId, ownerId: id });
    const asked = { country: 'DE', gateway: 'sandbox', idempotencyKey: id, payeeRef: id };
    await db.insert(tables.payees).values({ authorId: id, status: 'READY', ...asked });
    authors.push({ id, editionId });
  }
  return { authors };
}

async function take(market: Market, history: History, step_: Step): Promise<void> {
  const { what, which, minor, rateBps, who, currency } = step_;
  const author = given(market.authors[who]);
  if (what === 'PAY') return pay(history, author, currency);
  if (what === 'PAID' || what === 'UNPAID') return endPayout(history, what, which);
  const { sold } = history;
  if (what === 'SELL' || sold.length === 0) {
    sold.push(await sell(author, { amountMinor: minor, taxRateBps: rateBps, currency }));
    return;
  }
  const one = given(sold[which % sold.length]);
  if (what === 'REFUND') return refund(one, minor);
  if (what === 'DISPUTE') return one.dispute ? undefined : dispute(one);
  if (what === 'SETTLE' || what === 'FAIL') return endRefund(one, what);
  if (one.dispute?.status !== 'OPEN') return;
  one.dispute.status = what === 'WIN' ? 'WON' : 'LOST';
  await tell(one, 'OPEN');
}

async function sell(
  { id: authorId, editionId }: Author,
  { amountMinor, taxRateBps, currency }: { amountMinor: number; taxRateBps: number; currency: string },
): Promise<Sold> {
  const orderId = newId();
  const split = splitSale({ listAmountMinor: amountMinor, discountMinor: 0, taxRateBps, royaltyBps: 7_000 });
  const order = { currency, country: 'DE' };
  await database.current.db.transaction(async (tx) => {
    await tx
      .insert(tables.orders)
      .values({ id: orderId, buyerId: authorId, status: 'COMPLETED', amountMinor, ...order });
    await tx.insert(tables.orderLines).values({ orderId, position: 0, editionId, authorId, ...split });
    await tx
      .insert(tables.payments)
      .values({ orderId, status: 'CAPTURED', gateway: 'sandbox', paymentToken: 'tok', idempotencyKey: orderId });
    const entries = saleEntries([{ authorId, ...split }], order);
    await postLedger(tx, [{ key: `capture:${orderId}`, orderId, entries }], now);
  });
  const { taxMinor, royaltyMinor } = split;
  const facts = { orderId, authorId, currency, amountMinor, taxMinor, royaltyMinor };
  return { ...facts, refundedMinor: 0, open: [], settledMinor: 0, dispute: null };
}

async function refund(one: Sold, minor: number): Promise<void> {
  const leftMinor = one.amountMinor - one.refundedMinor;
  const amountMinor = Math.min(minor, Math.max(1, leftMinor));
  const id = newId();
  const lines = [{ position: 0, amount: { amountMinor, currency: one.currency } }];
  const request = { id, orderId: one.orderId, userId: one.authorId, isShop: true, lines, reason: null };
  const asked = database.current.db.transaction((tx) => requestRefund(tx, request, { now, windowMs: 0 }));
  if (leftMinor === 0 || (one.dispute && one.dispute.status !== 'WON')) {
    await expect(asked).rejects.toThrow(NotRefundable);
    return;
  }
  await asked;
  one.refundedMinor += amountMinor;
  one.open.push({ id, amountMinor });
}

async function endRefund(one: Sold, what: 'SETTLE' | 'FAIL'): Promise<void> {
  const { db } = database.current;
  const open = one.open.shift();
  const [known] = open ? await readRefunds(db, { refundId: open.id }) : [];
  if (!open || !known) return;
  await db.transaction((tx) => (what === 'SETTLE' ? settleRefund(tx, known, now) : failRefund(tx, known, 'No.', now)));
  if (what === 'SETTLE') one.settledMinor += open.amountMinor;
  else one.refundedMinor -= open.amountMinor;
}

/** The bank takes what was not settled back, however much of it is on its way back already. */
async function dispute(one: Sold): Promise<void> {
  const amountMinor = one.amountMinor - one.settledMinor;
  if (amountMinor === 0) return;
  const fromLineMinor = Math.min(amountMinor, one.amountMinor - one.refundedMinor);
  one.dispute = { id: newId(), ref: newId(), status: 'OPEN', amountMinor, fromLineMinor };
  await tell(one, null);
}

async function tell({ orderId, currency, dispute: known }: Sold, before: DisputeStatus | null): Promise<void> {
  const { id, ref, status: state, amountMinor } = given(known);
  const told = { disputeRef: ref, orderId, state, amountMinor, feeMinor: FEE_MINOR, currency };
  await database.current.db.transaction((tx) => followDispute(tx, told, { id, before, now }));
}

/** All that the author is owed, or nothing: to the minor unit. */
async function pay({ paidOut }: History, { id: authorId }: Author, currency: string): Promise<void> {
  const { db } = database.current;
  const owedMinor = -((await balances(currency))[authorId] ?? 0);
  const id = newId();
  const asked = db.transaction((tx) => requestPayout(tx, { id, authorId, currency, gateway: 'sandbox' }, terms));
  const isUnderWay = paidOut.some(
    (one) => one.authorId === authorId && one.currency === currency && one.status === 'UNDER_WAY',
  );
  if (isUnderWay || owedMinor < (terms.thresholds.get(currency) ?? 1)) {
    await expect(asked).rejects.toThrow(NotPayable);
    return;
  }
  await asked;
  expect(await knownPayout(id)).toMatchObject({ amountMinor: owedMinor, currency, authorId, status: 'REQUESTED' });
  paidOut.push({ id, authorId, currency, amountMinor: owedMinor, status: 'UNDER_WAY' });
}

/** It is paid, or it fails: before it was paid, or after. */
async function endPayout({ paidOut }: History, what: 'PAID' | 'UNPAID', which: number): Promise<void> {
  const can = paidOut.filter(({ status }) => status === 'UNDER_WAY' || (what === 'UNPAID' && status === 'PAID'));
  const one = can[which % can.length];
  if (!one) return;
  const known = await knownPayout(one.id);
  await database.current.db.transaction((tx) =>
    what === 'PAID' ? settlePayout(tx, known, now) : failPayout(tx, known, 'No.', now),
  );
  one.status = what === 'PAID' ? 'PAID' : 'FAILED';
}

const knownPayout = async (payoutId: string): Promise<KnownPayout> =>
  given(await readPayout(database.current.db, { payoutId }));

/** By account; of an author by the author's id. */
async function balances(currency: string): Promise<Balances> {
  const rows = await database.current.db.execute<{ account: string; sum: string }>(sql`
    select case when account like 'author-payable:%' then split_part(account, ':', 2) else split_part(account, ':', 1) end
             as account, sum(amount_minor) as sum
    from ledger_entry where currency = ${currency} group by 1`);
  return Object.fromEntries([...rows].map(({ account, sum }) => [account, Number(sum)]));
}

function given<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new TypeError('the market lacks something');
  return value;
}
