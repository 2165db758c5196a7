/** Row 8: the networks to Redis, PostgreSQL and the gateway break in four ways, one after the other. */
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { awaitWork } from '../harness/progress.ts';
import type { FaultProxy } from '../harness/proxy.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams, countPending } from '../harness/stream-check.ts';
import { pause, waitFor } from '../harness/wait.ts';

const RECOVERY_MS_MAX = 3_000;
const FAULTS = ['cut', 'blackHole', 'loseReplies', 'latency'] as const;
const TARGETS = ['redis', 'postgres', 'gateway'] as const;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const purchases = isShort ? 150 : 3_000;
  const stack = await openStack(context, { purchases, throughProxies: true });
  const { database, proxies } = stack;
  if (!proxies) throw new Error('this row needs proxies');
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  const cases = TARGETS.flatMap((target) => FAULTS.map((fault) => ({ target, fault })));
  const chosen = isShort ? TARGETS.map((target) => ({ target, fault: random.pick(FAULTS) })) : [...cases, ...cases];
  say(
    `${purchases} purchases, ${chosen.length} faults: ${chosen.map((one) => `${one.target} ${one.fault}`).join(', ')}`,
  );

  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(database, plan, { durationMs: chosen.length * 4_000, batch: 5 });
  const recoveries: { name: string; ms: number }[] = [];
  for (const { target, fault } of chosen) {
    await pause(random.whole(200, 800));
    await breakFor(proxies[target], fault, random.whole(500, 3_000));
    const ms = await awaitWork(database.sql, 60_000);
    recoveries.push({ name: `${target} ${fault}`, ms });
  }
  const acknowledged = await placing;
  await waitForRest(stack, 180_000);
  const pending = await settledPending();
  const audit = await auditPurchases(database.sql, stack.booksPath, acknowledged);
  const streams = await auditStreams(stack.redisClient, database.sql, KEY_PREFIX);
  const slowest = recoveries.toSorted((a, b) => b.ms - a.ms)[0];
  const late = isShort ? [] : recoveries.filter(({ ms }) => ms > RECOVERY_MS_MAX);
  return {
    injected: `${chosen.length} faults: connections cut, black holes, lost replies, 200 ms each way, on each network`,
    figures: {
      ...audit.figures,
      'left pending': pending,
      'slowest recovery': slowest ? `${Math.round(slowest.ms)} ms (${slowest.name})` : 'none',
    },
    violations: [
      ...audit.violations,
      ...streams.violations,
      ...(pending > 0 ? [`${pending} entries were left pending`] : []),
      ...late.map(({ name, ms }) => `recovered from ${name} only after ${Math.round(ms)} ms`),
    ],
  };

  /** What was committed and not acknowledged is read again and dropped; that takes a moment after the last run. */
  async function settledPending(): Promise<number> {
    const count = () => countPending(stack.redisClient, database.sql, KEY_PREFIX);
    await waitFor('the last acknowledgement', 40_000, async () => (await count()) === 0).catch(() => {});
    return count();
  }
}

async function breakFor(proxy: FaultProxy, fault: (typeof FAULTS)[number], durationMs: number): Promise<void> {
  if (fault === 'latency') {
    proxy.latencyMs = 200;
    await pause(durationMs);
    proxy.latencyMs = 0;
    return;
  }
  proxy.mode = fault;
  await pause(durationMs);
  proxy.mode = 'pass';
}

const row: FaultRow = {
  row: 8,
  title: 'The networks to Redis, PostgreSQL and the gateway break',
  promise: [1, 2, 4],
  loadFull: '3,000 purchases, 2 workers, 24 faults of 0.5 to 3 s',
  loadShort: '150 purchases, 2 workers, 3 faults of 0.5 to 3 s',
  invariant: 'all processed, nothing left pending, recovery within 3 s of the end of each fault',
  run,
};
export default row;
