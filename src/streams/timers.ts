/**
 * Timers: deliveries that are due later, kept in PostgreSQL because Redis may forget.
 *
 * Life of a timer: planned in the commit that records why → fired here, once, by whichever worker comes first: deleted,
 * and its event put into the outbox for the stage's own stream in the same commit → sent by the relay.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { runsAbout } from './runs-about.ts';
import type { Trail } from './trail.ts';

export interface PlannedDelivery {
  readonly stage: string;
  readonly runId: string;
  readonly eventId: number;
  readonly kind: 'RUN' | 'COMPENSATE';
  readonly dueAt: Date;
  /** What the try did outside that is put off; null for nothing, or when an event tells it. (Default: null) */
  readonly trail?: Trail | null;
}

/** Plans deliveries, and marks their runs as waiting, so that an older delivery does not come first. */
export async function planDeliveries(tx: Pick<Tx, 'execute'>, planned: readonly PlannedDelivery[]): Promise<void> {
  if (planned.length === 0) return;
  const rows = planned.map((one) => ({
    stage: one.stage,
    run_id: one.runId,
    event_id: one.eventId,
    kind: one.kind,
    due_at: one.dueAt.toISOString(),
    trail: one.trail ?? null,
  }));
  const records = sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
    as d(stage text, run_id text, event_id bigint, kind text, due_at timestamptz, trail jsonb)`;
  await tx.execute(sql`update run r set retry_at = d.due_at, trail = d.trail from ${records} where r.id = d.run_id`);
  await tx.execute(sql`
    insert into timer (due_at, shard, stage, run_id, event_id, kind)
    select d.due_at, r.shard, d.stage, d.run_id, d.event_id, d.kind::delivery_kind
    from ${records} join run r on r.id = d.run_id`);
}

/**
 * Makes what waits in the runs of a workflow about these subjects due now: something has happened that is worth a look
 * before its time. A run that waits for nothing, or is being worked on, is left as it is.
 * @returns how many deliveries were hurried
 */
export async function hurryRuns(
  tx: Pick<Tx, 'execute'>,
  { workflow, subjects, now }: { workflow: string; subjects: readonly string[]; now: Date },
): Promise<number> {
  if (subjects.length === 0) return 0;
  const hurried = await tx.execute(sql`
    update timer t set due_at = ${now.toISOString()}::timestamptz
    from ${runsAbout(subjects, [{ workflow }])} r
    where r.workflow = ${workflow} and r.state = 'RUNNING'
      and t.run_id = r.id and t.kind = 'RUN' and t.due_at > ${now.toISOString()}::timestamptz
    returning t.id`);
  return hurried.length;
}

/** Also what one pack may hold. */
const FIRE_MAX = 500;

/**
 * Fires what is due, 500 timers at most.
 * @returns how many were fired; call again when it was 500
 */
export async function fireDueTimers(db: Pick<Tx, 'execute'>, now: Date): Promise<number> {
  const fired = await db.execute(sql`
    with due as (
      delete from timer where id in (
        select id from timer where due_at <= ${now.toISOString()}::timestamptz
        order by due_at limit ${FIRE_MAX} for update skip locked
      ) returning *
    ), freed as (
      update run set retry_at = null from due where run.id = due.run_id returning run.id
    ), packed as (
      insert into outbox (shard, stream, again, event_ids, created_at)
      select shard, stage, kind, array_agg(event_id order by event_id), ${now.toISOString()}::timestamptz
      from due group by shard, stage, kind
    )
    select id from due`);
  return fired.length;
}
