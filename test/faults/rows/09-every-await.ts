/**
 * Row 9: a worker dies at each place where it waits for PostgreSQL, Redis or the gateway, one place after the other.
 *
 * First a purchase runs undisturbed and its places are counted. Then, for each place, a purchase whose worker stops dead
 * there, and another worker that finds what is left. What is there in the end must be the same.
 */
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { HandClock, runToRest } from '../engine/hand-clock.ts';
import { openLocalEngine } from '../engine/local-shop.ts';
import { Tripwire } from '../engine/tripwire.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placePurchases, planPurchases, type Purchase } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { KEY_PREFIX } from '../harness/stack.ts';

const TOKENS = ['tok_succeeds', 'tok_capture_refused', 'tok_declined'] as const;
const PLACES_SHORT = 15;
const HOUR_MS = 3_600_000;
/** Places that one purchase may have: an engine that never stops making calls is at fault. */
const PLACES_MAX = 600;

/** Everything a buyer, a bookkeeper or the bank could see of a purchase. */
async function stateOf(stack: Stack, { orderId, buyerId, editionId }: Purchase): Promise<string> {
  const { sql } = stack.database;
  const [order] = await sql`
    select o.status, p.status as payment from "order" o join payment p on p.order_id = o.id where o.id = ${orderId}`;
  const told = await sql`
    select type, payload ->> 'status' as status from event where subject = ${`order:${orderId}`} order by seq`;
  const ledger = await sql`
    select regexp_replace(e.account, ':.*', '') as account, e.amount_minor from ledger_entry e
    join ledger_transaction t on t.id = e.transaction_id where t.order_id = ${orderId} order by 1`;
  const rights = await sql`
    select status from entitlement where reader_id = ${buyerId} and edition_id = ${editionId}`;
  const notices = await sql`select kind from notice where key = ${`receipt:${orderId}`}`;
  const books = await readSandboxBooks(stack.booksPath);
  const bank = books.byReference(orderId).map((one) => [one.state, one.capture?.amountMinor, one.refunds.length]);
  return JSON.stringify({ order, told, ledger, rights, notices, bank });
}

async function disturb(stack: Stack, clock: HandClock, purchase: Purchase, at: number): Promise<string | null> {
  const tripwire = new Tripwire(at);
  const victim = await openLocalEngine(stack, { clock, tripwire });
  await placePurchases(stack.database, [purchase]);
  const rest = runToRest(stack, victim, clock, HOUR_MS).then(() => null);
  rest.catch(() => {});
  const place = await Promise.race([tripwire.tripped, rest]);
  await victim.kill();
  return place;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  const stack = await openStack(context, { purchases: TOKENS.length * PLACES_MAX });
  const clock = new HandClock();
  const healer = context.keep(await openLocalEngine(stack, { clock }));
  const plan = planPurchases(stack.market, TOKENS.length * PLACES_MAX, random, 0);
  const violations: string[] = [];
  const placed: Purchase[] = [];
  let crashes = 0;
  const counted: string[] = [];
  for (const paymentToken of TOKENS) {
    const next = (): Purchase => {
      const purchase = plan[placed.length];
      if (!purchase) throw new RangeError('the market is too small');
      placed.push({ ...purchase, paymentToken });
      return { ...purchase, paymentToken };
    };
    const undisturbed = next();
    const counter = new Tripwire(Number.POSITIVE_INFINITY);
    const calm = await openLocalEngine(stack, { clock, tripwire: counter });
    await placePurchases(stack.database, [undisturbed]);
    await runToRest(stack, calm, clock, HOUR_MS);
    await calm.stop();
    const expected = await stateOf(stack, undisturbed);
    const places = Math.min(counter.count, PLACES_MAX - 1);
    counted.push(`${places} for ${paymentToken}`);
    say(`${places} places of ${paymentToken}`);
    const stride = isShort ? Math.max(1, Math.floor((places * TOKENS.length) / PLACES_SHORT)) : 1;
    for (let at = random.whole(1, stride); at <= places; at += stride) {
      const purchase = next();
      const place = await disturb(stack, clock, purchase, at);
      if (place === null) continue;
      crashes += 1;
      await healer.takeOver();
      for (const consumer of healer.consumers) consumer.mustReplay = true;
      await healer.repair();
      await runToRest(stack, healer, clock, HOUR_MS);
      const found = await stateOf(stack, purchase);
      if (found !== expected) violations.push(`died ${place} (${at} of ${paymentToken}): ${found} is not ${expected}`);
    }
  }
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, placed);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  return {
    injected: `${crashes} deaths, one at each place before or after a call`,
    figures: {
      'places counted': counted.join(', '),
      deaths: crashes,
      'other end states': violations.length,
      ...audit.figures,
    },
    violations: [...violations, ...audit.violations, ...streams.violations],
  };
}

const row: FaultRow = {
  row: 9,
  title: 'A worker dies at every await, one after the other',
  promise: [1, 2, 3, 5, 6],
  loadFull:
    'a purchase for each place before and after a call to PostgreSQL, Redis and the gateway: one that succeeds, one refused at the capture, one declined',
  loadShort: `${PLACES_SHORT} of those places`,
  invariant: 'the same end state as the run without faults: order, events told, ledger, library, receipt, bank',
  run,
};
export default row;
