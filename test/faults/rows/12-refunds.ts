/**
 * Row 12: a worker dies at each place where a refund or a payout waits for PostgreSQL, Redis or the provider; then fifty
 * refunds of one order are asked for at once while the provider fails.
 *
 * In the end each must stand as one that nothing disturbed, no more may have gone back than was taken, nobody may have been
 * paid twice, and the ledger, the provider and the orders must tell the same story.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { requestRefundOf } from '../../consumers/money.ts';
import { dieEverywhere, PLACES_SHORT, type Rehearsal, type Thing, victimsMax } from '../engine/die-everywhere.ts';
import { HandClock, runToRest } from '../engine/hand-clock.ts';
import { openLocalEngine } from '../engine/local-shop.ts';
import { auditPayouts, openPayouts } from '../engine/payouts.ts';
import { auditShop, tell } from '../harness/invariants.ts';
import { placePurchases, planPurchases, PRICE_MINOR, type Purchase } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';

const HOUR_MS = 3_600_000;
/** A full refund, a part, a payout. */
const KINDS = 3;
const AT_ONCE = 50;
/** Part refunds ask for this much: of fifty, a few fit into what was paid. */
const PART_MINOR = 150;
const PARTS = Math.floor(PRICE_MINOR / PART_MINOR);
const RATES = { timeoutBefore: 0.1, timeoutAfter: 0.1, error500: 0.1, cutAfter: 0.05 };

/** Everything a buyer, a bookkeeper or the provider could see of an order and what goes back of it. */
async function stateOf({ database: { sql }, booksPath }: Stack, { orderId, buyerId, editionId }: Purchase) {
  const [order] = await sql`
    select o.status, p.status as payment, l.reversed_minor, l.reversed_royalty_minor from "order" o
    join payment p on p.order_id = o.id join order_line l on l.order_id = o.id where o.id = ${orderId}`;
  const refunds = await sql`select status, amount_minor from refund where order_id = ${orderId} order by created_at`;
  const told = await sql`
    select e.type, e.payload ->> 'status' as status from event e join refund r on e.subject = 'refund:' || r.id
    where r.order_id = ${orderId} order by e.id`;
  const ledger = await sql`
    select regexp_replace(t.key, ':.*', '') as key, regexp_replace(e.account, ':.*', '') as account, e.amount_minor
    from ledger_entry e join ledger_transaction t on t.id = e.transaction_id where t.order_id = ${orderId} order by 1, 2`;
  const rights = await sql`
    select status from entitlement where reader_id = ${buyerId} and edition_id = ${editionId}`;
  const books = await readSandboxBooks(booksPath);
  const bank = books.byReference(orderId).map((one) => one.refunds.map(({ amountMinor }) => amountMinor));
  return JSON.stringify({ order, refunds, told, ledger, rights, bank });
}

const askFor = (stack: Stack, { orderId, buyerId }: Purchase, amountMinor?: number) =>
  requestRefundOf(
    { services: stack.database, clock: { now: () => new Date() } },
    { orderId, userId: buyerId, ...(amountMinor !== undefined && { amountMinor }) },
  );

/** A refund of all, or of a part. */
const refundOf = (stack: Stack, prepare: () => Purchase, part?: number): Thing<Purchase> => ({
  name: part === undefined ? 'a full refund' : 'a part',
  prepare: () => Promise.resolve(prepare()),
  begin: async (purchase) => {
    await askFor(stack, purchase, part);
  },
  stateOf: (purchase) => stateOf(stack, purchase),
});

/** Fifty refunds of each order at once, at a provider that fails a third of its calls. */
async function askAtOnce({ stack, clock, healer }: Rehearsal, orders: readonly Purchase[], seed: number) {
  await script(stack, { seed, rates: RATES, faultsPerKeyMax: 3 });
  const violations: string[] = [];
  let accepted = 0;
  for (const purchase of orders) {
    const asked = Array.from({ length: AT_ONCE }, () => askFor(stack, purchase, PART_MINOR));
    const answers = await Promise.allSettled(asked);
    const taken = answers.filter(({ status }) => status === 'fulfilled').length;
    accepted += taken;
    if (taken !== PARTS) violations.push(`${taken} of ${AT_ONCE} refunds were accepted, not ${PARTS}`);
  }
  await runToRest(stack, healer, clock, HOUR_MS);
  await script(stack, null);
  await runToRest(stack, healer, clock, HOUR_MS);
  return { violations, accepted };
}

async function script({ booksPath }: Stack, faults: object | null): Promise<void> {
  const url = await readFile(join(booksPath, 'address'), 'utf8');
  const answer = await fetch(new URL('/script', url), {
    method: faults === null ? 'DELETE' : 'POST',
    ...(faults && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(faults) }),
  });
  if (!answer.ok) throw new Error(`the gateway refused the script: ${await answer.text()}`);
}

