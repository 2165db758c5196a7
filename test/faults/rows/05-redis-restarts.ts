/** Row 5: Redis is killed and comes back empty while purchases flow. */
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { awaitWork } from '../harness/progress.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams, findHoles } from '../harness/stream-check.ts';
import { pause } from '../harness/wait.ts';

const RESUME_MS_MAX = 2_000;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const kills = isShort ? 2 : 10;
  const purchases = isShort ? 150 : 2_000;
  const stack = await openStack(context, { purchases });
  const { database, redisClient } = stack;
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  say(`${purchases} purchases, Redis killed ${kills} times, without any persistence`);

  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(database, plan, { durationMs: kills * 5_000, batch: 5 });
  const resumedMs: number[] = [];
  const holes: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await pause(random.whole(200, 1_500));
    await stack.redis.crash();
    await pause(random.whole(50, 3_000));
    await stack.redis.start();
    resumedMs.push(await awaitWork(database.sql, 30_000));
    holes.push(...(await findHoles(redisClient, database.sql, KEY_PREFIX)));
  }
  const acknowledged = await placing;
  await waitForRest(stack);
  const audit = await auditPurchases(database.sql, stack.booksPath, acknowledged);
  const streams = await auditStreams(redisClient, database.sql, KEY_PREFIX);
  const slowest = Math.max(...resumedMs);
  return {
    injected: `${kills} × kill -9 of Redis, back empty after 0.05 to 3 s`,
    figures: { ...audit.figures, 'holes seen': holes.length, 'slowest resumption (ms)': Math.round(slowest) },
    violations: [
      ...holes.slice(0, 3).map((hole) => `a hole in ${hole}`),
      ...audit.violations,
      ...streams.violations,
      ...(!isShort && slowest > RESUME_MS_MAX ? [`work resumed only after ${Math.round(slowest)} ms`] : []),
    ],
  };
}

const row: FaultRow = {
  row: 5,
  title: 'Redis is killed and comes back empty',
  promise: [1, 6],
  loadFull: '2,000 purchases, 2 workers, 10 kills',
  loadShort: '150 purchases, 2 workers, 2 kills',
  invariant: '0 lost, streams without holes, work resumes within 2 s',
  run,
};
export default row;
