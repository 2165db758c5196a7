/** Random histories of sales, refunds and disputes on a real database, beside a plain model that only knows sums. */
import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSale } from '../../src/books/sale-split.ts';
import { type DisputeStatus, followDispute } from '../../src/db/disputes.ts';
import { NotRefundable } from '../../src/db/errors.ts';
import { postLedger, saleEntries } from '../../src/db/ledger.ts';
import { auditLedger } from '../../src/db/ledger-audit.ts';
import { failRefund, readRefunds, requestRefund, settleRefund } from '../../src/db/refunds.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { emptyDatabase, useDatabase } from '../support/database.ts';

const database = useDatabase();
const HISTORIES = 25;
const FEE_MINOR = 1_500;
const now = new Date('2026-11-01T12:00:00Z');

interface Sold {
  orderId: string;
  amountMinor: number;
  taxMinor: number;
  royaltyMinor: number;
  /** By refunds that have not failed. */
  refundedMinor: number;
  open: { id: string; amountMinor: number }[];
  settledMinor: number;
  dispute: { id: string; ref: string; status: DisputeStatus; amountMinor: number; fromLineMinor: number } | null;
}

/** What the accounts must hold, told by sums alone. */
function modelOf(sold: readonly Sold[]): Record<string, number> {
  const balances = { clearing: 0, author: 0, tax: 0, fee: 0, refunds: 0, provider: 0 };
  for (const one of sold) {
    const lost = one.dispute && one.dispute.status !== 'WON' ? one.dispute : null;
    const gone = one.refundedMinor + (lost?.fromLineMinor ?? 0);
    const kept = (part: number) => part - Math.round((part * gone) / one.amountMinor);
    const excess = lost ? lost.amountMinor - lost.fromLineMinor : 0;
    balances.author -= kept(one.royaltyMinor);
    balances.tax -= kept(one.taxMinor);
    balances.fee -= one.amountMinor - gone - kept(one.royaltyMinor) - kept(one.taxMinor) - excess;
    balances.refunds -= one.refundedMinor - one.settledMinor;
    balances.provider += one.dispute ? FEE_MINOR : 0;
    balances.clearing += one.amountMinor - one.settledMinor - (lost?.amountMinor ?? 0) - (one.dispute ? FEE_MINOR : 0);
  }
  return balances;
}

const step = fc.record({
  what: fc.constantFrom('SELL', 'REFUND', 'SETTLE', 'FAIL', 'DISPUTE', 'WIN', 'LOSE'),
  which: fc.nat({ max: 1_000 }),
  minor: fc.integer({ min: 1, max: 5_000 }),
  rateBps: fc.constantFrom(0, 700, 1_900, 2_550),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test(
  'whatever happens, the ledger holds what a plain model says, and the audit agrees',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const market = await openMarket();
          const sold: Sold[] = [];
          for (const one of steps) {
            await take(market, sold, one);
            expectAlike(await balances(), modelOf(sold), steps.length);
          }
          expect(await auditLedger(database.current.db)).toMatchObject({ isSound: true, unbalanced: 0 });
        })
        .afterEach(() => emptyDatabase(database.current)),
      { numRuns: HISTORIES },
    );
  },
);

/**
 * What goes back and returns was rounded where it stood, so that single accounts may be a minor unit off until the next
 * part evens it out; what the provider holds, what buyers are owed and the sum of the rest are exact at any time.
 */
function expectAlike(found: Record<string, number>, model: Record<string, number>, off: number): void {
  const exact = ({ clearing, refunds, provider }: Record<string, number>) => ({ clearing, refunds, provider });
  expect(exact(found)).toEqual(exact(model));
  const shared = ['author', 'tax', 'fee'] as const;
  const sum = (of: Record<string, number>) => shared.reduce((total, name) => total + (of[name] ?? 0), 0);
  expect(sum(found)).toBe(sum(model));
  for (const name of shared) expect(Math.abs((found[name] ?? 0) - (model[name] ?? 0))).toBeLessThanOrEqual(off);
}

type Market = Awaited<ReturnType<typeof openMarket>>;

async function openMarket() {
  const { db } = database.current;
  const [userId, workId, editionId] = [newId(), newId(), newId()];
  await db.insert(tables.users).values({ id: userId, name: 'Ada', email: `${userId}@example.org`, role: 'AUTHOR' });
  await db.insert(tables.works).values({ id: workId, ownerId: userId, title: 'The Sea' });
  await db.insert(tables.editions).values({ id: editionId, workId, ownerId: userId });
  return { userId, editionId };
}

