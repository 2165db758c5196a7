/**
 * Row 28: a rolling deploy. Real workers are drained and replaced one by one while purchases flow; then a workflow
 * whose stages were renamed and reordered takes over what its older release has left in flight.
 */
import type { Database } from '../../../src/db/client.ts';
import type { Clock } from '../../../src/streams/clock.ts';
import { appendEvents, createEngine, type Workflow } from '../../../src/streams/index.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { quiet } from '../harness/log.ts';
import { newerRelease, olderOrdered, olderRelease, type Outside } from '../harness/releases.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack, type Stack } from '../harness/stack.ts';
import { pause, waitFor, WaitedTooLongError } from '../harness/wait.ts';

const ADOPTION_TIMEOUT_MS = 70_000;

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, say } = context;
  const stack = await openStack(context, { purchases: isShort ? 100 : 1_000 });
  say('workers are drained and replaced one by one under load');
  const rolled = await rollWorkers(context, stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, rolled.acknowledged);
  say('a newer release of a workflow takes over what the older one left');
  const handed = await handOver(context, stack);
  return {
    injected: `${rolled.drains} × SIGTERM and replacement of a worker; a stage renamed and another put in between, with ${handed.inFlight} runs in flight`,
    figures: {
      ...audit.figures,
      'runs in flight at the hand-over': handed.inFlight,
      'of those lost': handed.lost,
      'parcels sent twice': handed.sentTwice,
    },
    violations: [...audit.violations, ...rolled.violations, ...handed.violations],
  };
}

async function rollWorkers(context: FaultContext, stack: Stack) {
  const { random, isShort } = context;
  const purchases = isShort ? 100 : 1_000;
  const rounds = isShort ? 1 : 5;
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all(workers.map((worker) => worker.start()));
  const plan = planPurchases(stack.market, purchases, random);
  const placing = placeOverTime(stack.database, plan, { durationMs: rounds * 6_000, batch: 5 });
  const endings: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const worker of workers) {
      await pause(random.whole(200, 1_000));
      endings.push(await worker.drain());
      await worker.start();
    }
  }
  const acknowledged = await placing;
  await waitForRest(stack);
  await Promise.all(workers.map((worker) => worker.stop()));
  const unclean = endings.filter((ending) => ending !== 'code 0');
  return {
    acknowledged,
    drains: endings.length,
    violations: unclean.length === 0 ? [] : [`${unclean.length} workers ended with ${unclean[0] ?? ''} when drained`],
  };
}

async function handOver(context: FaultContext, { database, redis }: Stack) {
  const { isShort, random } = context;
  const parcels = Array.from({ length: isShort ? 60 : 600 }, (_, index) => `p${index}`);
  const outside: Outside = { sent: new Map(), failing: new Set() };
  // A third cannot be sent and a third not even wrapped before the newer release is there.
  for (const parcel of parcels) {
    const chance = random.next();
    if (chance < 1 / 3) outside.failing.add(parcel);
    else if (chance < 2 / 3) outside.failing.add(`wrap ${parcel}`);
  }
  // A run is adopted once it has been still for 30 s; a short run does not wait for that.
  const aheadMs = isShort ? 40_000 : 0;
  const newerClock = { now: () => new Date(Date.now() + aheadMs) };
  const open = (workflows: Workflow<Outside>[], clock: Clock) =>
    createEngine({
      database,
      redisUrl: redis.url,
      keyPrefix: KEY_PREFIX,
      shards: 1,
      workflows,
      services: outside,
      log: quiet,
      clock,
    });
  const older = open([olderRelease], { now: () => new Date() });
  context.keep(older);
  older.start();
  await order(database, parcels.slice(0, -10));
  const free = parcels.slice(0, -10).filter((one) => !outside.failing.has(one) && !outside.failing.has(`wrap ${one}`));
  // Committed, not only sent: the newer release's clock takes what is under way for something left behind.
  const others = parcels.length - free.length;
  await waitFor('the first parcels', 30_000, async () => (await countOpenParcels(database, parcels.length)) <= others);
  const newer = open([newerRelease], newerClock);
  context.keep(newer);
  newer.start();
  await pause(1_000);
  await older.stop();
  // The last ones were ordered through an API of the older release, when nobody of it worked any more.
  await order(database, parcels.slice(-10));
  const inFlight = await countOpenParcels(database, parcels.length);
  outside.failing.clear();
  await waitFor('the end of every parcel', ADOPTION_TIMEOUT_MS, async () => {
    return (await countOpenParcels(database, parcels.length)) === 0;
  }).catch((error: unknown) => {
    if (!(error instanceof WaitedTooLongError)) throw error;
  });
  const lost = await countOpenParcels(database, parcels.length);
  const sentTwice = [...outside.sent.values()].filter((times) => times > 1).length;
  return {
    inFlight,
    lost,
    sentTwice,
    violations: [
      ...(lost > 0 ? [`${lost} of ${inFlight} runs that were in flight were never carried on`] : []),
      ...(sentTwice > 0 ? [`${sentTwice} parcels were sent twice`] : []),
    ],
  };
}

const order = (database: Database, parcels: readonly string[]) =>
  database.db.transaction((tx) =>
    appendEvents(
      tx,
      parcels.map((parcel) => olderOrdered.of({ parcel })),
      { now: new Date(), shards: 1 },
    ),
  );

async function countOpenParcels({ sql }: Database, ordered: number): Promise<number> {
  const [row] = await sql<{ sent: string }[]>`
    select count(distinct subject) as sent from event where type = 'parcel.sent'`;
  return ordered - Number(row?.sent ?? 0);
}

const row: FaultRow = {
  row: 28,
  title: 'A rolling deploy with older events in flight',
  promise: [1, 3],
  loadFull: '1,000 purchases with 2 workers drained in turn, 5 rounds; 600 runs of a workflow that changes under them',
  loadShort: '100 purchases with 2 workers drained in turn; 60 runs of a workflow that changes under them',
  invariant: '0 lost, 0 done twice, every drained worker ends cleanly',
  run,
};
export default row;
