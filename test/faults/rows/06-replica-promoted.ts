/** Row 6: Redis dies and a replica that lags behind by 50 ms takes its place, without what it had not heard yet. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Database } from '../../../src/db/client.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { awaitWork } from '../harness/progress.ts';
import { type FaultProxy, startProxy } from '../harness/proxy.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { type FaultServer, startRedis } from '../harness/servers.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { pause, waitFor } from '../harness/wait.ts';

const LAG_MS = 50;

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const failovers = isShort ? 2 : 5;
  const purchases = isShort ? 200 : 2_000;
  const stack = await openStack(context, { purchases, throughProxies: true });
  const { database, proxies } = stack;
  if (!proxies) throw new Error('this row needs proxies');
  const other = context.keep(await startRedis(join(context.folder, 'second'), { isPersistent: false }));
  const link = context.keep(await startProxy(stack.redis.port));
  link.latencyMs = LAG_MS;
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  say(`${purchases} purchases, ${failovers} failovers to a replica ${LAG_MS} ms behind`);

  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(database, plan, { durationMs: failovers * 5_000, batch: 4 });
  let [master, replica] = [stack.redis, other];
  let missing = 0;
  for (let failover = 0; failover < failovers; failover++) {
    await follow(replica, master, link);
    await pause(random.whole(500, 2_500));
    await master.crash();
    missing += await promote(replica, database);
    proxies.redis.aim(replica.port);
    await awaitWork(database.sql, 30_000);
    await master.start();
    [master, replica] = [replica, master];
  }
  const acknowledged = await placing;
  await waitForRest(stack);
  const audit = await auditPurchases(database.sql, stack.booksPath, acknowledged);
  const streams = await withRedis(master.url, (redis) => auditStreams(redis, database.sql, KEY_PREFIX));
  return {
    injected: `${failovers} × kill -9 of Redis and promotion of a replica ${LAG_MS} ms behind`,
    figures: {
      ...audit.figures,
      'entries that the replicas had not heard of': missing,
      'entries compared at the end': streams.entries,
    },
    violations: [...audit.violations, ...streams.violations],
  };
}

/** Makes `replica` follow `master` over the slow link, and waits until it does. */
async function follow(replica: FaultServer, master: FaultServer, link: FaultProxy): Promise<void> {
  link.aim(master.port);
  await withRedis(replica.url, async (redis) => {
    await redis.call('REPLICAOF', '127.0.0.1', String(link.port));
    await waitFor('the replica to follow', 30_000, async () =>
      (await redis.info('replication')).includes('master_link_status:up'),
    );
  });
}

/** @returns how many stamped events the replica lacks at the moment it takes over */
async function promote(replica: FaultServer, { sql }: Database): Promise<number> {
  return withRedis(replica.url, async (redis) => {
    await redis.call('REPLICAOF', 'NO', 'ONE');
    const heads = await sql<{ stream: string; shard: number; last: string }[]>`
      select stream, shard, last_pub_seq as last from stream_head`;
    let missing = 0;
    for (const { stream, shard, last } of heads) {
      const [newest] = await redis.xrevrange(`${KEY_PREFIX}${stream}:${shard}`, '+', '-', 'COUNT', 1);
      const number = newest ? Number(newest[0].split('-')[0]) : 0;
      missing += Math.max(0, Number(last) - number);
    }
    return missing;
  });
}

async function withRedis<Result>(url: string, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(url);
  redis.on('error', () => {});
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const row: FaultRow = {
  row: 6,
  title: 'A lagging replica of Redis is promoted',
  promise: [1, 6],
  loadFull: '2,000 purchases, 2 workers, 5 failovers',
  loadShort: '200 purchases, 2 workers, 2 failovers',
  invariant: 'the lost tail is sent again, 0 missing',
  run,
};
export default row;
