/**
 * Row 15: one event of a hundred cannot be worked on, whatever is tried.
 *
 * Two kinds: orders whose payload is not what the stage declares, in a workflow that has an end for failures; and
 * finished orders of a buyer whose mail is refused for ever, in one that has none. The same load runs without poison first.
 */
import { newId } from '../../../src/db/tables/columns.ts';
import { openLocalEngine } from '../engine/local-shop.ts';
import { auditEvents, tell } from '../harness/invariants.ts';
import { placePurchases, planPurchases, type Purchase } from '../harness/load.ts';
import { waitForRuns } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { pause, waitFor } from '../harness/wait.ts';

const POISON_EVERY = 100;
const SLOWDOWN_MAX = 1.5;
/** Below this, the difference is the machine's, not the poison's. */
const P99_MS_FLOOR = 100;
const REST_TIMEOUT_MS = 120_000;

/** An order that was never placed, and one that is no order at all. */
async function placePoison({ database: { sql } }: Stack, from: number, until: number): Promise<void> {
  for (let index = from; index < until; index++) {
    const orderId = index % 2 === 0 ? newId() : `no order ${newId()}`;
    const type = index % 4 < 2 ? 'order.completed' : 'order.placed';
    const payload = index % 2 === 0 ? { orderId, status: 'PENDING_PAYMENT' } : { nothing: orderId };
    await sql`
      with added as (
        insert into event (shard, type, subject, seq, payload, created_at)
        values (0, ${type}, ${`order:${orderId}`}, 1, ${sql.json(payload)}, now()) returning id
      )
      insert into outbox (shard, stream, event_ids) select 0, ${type}, array[id] from added`;
  }
}

async function placeAll(stack: Stack, purchases: readonly Purchase[], poison: number, durationMs: number) {
  const batch = 5;
  const batches = Math.ceil(purchases.length / batch);
  const startedAt = performance.now();
  let placed = 0;
  for (let index = 0; index < batches; index++) {
    await pause(Math.max(0, (index / batches) * durationMs - (performance.now() - startedAt)));
    await placePurchases(stack.database, purchases.slice(index * batch, (index + 1) * batch));
    const due = Math.floor(((index + 1) * poison) / batches);
    await placePoison(stack, placed, due);
    placed = due;
  }
}

/** Milliseconds from order to book, 99 of 100 within. */
async function p99Of({ database: { sql } }: Stack, purchases: readonly Purchase[]): Promise<number> {
  const ids = purchases.map(({ orderId }) => orderId);
  await waitFor('the end of every healthy purchase', REST_TIMEOUT_MS, async () => {
    const [row] = await sql<{ open: number }[]>`
      select count(*)::int as open from "order" where id in ${sql(ids)} and status <> 'COMPLETED'`;
    return row?.open === 0;
  });
  const [row] = await sql<{ p99: number }[]>`
    select percentile_disc(0.99) within group (order by took) as p99 from (
      select (extract(epoch from max(created_at) - min(created_at)) * 1000)::int as took from event
      where subject in ${sql(ids.map((id) => `order:${id}`))} and type in ('order.placed', 'order.completed')
      group by subject) as purchase`;
  return row?.p99 ?? Number.POSITIVE_INFINITY;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  // Slow enough that a purchase waits for nothing but its own work: only then does its time tell of the poison.
  const purchases = isShort ? 100 : 1_500;
  const durationMs = isShort ? 4_000 : 60_000;
  const poison = Math.max(8, Math.round(purchases / POISON_EVERY));
  const stack = await openStack(context, { purchases: purchases * 2 });
  const engine = context.keep(await openLocalEngine(stack));
  engine.start();
  const plan = planPurchases(stack.market, purchases * 2, random, 0);
  const healthy = plan.slice(0, purchases);
  const beside = plan.slice(purchases);
  say(`${purchases} purchases without poison`);
  await placeAll(stack, healthy, 0, durationMs);
  const baseline = await p99Of(stack, healthy);
  say(`${purchases} purchases and ${poison} poisonous events`);
  await placeAll(stack, beside, poison, durationMs);
  const poisoned = await p99Of(stack, beside);
  const { sql } = stack.database;
  await waitForRuns(stack);
  const letters = await sql<{ stage: string; count: number }[]>`
    select stage, count(*)::int as count from dead_letter group by stage order by stage`;
  const ends = await sql<{ state: string; count: number }[]>`
    select state::text, count(*)::int as count from run
    where subject not in (select 'order:' || id from "order") group by state order by state`;
  // Whoever plans webhooks has nothing to do for an order that nobody asked to be told of: no work was done on it.
  const [workedOn] = await sql<{ count: number }[]>`
    select count(*)::int as count from run
    where state = 'COMPLETED' and workflow not like 'webhooks-%' and subject not in (select 'order:' || id from "order")`;
  const poisonEnds = ends.reduce((sum, end) => sum + end.count, 0);
  const pendings = await pendingEntries(stack, engine.keys);
  const ratio = poisoned / Math.max(P99_MS_FLOOR, baseline);
  return {
    injected: `${poison} events of ${purchases + poison} that can never be worked on`,
    figures: {
      'p99 without (ms)': baseline,
      'p99 beside (ms)': poisoned,
      'dead letters': letters.map(({ stage, count }) => `${stage} ${count}`).join(', '),
      'poison ended': ends.map(({ state, count }) => `${state} ${count}`).join(', '),
    },
    violations: [
      ...(poisonEnds >= poison ? [] : [`${poison - poisonEnds} poisonous events have no run that ended`]),
      ...(letters.length > 0 ? [] : ['no poison was parked as a dead letter']),
      ...((workedOn?.count ?? 0) > 0 ? ['poison was worked on'] : []),
      ...tell('streams still hold poison that nobody finished', pendings, String),
      ...(!isShort && ratio > SLOWDOWN_MAX ? [`healthy p99 rose to ${ratio.toFixed(2)} times the baseline`] : []),
      ...(await auditEvents(sql)),
    ],
  };
}

async function pendingEntries(stack: Stack, keys: { key(stream: string, shard: number): string }): Promise<string[]> {
  const found: string[] = [];
  for (const [stream, group] of [
    ['order.placed', 'purchase.validate'],
    ['order.completed', 'receipt.send'],
  ] as const) {
    const [count] = await stack.redisClient.xpending(keys.key(stream, 0), group);
    if (Number(count) > 0) found.push(`${stream}: ${String(count)}`);
  }
  return found;
}

const row: FaultRow = {
  row: 15,
  title: 'One event of a hundred is poison',
  promise: [1, 3],
  loadFull: '1,500 purchases in a minute without poison, 1,500 beside 15 poisonous events',
  loadShort: '100 purchases without poison, 100 beside 8 poisonous events',
  invariant: 'healthy p99 ≤ 1.5 × baseline; all poison ends, parked as a dead letter or told as a failed run',
  run,
};
export default row;
