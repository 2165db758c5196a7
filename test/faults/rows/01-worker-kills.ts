/** Row 1: workers are killed while purchases flow, and the gateway loses some of its answers. */
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { waitForRest } from '../harness/rest.ts';
import { pause } from '../harness/wait.ts';

const REST_SECONDS_MAX = 30;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const purchases = isShort ? 150 : 2_000;
  const kills = isShort ? 3 : 20;
  const stack = await openStack(context, { purchases, gatewayFaults: { cutBefore: 0.02, cutAfter: 0.05 } });
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  const plan = planPurchases(stack.market, purchases, random);
  say(`${workers.length} workers, ${purchases} purchases, ${kills} kills`);

  let killsLeft = kills;
  let lastKillAt = 0;
  const loadMs = isShort ? 3_000 : 60_000;
  const placing = placeOverTime(stack.database, plan, { durationMs: loadMs, batch: 5 });
  while (killsLeft > 0) {
    await pause(random.whole(50, Math.round((1.2 * loadMs) / kills)));
    const victim = random.pick(workers);
    await victim.kill();
    lastKillAt = performance.now();
    killsLeft -= 1;
    await victim.start();
  }
  const acknowledged = await placing;
  const sinceKillMs = performance.now() - lastKillAt;
  const restSeconds = (sinceKillMs + (await waitForRest(stack))) / 1000;

  const audit = await auditPurchases(stack.database.sql, stack.booksPath, acknowledged);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  const late = !isShort && restSeconds > REST_SECONDS_MAX;
  return {
    injected: `${kills} × kill -9 of a worker; 7% of the gateway's calls cut, before or after they were booked`,
    figures: { ...audit.figures, 'seconds from the last kill to rest': restSeconds.toFixed(1) },
    violations: [
      ...audit.violations,
      ...streams.violations,
      ...(late ? [`the last purchase ended ${restSeconds.toFixed(1)} s after the last kill`] : []),
    ],
  };
}

const row: FaultRow = {
  row: 1,
  title: 'Workers are killed during purchases',
  promise: [1, 2, 3, 5],
  loadFull: '2,000 purchases, 2 workers, 20 kills',
  loadShort: '150 purchases, 2 workers, 3 kills',
  invariant: '0 lost, 0 charged twice, the ledger sums to 0, all done within 30 s of the last kill',
  run,
};
export default row;
