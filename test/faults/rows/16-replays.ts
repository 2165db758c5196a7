/**
 * Row 16: dead letters are replayed three times at once, and by workers that die in the middle of it.
 *
 * A stage after the pivot is parked because its event was damaged in storage. Once the event is mended, its run must be
 * carried to its end once, however often the letter is replayed.
 */
import { replayDeadLetter } from '../../../src/streams/index.ts';
import { HandClock, runToRest } from '../engine/hand-clock.ts';
import { type LocalEngine, openLocalEngine } from '../engine/local-shop.ts';
import { Tripwire } from '../engine/tripwire.ts';
import { auditPurchases, tell } from '../harness/invariants.ts';
import { placePurchases, planPurchases } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack, type Stack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';

const HOUR_MS = 3_600_000;
const PARKED_STAGE = 'purchase.fulfil';
const PARKED_STREAM = 'payment.captured';
const REPLAYS = 3;
/** Enough for a dead worker to be somewhere between reading its letter and acknowledging it. */
const PLACES_MAX = 120;
const PASSES_MAX = 200;

/** Works until the money is taken, damages the event that says so, and lets the stage after the pivot find it. */
async function parkFulfilment(stack: Stack, engine: LocalEngine, purchases: number): Promise<void> {
  const { redisClient: redis, database } = stack;
  const others = engine.consumers.filter((consumer) => consumer.seat.id !== PARKED_STAGE);
  let captured = 0;
  for (let passes = 0; captured < purchases && passes < PASSES_MAX; passes++) {
    await engine.relay();
    for (const consumer of others) {
      await consumer.createGroups();
      await consumer.read(engine.redis, 'NEW', null);
      await consumer.idle();
    }
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from event where type = ${PARKED_STREAM}`;
    captured = row?.count ?? 0;
  }
  await database.sql`update event set payload = '{}' where type = ${PARKED_STREAM}`;
  await redis.del(engine.keys.key(PARKED_STREAM, 0));
  await engine.relay();
  await engine.repair();
  await engine.runUntilIdle();
  await database.sql`
    update event set payload = jsonb_build_object('orderId', substr(subject, 7), 'status', 'PAID')
    where type = ${PARKED_STREAM}`;
}

async function replayAll(stack: Stack, clock: HandClock): Promise<{ letters: number; accepted: number }> {
  const { sql, db } = stack.database;
  const letters = await sql<{ id: string }[]>`select id from dead_letter where state = 'OPEN'`;
  const answers = await Promise.all(
    letters.flatMap(({ id }) =>
      Array.from({ length: REPLAYS }, (_, operator) =>
        db.transaction((tx) => replayDeadLetter(tx, { id, by: `operator ${operator}`, now: clock.now() })),
      ),
    ),
  );
  return { letters: letters.length, accepted: answers.filter((answer) => answer === 'REPLAYED').length };
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random } = context;
  const purchases = isShort ? 12 : 200;
  const crashes = isShort ? 3 : 40;
  const stack = await openStack(context, { purchases });
  const clock = new HandClock();
  const engine = context.keep(await openLocalEngine(stack, { clock }));
  const plan = planPurchases(stack.market, purchases, random, 0);
  await placePurchases(stack.database, plan);
  await parkFulfilment(stack, engine, purchases);
  const [parked] = await stack.database.sql<{ count: number }[]>`
    select count(*)::int as count from dead_letter where stage = ${PARKED_STAGE} and state = 'OPEN'`;
  const { letters, accepted } = await replayAll(stack, clock);
  for (let deaths = 0; deaths < crashes; deaths++) {
    const tripwire = new Tripwire(random.whole(1, PLACES_MAX));
    const victim = await openLocalEngine(stack, { clock, tripwire });
    const rest = runToRest(stack, victim, clock, HOUR_MS);
    rest.catch(() => {});
    await Promise.race([tripwire.tripped, rest]);
    await victim.kill();
    await engine.repair();
    await engine.takeOver();
  }
  for (const consumer of engine.consumers) consumer.mustReplay = true;
  await runToRest(stack, engine, clock, HOUR_MS);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, plan);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  const twice = await stack.database.sql<{ id: string }[]>`
    select reader_id || ' ' || edition_id as id from entitlement group by reader_id, edition_id having count(*) > 1`;
  return {
    injected: `${letters} dead letters, each replayed ${REPLAYS} times at once; ${crashes} deaths while they are worked on`,
    figures: { 'dead letters': letters, 'replays accepted': accepted, ...audit.figures },
    violations: [
      ...(parked?.count === purchases ? [] : [`${parked?.count ?? 0} of ${purchases} runs were parked`]),
      ...(accepted === letters ? [] : [`${accepted} replays of ${letters} letters were accepted`]),
      ...tell('books were given twice', twice, ({ id }) => id),
      ...audit.violations,
      ...streams.violations,
    ],
  };
}

const row: FaultRow = {
  row: 16,
  title: 'Dead letters are replayed three times at once and in the middle of deaths',
  promise: [2, 3],
  loadFull: '200 parked purchases, 40 deaths',
  loadShort: '12 parked purchases, 3 deaths',
  invariant: '0 duplicate effects; after the pivot a run is parked, never undone; all replayed runs end',
  run,
};
export default row;
