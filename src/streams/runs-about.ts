/**
 * The runs about a subject, found by its events: an index of their own would cost every run two entries, and they are
 * looked for by people and when something is cancelled or hurried, which is rare.
 *
 * A run is named after the event that started it, which is about the run's subject: so of each event it is known what
 * the run would be called that it started in a workflow, and whether there is one is a look at the primary key.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { FlowGraph } from './flow-graph.ts';

/** How a run may have begun. */
export interface Start {
  readonly workflow: string;
  /** The type of the event. (Default: any) */
  readonly on?: string;
}

/** A subject may have any number of events: the health of the house gets one a minute. */
const EVENTS_READ_MAX = 1_000;

/** What the declared workflows consume: all their stages, for under an older release another may have been the first. */
export const startsOf = ({ workflows }: FlowGraph): Start[] =>
  workflows.flatMap(({ name, stages }) => stages.flatMap(({ on }) => on.map((type) => ({ workflow: name, on: type }))));

/**
 * The rows of `run` that are about one of these subjects, as what a statement reads `from`. They are named by one of the
 * last 1,000 events of their subject: as the run that it started, or as the one that returned it, which finds runs of
 * workflows that nobody declares any more, and those that have only retried since.
 * @param starts in which ways; a run that began in another is found if a stage of it has returned an event
 */
export function runsAbout(subjects: readonly string[], starts: readonly Start[]): SQL {
  const names = sql`${sql.param([...new Set(subjects)])}::text[]`;
  const workflows = sql`${sql.param(starts.map(({ workflow }) => workflow))}::text[]`;
  const types = sql`${sql.param(starts.map(({ on }) => on ?? null))}::text[]`;
  // The limit of 1 keeps what else is asked of the runs outside: each is looked up by its key, whatever the planner thinks
  // of the other indexes.
  return sql`(
    select r.*
    from (
      select distinct named.id
      from unnest(${names}) as s(name)
      cross join lateral (
        select id, type, run_id from event where subject = s.name order by seq desc limit ${EVENTS_READ_MAX}) e
      cross join lateral (
        select w.name || '/' || e.id from unnest(${workflows}, ${types}) as w(name, type) where coalesce(w.type, e.type) = e.type
        union all select e.run_id where e.run_id is not null) as named(id)) n
    cross join lateral (select * from run where id = n.id limit 1) r
    where r.subject = any(${names}))`;
}
