/**
 * Runs: one row per instance of a workflow, and the inbox check that makes every delivery count once.
 *
 * Promise: a run is carried on from an event at most once, however often the event is delivered: `at_event_id` is the
 * only event it accepts, and it changes in the commit that stores the effect.
 * Not here: the inbox rule itself (decide.ts), what happens to a run whose stage failed (failure.ts).
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { rowsOf } from '../db/rows.ts';
import { admitted, type RunSnapshot, type RunState } from './decide.ts';
import type { Delivery } from './delivery.ts';
import { isRunTaken } from './errors.ts';
import { shardOf } from './outbox.ts';
import type { Seat } from './registry.ts';
import { runsAbout } from './runs-about.ts';
import { readTrail } from './trail.ts';

type Executor = Pick<Tx, 'execute'>;

/** A delivery that the inbox check let through, and its run. */
export interface Member {
  readonly delivery: Delivery;
  readonly claimed: RunSnapshot;
}

/** Inserts the runs that these deliveries start; those that exist already stay as they are. */
export async function openRuns<Services>(
  tx: Executor,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
  options: { now: Date; shards: number },
): Promise<void> {
  const starting = deliveries.filter((delivery) => delivery.startsRun);
  if (starting.length === 0) return;
  const now = options.now.toISOString();
  const rows = starting
    .map((delivery) => ({
      id: delivery.runId,
      subject: delivery.subject,
      shard: shardOf(delivery.subject, options.shards),
      event_id: delivery.eventId,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  await tx.execute(sql`
    insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at)
    select d.id, ${seat.workflow.name}, d.subject, d.shard, 'RUNNING', ${seat.id}, d.event_id,
           ${now}::timestamptz, ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as d(id text, subject text, shard smallint, event_id bigint)
    on conflict (id) do nothing`);
}

/**
 * The inbox check: which of these deliveries may still be worked on.
 * @param lock true inside the commit: the rows are locked, in the order of their ids, until it ends
 * @returns those let through; what is missing is a duplicate, or its run has ended, or it waits for a later retry
 */
export async function claimRuns<Services>(
  tx: Executor,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
  lock: boolean,
): Promise<Member[]> {
  const ids = [...new Set(deliveries.map((delivery) => delivery.runId))];
  const found = await tx.execute<{
    id: string;
    state: RunState;
    stage: string;
    at_event_id: string;
    failures: number;
    is_waiting: boolean;
    trail: unknown;
  }>(sql`
    select r.id, r.state, r.stage, r.at_event_id, r.failures, r.retry_at is not null as is_waiting, r.trail
    from run r where r.id = any(${sql.param(ids)}::text[])
    order by r.id
    ${lock ? sql`for update of r` : sql``}`);
  const runs = new Map(
    [...found].map((row) => [
      row.id,
      {
        runId: row.id,
        state: row.state,
        stage: row.stage,
        atEventId: Number(row.at_event_id),
        failures: row.failures,
        isWaiting: row.is_waiting,
        trail: readTrail(row.trail),
      },
    ]),
  );
  return admitted(runs, deliveries, seat.id);
}

/** Where a run goes after its stage succeeded. */
export interface RunAdvance {
  readonly runId: string;
  /** The event it is now at. */
  readonly eventId: number;
  /** The stage whose turn it is, or the stage that ended it. */
  readonly stage: string;
  readonly state: 'RUNNING' | 'COMPLETED';
}

/** Carries locked runs on, in one statement. */
export async function advanceRuns(tx: Executor, advances: readonly RunAdvance[], now: Date): Promise<void> {
  if (advances.length === 0) return;
  await tx.execute(updateOf(advances, now).update);
}

/**
 * Carries runs on that were not locked before, if each of them still stands where its delivery found it and has never
 * failed there: the inbox check (decide.ts) and the step in one statement.
 * @throws NotStraightError when one does not; the transaction must be rolled back and the check made first
 */
export async function advanceStraight<Services>(
  tx: Executor,
  seat: Seat<Services>,
  advances: readonly (RunAdvance & { fromEventId: number })[],
  now: Date,
): Promise<void> {
  const { update, of } = updateOf(advances, now);
  const [moved] = await tx.execute<{ count: number }>(sql`
    with moved as (
      ${update} and r.at_event_id = ${of('from_event_id')} and r.stage = ${seat.id} and r.state = 'RUNNING'
        and r.retry_at is null and r.failures = 0
      returning 1
    ) select count(*)::int as count from moved`);
  refuseUnlessAll(moved?.count ?? 0, advances.length);
}

/**
 * Stores runs that begin here and have passed their first stage already.
 * @throws NotStraightError when one of them has begun before; the transaction must be rolled back
 */
export async function insertStraight<Services>(
  tx: Executor,
  seat: Seat<Services>,
  starting: readonly (RunAdvance & { subject: string })[],
  { now, shards }: { now: Date; shards: number },
): Promise<void> {
  const at = now.toISOString();
  const sorted = starting.toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
  const { from, of } = rowsOf({
    id: ['text', sorted.map(({ runId }) => runId)],
    subject: ['text', sorted.map(({ subject }) => subject)],
    shard: ['smallint', sorted.map(({ subject }) => shardOf(subject, shards))],
    state: ['run_state', sorted.map(({ state }) => state)],
    stage: ['text', sorted.map(({ stage }) => stage)],
    event_id: ['bigint', sorted.map(({ eventId }) => eventId)],
  });
  // Not with `on conflict`: to be able to step back from a row costs each of them a record of its own in the WAL.
  await tx
    .execute(sql`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at, ended_at)
      select ${of('id')}, ${seat.workflow.name}, ${of('subject')}, ${of('shard')}, ${of('state')}, ${of('stage')},
             ${of('event_id')}, ${at}::timestamptz, ${at}::timestamptz,
             case when ${of('state')} = 'COMPLETED' then ${at}::timestamptz end
      from ${from}`)
    .catch((error: unknown) => {
      throw isRunTaken(error) ? new NotStraightError('a run that should begin here has begun') : error;
    });
}

/** A run does not stand where its delivery found it: a duplicate, a retry or somebody faster. */
export class NotStraightError extends Error {
  override readonly name = 'NotStraightError';
  readonly code = 'NOT_STRAIGHT';
}

function refuseUnlessAll(count: number, wanted: number): void {
  if (count !== wanted) throw new NotStraightError(`${count} of ${wanted} runs stand where they should`);
}

/** The update of runs as `r`, up to its condition, which joins them to the rows `d`. */
function updateOf(advances: readonly (RunAdvance & { fromEventId?: number })[], now: Date) {
  const { from, of } = rowsOf({
    id: ['text', advances.map(({ runId }) => runId)],
    from_event_id: ['bigint', advances.map(({ fromEventId }) => fromEventId ?? null)],
    event_id: ['bigint', advances.map(({ eventId }) => eventId)],
    stage: ['text', advances.map(({ stage }) => stage)],
    state: ['run_state', advances.map(({ state }) => state)],
  });
  const at = sql`${now.toISOString()}::timestamptz`;
  const update = sql`
    update run r
    set at_event_id = ${of('event_id')}, stage = ${of('stage')}, state = ${of('state')}, failures = 0, retry_at = null,
        last_error = null, trail = null, updated_at = ${at},
        ended_at = case when ${of('state')} = 'COMPLETED' then ${at} end
    from ${from}
    where r.id = d.id`;
  return { update, of };
}

/**
 * Stops the open runs of a workflow about a subject; what is in work on them finds its commit refused. A run that was
 * asked for and has not begun yet is stored as cancelled, so that it never begins.
 * @param options.startedBy the event type that starts a run of the workflow
 * @returns false when there was nothing to stop
 */
export async function cancelRun(
  tx: Executor,
  options: { workflow: string; startedBy: string; subject: string; now: Date },
): Promise<boolean> {
  const { workflow, startedBy, subject } = options;
  const now = options.now.toISOString();
  const kept = await tx.execute(sql`
    insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at, ended_at)
    select ${workflow} || '/' || e.id, ${workflow}, e.subject, e.shard, 'CANCELLED', ${workflow}, e.id,
           ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from event e where e.subject = ${subject} and e.type = ${startedBy} order by e.seq desc limit 1
    on conflict (id) do nothing
    returning id`);
  // The row itself is asked too: it may have moved since.
  const cancelled = await tx.execute(sql`
    update run set state = 'CANCELLED', retry_at = null, updated_at = ${now}::timestamptz, ended_at = ${now}::timestamptz
    from ${runsAbout([subject], [{ workflow, on: startedBy }])} r
    where r.workflow = ${workflow} and r.state in ('RUNNING', 'PARKED')
      and run.id = r.id and run.state in ('RUNNING', 'PARKED')
    returning run.id`);
  return kept.length + cancelled.length > 0;
}
