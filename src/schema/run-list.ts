/**
 * `Query.runs`: the runs that an admin looks for, the newest first.
 *
 * A page is read workflow by workflow along the index of each, and merged: it costs the same however many there are. What
 * is about a subject is found by the subject's events, and sorted.
 * `search` takes what a support person has at hand: the id of an order or an edition, a run, an e-mail address, or the trace
 * or the id of a request.
 */
import { desc, type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import { searchSchema } from '../books/text.ts';
import type { Db } from '../db/client.ts';
import { runs } from '../db/tables/engine.ts';
import { runsAbout, startsOf } from '../streams/runs-about.ts';
import { builder } from './builder.ts';
import { readId } from './ids.ts';
import { decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { Run, RunState } from './runs.ts';
import { uuidOfTrace } from './trace-id.ts';

const SUBJECTS_MAX = 100;

const RunFilter = builder.inputType('RunFilter', {
  description: 'Which runs; all given conditions hold together.',
  fields: (t) => ({
    workflow: t.string({ description: 'Of this workflow.', validate: searchSchema(100).nullish() }),
    state: t.field({ type: RunState, description: 'In this state.' }),
    stage: t.string({ description: 'Whose turn it is, or whose it was last.', validate: searchSchema(200).nullish() }),
    subject: t.string({
      description: 'About this, such as `order:UUID`; those that its last 1,000 events tell of.',
      validate: searchSchema(200).nullish(),
    }),
    error: t.string({ description: 'Whose last error has these words.', validate: searchSchema(200).nullish() }),
    startedAfter: t.field({ type: 'DateTime', description: 'Begun at or after this.' }),
    startedBefore: t.field({ type: 'DateTime', description: 'Begun before this.' }),
    search: t.string({
      description:
        'About what has this id (global or UUID), or what a request with this id or trace (32 hex digits, or a whole `traceparent`) did; or this run’s id, or the last orders and editions of the account with this e-mail address.',
      validate: searchSchema(320).nullish(),
    }),
  }),
});

const RunConnection = builder.connectionObject({ type: Run, name: 'RunConnection' }, { name: 'RunEdge' });

builder.queryField('runs', (t) =>
  t.field({
    type: RunConnection,
    description: 'Runs, newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: { filter: t.arg({ type: RunFilter, description: 'Which runs.' }), ...pageArgs(t) },
    resolve: async (_root, { filter, first, after }, { db, flowGraph }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.string()]));
      const { subjects, runId } = await meantBy(db, filter ?? {});
      const wanted = sql.join(
        [
          sql`true`,
          ...conditionsOf(filter ?? {}),
          ...(runId ? [sql`r.id = ${runId}`] : []),
          ...(from ? [sql`(r.started_at, r.id) < (${new Date(from[0]).toISOString()}::timestamptz, ${from[1]})`] : []),
        ],
        sql` and `,
      );
      const newest = sql`order by r.started_at desc, r.id desc limit ${first + 1}`;
      const ofEach = (workflows: SQL) => sql`${workflows} cross join lateral (
        select r.id, r.started_at from run r where r.workflow = w.name and ${wanted} ${newest}) r`;
      const source = subjects
        ? sql`${runsAbout(subjects, startsOf(flowGraph))} r where ${wanted}`
        : ofEach(filter?.workflow ? sql`(values (${filter.workflow})) as w(name)` : WORKFLOWS);
      const rows = await db
        .select()
        .from(runs)
        .where(sql`${runs.id} in (select r.id from ${source} ${newest})`)
        .orderBy(desc(runs.startedAt), desc(runs.id));
      return pageOf(rows, first, after, (run) => [run.startedAt.getTime(), run.id]);
    },
  }),
);

/** Every workflow that ever ran, found by leaping along the index from one to the next. */
const WORKFLOWS = sql`(
  with recursive found as (
    select min(workflow) as name from run
    union all select (select min(workflow) from run where workflow > found.name) from found where name is not null)
  select name from found where name is not null) as w`;

/** States of which every run is in the index of those in trouble. */
const TROUBLED: ReadonlySet<string> = new Set(['COMPENSATING', 'FAILED', 'PARKED', 'CANCELLED']);

type Filter = {
  [Name in 'workflow' | 'state' | 'stage' | 'subject' | 'error' | 'search']?: string | null | undefined;
} & { startedAfter?: Date | null | undefined; startedBefore?: Date | null | undefined };

function conditionsOf({ workflow, state, stage, error, startedAfter, startedBefore }: Filter): SQL[] {
  return [
    ...(workflow ? [sql`r.workflow = ${workflow}`] : []),
    ...(state ? [sql`r.state = ${state}::run_state`] : []),
    ...(state && TROUBLED.has(state) ? [sql`r.is_troubled`] : []),
    ...(state === 'RUNNING' ? [sql`r.ended_at is null`] : []),
    ...(stage ? [sql`r.stage = ${stage}`] : []),
    ...(error ? [sql`position(lower(${error}) in lower(r.last_error)) > 0`] : []),
    ...(startedAfter ? [sql`r.started_at >= ${startedAfter.toISOString()}::timestamptz`] : []),
    ...(startedBefore ? [sql`r.started_at < ${startedBefore.toISOString()}::timestamptz`] : []),
  ];
}

/** What a filter looks for: runs about these subjects, or this run; neither when it may be any. */
interface Meant {
  subjects?: readonly string[];
  runId?: string;
}

async function meantBy(db: Pick<Db, 'execute'>, { subject, search }: Filter): Promise<Meant> {
  const found = search ? await find(db, search) : {};
  if (!subject) return found;
  return { ...found, subjects: found.subjects?.filter((one) => one === subject) ?? [subject] };
}

/** What a search text means; a text that names nothing finds nothing. */
async function find(db: Pick<Db, 'execute'>, text: string): Promise<Meant> {
  const id = traceIdIn(text) ?? readId(text)?.id;
  if (id !== undefined) return { subjects: await subjectsOf(db, id) };
  if (!text.includes('@')) return { runId: text };
  const rows = await db.execute<{ subject: string }>(sql`
    with owner as (select id from "user" where email = ${text.toLowerCase()})
    (select 'order:' || o.id as subject from "order" o join owner on o.buyer_id = owner.id
     order by o.created_at desc limit ${SUBJECTS_MAX})
    union all
    (select 'edition:' || e.id from edition e join owner on e.owner_id = owner.id
     order by e.created_at desc limit ${SUBJECTS_MAX})`);
  return { subjects: [...rows].map(({ subject }) => subject) };
}

/** The id of a request, an order or an edition; or a trace as `traceparent` writes it, alone or within the whole header. */
function traceIdIn(text: string): string | undefined {
  const digits = /^(?:[\da-f]{2}-)?([\da-f]{32})(?:-[\da-f]{16}-[\da-f]{2})?$/i.exec(text)?.[1];
  return z.guid().safeParse(digits === undefined ? text : uuidOfTrace(digits)).data;
}

/** What an id can be the subject of, and what the requests of a trace began. */
async function subjectsOf(db: Pick<Db, 'execute'>, id: string): Promise<string[]> {
  const rows = await db.execute<{ subject: string }>(
    sql`select distinct subject from event where trace_id = ${id}::uuid limit ${SUBJECTS_MAX}`,
  );
  const kinds = ['order', 'edition', 'refund', 'payout', 'dispute', 'upload', 'webhook'];
  return [...kinds.map((kind) => `${kind}:${id}`), ...[...rows].map(({ subject }) => subject)];
}