/** Do orders, refunds, ledger and provider agree? */
async function auditRefunds({ database: { sql }, booksPath }: Stack) {
  const books = await readSandboxBooks(booksPath);
  const rows = await sql<{ id: string; line: string; refunds: string; clearing: string; owed: string; open: string }[]>`
    select o.id, l.reversed_minor as line,
      (select coalesce(sum(r.amount_minor), 0) from refund r where r.order_id = o.id and r.status = 'SETTLED') as refunds,
      (select count(*) from refund r where r.order_id = o.id and r.status in ('REQUESTED', 'SUBMITTED')) as open,
      (select coalesce(sum(e.amount_minor), 0) from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
         where t.order_id = o.id and e.account = 'provider-clearing') as clearing,
      (select coalesce(sum(e.amount_minor), 0) from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
         where t.order_id = o.id and e.account = 'refunds') as owed
    from "order" o join order_line l on l.order_id = o.id`;
  const seen = rows.map(({ id, line, refunds, clearing, owed, open }) => {
    const [bank] = books.byReference(id);
    const capturedMinor = bank?.capture?.amountMinor ?? 0;
    const refundedMinor = (bank?.refunds ?? []).reduce((sum, one) => sum + one.amountMinor, 0);
    const agrees =
      Number(line) === refundedMinor &&
      Number(refunds) === refundedMinor &&
      Number(clearing) === capturedMinor - refundedMinor &&
      Number(owed) === 0;
    return { id, capturedMinor, refundedMinor, agrees, open: Number(open) };
  });
  const beyond = seen.filter((one) => one.refundedMinor > one.capturedMinor);
  const disagreeing = seen.filter(({ agrees }) => !agrees);
  const open = seen.filter((one) => one.open > 0);
  return {
    figures: {
      'refunded beyond captured': beyond.length,
      'orders that disagree': disagreeing.length,
      'refunds without an end': open.length,
    },
    violations: [
      ...tell('orders were refunded beyond what was captured', beyond, ({ id }) => id),
      ...tell('orders, ledger and gateway disagree', disagreeing, (one) => JSON.stringify(one)),
      ...tell('orders have refunds that did not end', open, ({ id }) => id),
    ],
  };
}

async function run(context: FaultContext): Promise<FaultResult> {
  const crowds = context.isShort ? 2 : 20;
  const each = victimsMax(context.isShort);
  const stack = await openStack(context, { purchases: KINDS * each + crowds });
  const clock = new HandClock();
  const healer = context.keep(await openLocalEngine(stack, { clock }));
  const plan = planPurchases(stack.market, KINDS * each + crowds, context.random, 0);
  const sold = plan.slice(0, 2 * each + crowds);
  await placePurchases(stack.database, sold);
  await runToRest(stack, healer, clock, HOUR_MS);
  const rehearsal = { stack, clock, healer };
  const crowd = await askAtOnce(rehearsal, sold.splice(0, crowds), context.seed);
  const nextOf = (left: Purchase[]) => () => given(left.shift());
  const short = { ...context, kinds: KINDS };
  const died = [
    await dieEverywhere(rehearsal, refundOf(stack, nextOf(sold)), short),
    await dieEverywhere(rehearsal, refundOf(stack, nextOf(sold), PART_MINOR), short),
    await dieEverywhere(rehearsal, await openPayouts(rehearsal, nextOf(plan.slice(2 * each + crowds))), short),
  ];
  const deaths = died.reduce((sum, one) => sum + one.deaths, 0);
  const others = died.flatMap(({ violations }) => violations);
  const audit = await auditRefunds(stack);
  const paid = await auditPayouts(stack);
  return {
    injected: `${deaths} deaths, one at each place before or after a call; ${crowds} orders of which ${AT_ONCE} refunds were asked for at once, at a gateway that failed three calls of ten`,
    figures: {
      'places counted': died.map(({ counted }) => counted).join(', '),
      deaths,
      'other end states': others.length,
      'refunds accepted of those at once': crowd.accepted,
      ...audit.figures,
      'payouts made': paid.payouts,
      'payouts that disagree': paid.disagreeing.length,
    },
    violations: [
      ...others,
      ...crowd.violations,
      ...audit.violations,
      ...tell('payouts, ledger and gateway disagree', paid.disagreeing, String),
      ...(await auditShop(stack.database.sql)),
    ],
  };
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new RangeError('the market is too small');
  return value;
}

const row: FaultRow = {
  row: 12,
  title: 'A worker dies in a refund or a payout at every await; fifty refunds of one order at once',
  promise: [2, 3, 5],
  loadFull: `a refund of all, one of a part and a payout for each place before and after a call; 20 orders × ${AT_ONCE} refunds at once`,
  loadShort: `${PLACES_SHORT} of those places; 2 orders × ${AT_ONCE} refunds at once`,
  invariant:
    'refunded ≤ captured; paid out once; orders, payouts, ledger and gateway agree; the same end state as without faults',
  run,
};
export default row;