async function take(market: Market, sold: Sold[], { what, which, minor, rateBps }: Step): Promise<void> {
  const { db } = database.current;
  if (what === 'SELL' || sold.length === 0) {
    sold.push(await sell(market, minor, rateBps));
    return;
  }
  const one = sold[which % sold.length];
  if (!one) throw new TypeError('nothing was sold');
  if (what === 'REFUND') return refund(market, one, minor);
  if (what === 'DISPUTE') return one.dispute ? undefined : dispute(one);
  if (what === 'SETTLE' || what === 'FAIL') {
    const open = one.open.shift();
    const [known] = open ? await readRefunds(db, { refundId: open.id }) : [];
    if (!open || !known) return;
    await db.transaction((tx) =>
      what === 'SETTLE' ? settleRefund(tx, known, now) : failRefund(tx, known, 'No.', now),
    );
    if (what === 'SETTLE') one.settledMinor += open.amountMinor;
    else one.refundedMinor -= open.amountMinor;
    return;
  }
  if (one.dispute?.status !== 'OPEN') return;
  one.dispute.status = what === 'WIN' ? 'WON' : 'LOST';
  await tell(one, 'OPEN');
}

async function sell({ userId, editionId }: Market, amountMinor: number, taxRateBps: number): Promise<Sold> {
  const orderId = newId();
  const split = splitSale({ listAmountMinor: amountMinor, discountMinor: 0, taxRateBps, royaltyBps: 7_000 });
  const order = { currency: 'EUR', country: 'DE' };
  await database.current.db.transaction(async (tx) => {
    await tx.insert(tables.orders).values({ id: orderId, buyerId: userId, status: 'COMPLETED', amountMinor, ...order });
    await tx.insert(tables.orderLines).values({ orderId, position: 0, editionId, authorId: userId, ...split });
    await tx
      .insert(tables.payments)
      .values({ orderId, status: 'CAPTURED', gateway: 'sandbox', paymentToken: 'tok', idempotencyKey: orderId });
    const entries = saleEntries([{ authorId: userId, ...split }], order);
    await postLedger(tx, [{ key: `capture:${orderId}`, orderId, entries }], now);
  });
  const { taxMinor, royaltyMinor } = split;
  return { orderId, amountMinor, taxMinor, royaltyMinor, refundedMinor: 0, open: [], settledMinor: 0, dispute: null };
}

async function refund({ userId }: Market, one: Sold, minor: number): Promise<void> {
  const leftMinor = one.amountMinor - one.refundedMinor;
  const amountMinor = Math.min(minor, Math.max(1, leftMinor));
  const id = newId();
  const lines = [{ position: 0, amount: { amountMinor, currency: 'EUR' } }];
  const request = { id, orderId: one.orderId, userId, isShop: true, lines, reason: null };
  const asked = database.current.db.transaction((tx) => requestRefund(tx, request, { now, windowMs: 0 }));
  if (leftMinor === 0 || (one.dispute && one.dispute.status !== 'WON')) {
    await expect(asked).rejects.toThrow(NotRefundable);
    return;
  }
  await asked;
  one.refundedMinor += amountMinor;
  one.open.push({ id, amountMinor });
}

/** The bank takes what was not settled back, however much of it is on its way back already. */
async function dispute(one: Sold): Promise<void> {
  const amountMinor = one.amountMinor - one.settledMinor;
  if (amountMinor === 0) return;
  const fromLineMinor = Math.min(amountMinor, one.amountMinor - one.refundedMinor);
  one.dispute = { id: newId(), ref: newId(), status: 'OPEN', amountMinor, fromLineMinor };
  await tell(one, null);
}

async function tell({ orderId, dispute: known }: Sold, before: DisputeStatus | null): Promise<void> {
  if (!known) throw new TypeError('there is no dispute');
  const { id, ref, status: state, amountMinor } = known;
  const told = { disputeRef: ref, orderId, state, amountMinor, feeMinor: FEE_MINOR, currency: 'EUR' };
  await database.current.db.transaction((tx) => followDispute(tx, told, { id, before, now }));
}

const NAMES: Record<string, string> = {
  'provider-clearing': 'clearing',
  'author-payable': 'author',
  'tax-payable': 'tax',
  'platform-fee': 'fee',
  'provider-fee': 'provider',
  refunds: 'refunds',
};

async function balances(): Promise<Record<string, number>> {
  const rows = await database.current.db.execute<{ account: string; sum: string }>(
    sql`select split_part(account, ':', 1) as account, sum(amount_minor) as sum from ledger_entry group by 1`,
  );
  const none = { clearing: 0, author: 0, tax: 0, fee: 0, refunds: 0, provider: 0 };
  return { ...none, ...Object.fromEntries([...rows].map(({ account, sum }) => [NAMES[account], Number(sum)])) };
}
