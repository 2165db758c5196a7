/**
 * Row 12: a worker dies at each place where a refund waits for PostgreSQL, Redis or the provider; then fifty refunds of
 * one order are asked for at once while the provider fails.
 *
 * In the end each order must stand as after a refund that nothing disturbed, no more may have gone back than was taken,
 * and the ledger, the provider and the orders must tell the same story.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { requestRefundOf } from '../../consumers/money.ts';
import { HandClock, runToRest } from '../engine/hand-clock.ts';
import { type LocalEngine, openLocalEngine } from '../engine/local-shop.ts';
import { Tripwire } from '../engine/tripwire.ts';
import { auditShop, tell } from '../harness/invariants.ts';
import { placePurchases, planPurchases, PRICE_MINOR, type Purchase } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';

const PLACES_MAX = 200;
const PLACES_SHORT = 12;
const HOUR_MS = 3_600_000;
const AT_ONCE = 50;
/** Part refunds ask for this much: of fifty, a few fit into what was paid. */
const PART_MINOR = 150;
const PARTS = Math.floor(PRICE_MINOR / PART_MINOR);
const RATES = { timeoutBefore: 0.1, timeoutAfter: 0.1, error500: 0.1, cutAfter: 0.05 };

interface Rehearsal {
  stack: Stack;
  clock: HandClock;
  healer: LocalEngine;
}

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

async function disturb({ stack, clock, healer }: Rehearsal, purchase: Purchase, at: number, part?: number) {
  const tripwire = new Tripwire(at);
  const victim = await openLocalEngine(stack, { clock, tripwire });
  await askFor(stack, purchase, part);
  const rest = runToRest(stack, victim, clock, HOUR_MS).then(() => null);
  rest.catch(() => {});
  const place = await Promise.race([tripwire.tripped, rest]);
  await victim.kill();
  if (place === null) return null;
  await healer.takeOver();
  for (const consumer of healer.consumers) consumer.mustReplay = true;
  await healer.repair();
  await runToRest(stack, healer, clock, HOUR_MS);
  return place;
}

/** A death at each place of a refund of all, and of one of a part. */
async function dieEverywhere(rehearsal: Rehearsal, plan: readonly Purchase[], { isShort, random, say }: FaultContext) {
  const { stack, clock } = rehearsal;
  const violations: string[] = [];
  const counted: string[] = [];
  let deaths = 0;
  let next = 0;
  for (const part of [undefined, PART_MINOR]) {
    const name = part === undefined ? 'a full refund' : 'a part';
    const purchase = (): Purchase => given(plan[next++]);
    const calm = purchase();
    const counter = new Tripwire(Number.POSITIVE_INFINITY);
    const engine = await openLocalEngine(stack, { clock, tripwire: counter });
    await askFor(stack, calm, part);
    await runToRest(stack, engine, clock, HOUR_MS);
    await engine.stop();
    const expected = await stateOf(stack, calm);
    const places = Math.min(counter.count, PLACES_MAX - 1);
    counted.push(`${places} for ${name}`);
    say(`${places} places of ${name}`);
    const stride = isShort ? Math.max(1, Math.floor((places * 2) / PLACES_SHORT)) : 1;
    for (let at = random.whole(1, stride); at <= places; at += stride) {
      const victim = purchase();
      const place = await disturb(rehearsal, victim, at, part);
      if (place === null) continue;
      deaths += 1;
      const found = await stateOf(stack, victim);
      if (found !== expected) violations.push(`died ${place} (${at} of ${name}): ${found} is not ${expected}`);
    }
  }
  return { violations, counted, deaths, used: next };
}

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
  const purchases = 2 * PLACES_MAX + crowds;
  const stack = await openStack(context, { purchases });
  const clock = new HandClock();
  const healer = context.keep(await openLocalEngine(stack, { clock }));
  const needed = context.isShort ? 2 * (PLACES_SHORT + 4) + crowds : purchases;
  const plan = planPurchases(stack.market, needed, context.random, 0);
  await placePurchases(stack.database, plan);
  await runToRest(stack, healer, clock, HOUR_MS);
  const rehearsal = { stack, clock, healer };
  const died = await dieEverywhere(rehearsal, plan, context);
  const crowd = await askAtOnce(rehearsal, plan.slice(died.used, died.used + crowds), context.seed);
  const audit = await auditRefunds(stack);
  return {
    injected: `${died.deaths} deaths, one at each place before or after a call; ${crowds} orders of which ${AT_ONCE} refunds were asked for at once, at a gateway that failed three calls of ten`,
    figures: {
      'places counted': died.counted.join(', '),
      deaths: died.deaths,
      'other end states': died.violations.length,
      'refunds accepted of those at once': crowd.accepted,
      ...audit.figures,
    },
    violations: [
      ...died.violations,
      ...crowd.violations,
      ...audit.violations,
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
  title: 'A worker dies in a refund at every await; fifty refunds of one order at once',
  promise: [2, 3, 5],
  loadFull: `a refund for each place before and after a call, of all and of a part; 20 orders × ${AT_ONCE} refunds at once`,
  loadShort: `${PLACES_SHORT} of those places; 2 orders × ${AT_ONCE} refunds at once`,
  invariant: 'refunded ≤ captured; orders, ledger and gateway agree; the same end state as without faults',
  run,
};
export default row;
