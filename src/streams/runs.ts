/**
 * Runs: one row per instance of a workflow, and the inbox check that makes every delivery count once.
 *
 * Promise: a run is carried on from an event at most once, however often the event is delivered: `at_event_id` is the
 * only event it accepts, and it changes in the commit that stores the effect.
 * Not here: the inbox rule itself (decide.ts), what happens to a run whose stage failed (failure.ts).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { rowsOf } from '../db/rows.ts';
import { admitted, type RunSnapshot, type RunState } from './decide.ts';
import type { Delivery } from './delivery.ts';
import { shardOf, type Steps } from './outbox.ts';
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

/** Are there runs for all of these deliveries? */
export async function haveBegun(db: Executor, deliveries: readonly Delivery[]): Promise<boolean> {
  const ids = [...new Set(deliveries.map(({ runId }) => runId))];
  const [row] = await db.execute<{ begun: number }>(
    sql`select count(*)::int as begun from run where id = any(${sql.param(ids)}::text[])`,
  );
  return row?.begun === ids.length;
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
  const { from, of } = rowsOf({
    id: ['text', advances.map(({ runId }) => runId)],
    event_id: ['bigint', advances.map(({ eventId }) => eventId)],
    stage: ['text', advances.map(({ stage }) => stage)],
    state: ['run_state', advances.map(({ state }) => state)],
  });
  await tx.execute(sql`
    update run r set ${onward({ id: of('event_id'), stage: of('stage'), state: of('state') }, now)}
    from ${from}
    where r.id = ${of('id')}`);
}

/** What changes in a run `r` that is carried on. */
const onward = ({ id, stage, state }: { id: SQL; stage: SQL; state: SQL }, now: Date): SQL => {
  const at = sql`${now.toISOString()}::timestamptz`;
  return sql`
    at_event_id = ${id}, stage = ${stage}, state = ${state}, failures = 0, retry_at = null, last_error = null,
    trail = null, updated_at = ${at}, ended_at = case when ${state} = 'COMPLETED' then ${at} end`;
};

/** Where a run goes with an event that is being stored. */
export interface RunStep extends Pick<RunAdvance, 'stage' | 'state'> {
  /** What the run is about. */
  readonly subject: string;
  /** The event that the run must stand at; null when the event carries no run on. */
  readonly fromEventId: number | null;
}

/**
 * Carries runs on that were not locked before, in the statement that stores their events: each that still stands where its
 * delivery found it and has neither failed nor waited there. It is the inbox check (decide.ts) and the step in one.
 * @param steps one for each event, whose `run_id` names the run
 */
export function advanceStraight<Services>(seat: Seat<Services>, steps: readonly RunStep[], now: Date): Steps {
  return {
    columns: columnsOf(steps),
    count: countOf(steps),
    move: ({ id, of }) => sql`
      update run r set ${onward({ id, stage: of('next_stage'), state: of('next_state') }, now)}
      from d
      where r.id = ${of('run_id')} and r.at_event_id = ${of('from_event_id')} and r.stage = ${seat.id}
        and r.state = 'RUNNING' and r.retry_at is null and r.failures = 0 and r.trail is null
      returning 1`,
  };
}

/**
 * Stores runs that begin here and have passed their first stage already, in the statement that stores their events. That
 * statement fails on `run_pkey` when one of them has begun before.
 */
export function beginStraight<Services>(
  seat: Seat<Services>,
  steps: readonly RunStep[],
  { now, shards }: { now: Date; shards: number },
): Steps {
  const at = sql`${now.toISOString()}::timestamptz`;
  return {
    columns: {
      ...columnsOf(steps),
      run_subject: ['text', steps.map(({ subject }) => subject)],
      run_shard: ['smallint', steps.map(({ subject }) => shardOf(subject, shards))],
    },
    count: countOf(steps),
    // Not with `on conflict`: to be able to step back from a row costs each of them a record of its own in the WAL.
    move: ({ id, of }) => sql`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at, ended_at)
      select ${of('run_id')}, ${seat.workflow.name}, ${of('run_subject')}, ${of('run_shard')}, ${of('next_state')},
             ${of('next_stage')}, ${id}, ${at}, ${at}, case when ${of('next_state')} = 'COMPLETED' then ${at} end
      from d where ${of('from_event_id')} is not null order by 1
      returning 1`,
  };
}

const countOf = (steps: readonly RunStep[]): number => steps.filter(({ fromEventId }) => fromEventId !== null).length;

const columnsOf = (steps: readonly RunStep[]) =>
  ({
    from_event_id: ['bigint', steps.map(({ fromEventId }) => fromEventId)],
    next_stage: ['text', steps.map(({ stage }) => stage)],
    next_state: ['run_state', steps.map(({ state }) => state)],
  }) as const;

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
