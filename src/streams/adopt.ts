/**
 * Adopting: carries on runs that an older release has left at a stage that this one does not have there.
 *
 * A stage may be renamed, or another put before it, while runs are under way: whoever reads their event now is not the
 * stage they wait for, and drops it as somebody else's. A run that has not moved for 30 s, for which no timer waits and
 * whose event belongs to another stage by now, is moved to that stage, and its event is delivered there.
 * Promise: harmless beside workers of the older release, for the inbox check lets one of the two go on.
 * Not here: runs that are being undone, or whose event nobody consumes any more; the health check tells of them.
 */
import { sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';
import type { Registry } from './registry.ts';

const STILL_MS_MIN = 30_000;
const ADOPT_MAX = 500;

/** @returns how many runs were adopted, 500 at most */
export async function adoptRuns<Services>(
  db: Pick<Db, 'execute'>,
  registry: Registry<Services>,
  now: Date,
): Promise<number> {
  const seats = registry.seats.map((seat) => ({
    workflow: seat.workflow.name,
    type: seat.stage.on.type,
    stage: seat.id,
  }));
  const stillSince = new Date(now.getTime() - STILL_MS_MIN).toISOString();
  const adopted = await db.execute(sql`
    with stray as (
      select r.id, r.shard, r.at_event_id, s.stage
      from run r
      join event e on e.id = r.at_event_id
      join jsonb_to_recordset(${JSON.stringify(seats)}::text::jsonb) as s(workflow text, type text, stage text)
        on s.workflow = r.workflow and s.type = e.type
      where r.ended_at is null and r.state = 'RUNNING' and r.stage <> s.stage and r.updated_at < ${stillSince}::timestamptz
        and not exists (select from timer t where t.run_id = r.id)
      order by r.id limit ${ADOPT_MAX}
      for update of r skip locked
    ), moved as (
      update run set stage = stray.stage, failures = 0, retry_at = ${now.toISOString()}::timestamptz,
        updated_at = ${now.toISOString()}::timestamptz
      from stray where run.id = stray.id returning run.id
    )
    insert into timer (due_at, shard, stage, run_id, event_id, kind)
    select ${now.toISOString()}::timestamptz, stray.shard, stray.stage, stray.id, stray.at_event_id, 'RUN'
    from stray join moved using (id)
    returning id`);
  return adopted.length;
}
