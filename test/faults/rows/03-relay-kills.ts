/**
 * Row 3: the process that leads the relay is killed, again and again, and meanwhile two rivals relay as if they led.
 *
 * The rivals stamp and append without ever asking for the leader's lock, which is what two leaders at once would do.
 */
import { eventTypes } from '../../../src/assemble.ts';
import { workflows } from '../../../src/consumers/index.ts';
import { streamKeys } from '../../../src/streams/index.ts';
import { createRegistry } from '../../../src/streams/registry.ts';
import { relayOnce, repairStreams } from '../../../src/streams/relay.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { findLeader } from '../harness/leader.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { quiet } from '../harness/log.ts';
import { observe } from '../harness/observer.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openRowRedis, openStack, type Stack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { pause, waitFor } from '../harness/wait.ts';

const RIVALS = 2;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const kills = isShort ? 3 : 20;
  const purchases = isShort ? 150 : 2_000;
  const stack = await openStack(context, { purchases });
  const workers = ['worker-1', 'worker-2', 'worker-3'].slice(0, isShort ? 2 : 3).map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  const streams = [...eventTypes, ...createRegistry(workflows).seats.map((seat) => seat.id)];
  const observer = context.keep(
    observe(
      openRowRedis(context, stack.redis.url),
      streams.map((stream) => streamKeys(KEY_PREFIX).key(stream, 0)),
    ),
  );
  const rivals = Array.from({ length: RIVALS }, () => context.keep(startRival(context, stack)));
  say(`${workers.length} workers and ${RIVALS} rivals, ${purchases} purchases, the leader killed ${kills} times`);

  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(stack.database, plan, { durationMs: kills * 3_000, batch: 3 });
  for (let kill = 0; kill < kills; kill++) {
    await pause(random.whole(50, 2_500));
    const victim = await waitFor('a leader among ours', 30_000, async () => {
      const pid = await findLeader(stack.database.sql);
      return workers.find((worker) => worker.pid === pid);
    });
    await victim.kill();
    await victim.start();
  }
  const acknowledged = await placing;
  await waitForRest(stack);
  for (const rival of rivals) await rival.stop();
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, acknowledged);
  const kept = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  const seen = await observer.judge();
  return {
    injected: `${kills} × kill -9 of the leading relay; ${RIVALS} rivals that stamp and append without leading`,
    figures: {
      ...audit.figures,
      'events seen by a subscriber': seen.events,
      'batches sent by rivals': rivals.reduce((total, rival) => total + rival.batches(), 0),
    },
    violations: [...audit.violations, ...kept.violations, ...seen.violations],
  };
}

/** A relay that never asks whether it leads. */
function startRival(context: FaultContext, { database, redis }: Stack) {
  const relay = {
    db: database.db,
    redis: openRowRedis(context, redis.url),
    keys: streamKeys(KEY_PREFIX),
    shard: 0,
    log: quiet,
    registry: createRegistry(workflows),
  };
  const stopping = new AbortController();
  let sent = 0;
  const relaying = (async () => {
    while (!stopping.signal.aborted) {
      if ((await relayOnce(relay)) > 0) sent += 1;
      else await repairStreams(relay);
      await pause(context.random.whole(0, 10));
    }
  })();
  relaying.catch(() => {});
  return {
    batches: () => sent,
    stop: async () => {
      stopping.abort();
      await relaying;
    },
  };
}

const row: FaultRow = {
  row: 3,
  title: 'The leading relay is killed, with rivals at work',
  promise: [1, 6],
  loadFull: '2,000 purchases, 3 workers, 2 rivals, 20 kills of whoever leads',
  loadShort: '150 purchases, 2 workers, 2 rivals, 3 kills of whoever leads',
  invariant: '0 holes, 0 duplicates, 0 inversions per aggregate, in PostgreSQL, in Redis and for a subscriber',
  run,
};
export default row;
