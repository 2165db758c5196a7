/** Row 4: everything Redis holds is thrown away, again and again, while purchases flow. */
import { sql as statement } from 'drizzle-orm';
import type { Database } from '../../../src/db/client.ts';
import { workflows } from '../../../src/consumers/index.ts';
import { streamKeys } from '../../../src/streams/index.ts';
import { repairStreams, type RelayContext } from '../../../src/streams/relay.ts';
import { createRegistry } from '../../../src/streams/registry.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { quiet } from '../harness/log.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack, type Stack } from '../harness/stack.ts';
import { auditStreams, findHoles } from '../harness/stream-check.ts';
import { pause } from '../harness/wait.ts';

const REPLAY_EVENTS = 60_000;
const REPLAY_PER_SECOND_MIN = 20_000;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const purchases = isShort ? 200 : 3_000;
  const flushes = isShort ? 8 : 90;
  const stack = await openStack(context, { purchases });
  const { database, redisClient } = stack;
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  say(`${purchases} purchases, ${flushes} times FLUSHALL`);

  const gapMs = isShort ? 400 : 600;
  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(database, plan, { durationMs: flushes * gapMs, batch: 5 });
  const holes: string[] = [];
  for (let flush = 0; flush < flushes; flush++) {
    await pause(random.whole(20, 2 * gapMs - 20));
    // What the last flush left behind is looked at before the next one hides it.
    holes.push(...(await findHoles(redisClient, database.sql, KEY_PREFIX)));
    await redisClient.flushall();
  }
  const acknowledged = await placing;
  await waitForRest(stack);
  const audit = await auditPurchases(database.sql, stack.booksPath, acknowledged);
  const streams = await auditStreams(redisClient, database.sql, KEY_PREFIX);
  await Promise.all(workers.map((worker) => worker.stop()));
  const perSecond = isShort ? null : await measureReplay(stack);
  const tooSlow = perSecond !== null && perSecond < REPLAY_PER_SECOND_MIN;
  return {
    injected: `${flushes} × FLUSHALL at random instants`,
    figures: {
      ...audit.figures,
      'holes seen': holes.length,
      ...(perSecond !== null && { 'events replayed per second': perSecond }),
    },
    violations: [
      ...holes.slice(0, 3).map((hole) => `a hole in ${hole}`),
      ...audit.violations,
      ...streams.violations,
      ...(tooSlow ? [`replayed ${perSecond} events per second, fewer than ${REPLAY_PER_SECOND_MIN}`] : []),
    ],
  };
}

/** Stamped events of which Redis has none and no stage has finished any: how fast are they all there again? */
async function measureReplay({ database, redisClient }: Stack): Promise<number> {
  await storeStamped(database, REPLAY_EVENTS);
  await redisClient.flushall();
  const relay: RelayContext & { registry: unknown } = {
    db: database.db,
    redis: redisClient,
    keys: streamKeys(KEY_PREFIX),
    shard: 0,
    log: quiet,
    registry: createRegistry(workflows),
  };
  const startedAt = performance.now();
  const repaired = await repairStreams(relay);
  return Math.round(repaired / ((performance.now() - startedAt) / 1000));
}

async function storeStamped({ db }: Database, events: number): Promise<void> {
  await db.execute(statement`
    with added as (
      insert into event (shard, type, subject, seq, payload, created_at)
      select 0, 'replay.measured', 'measure:' || n, 1,
             jsonb_build_object('orderId', gen_random_uuid(), 'status', 'PENDING_PAYMENT'), now()
      from generate_series(1, ${events}::int) as n returning id
    )
    insert into outbox (shard, stream, event_ids, pub_seq, created_at)
    select 0, 'replay.measured', array[id], row_number() over (order by id), now() from added`);
  await db.execute(statement`
    insert into stream_head (stream, shard, last_pub_seq) values ('replay.measured', 0, ${events})`);
}

const row: FaultRow = {
  row: 4,
  title: 'Redis loses everything while purchases flow',
  promise: [1, 6],
  loadFull: '3,000 purchases, 2 workers, 90 × FLUSHALL; then 60,000 events replayed at once',
  loadShort: '200 purchases, 2 workers, 8 × FLUSHALL',
  invariant: 'streams without holes after each loss, 0 lost, replay of at least 20,000 events a second',
  run,
};
export default row;
