/** Runs and their timelines, for admins: what happened, stage by stage. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import { searchSchema } from '../books/text.ts';
import { events, runs } from '../db/tables/engine.ts';
import { batched } from '../db/batched.ts';
import type { Context } from './context.ts';
import { builder } from './builder.ts';
import { BadIdError } from './errors.ts';
import { afterKey, decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { progressOf } from './progress.ts';

const TIMELINE_MAX = 200;
const RUN_ID_CHARS_MAX = 200;
export const runIdSchema = searchSchema(RUN_ID_CHARS_MAX);

export type RunRow = typeof runs.$inferSelect;
export type EventRow = typeof events.$inferSelect;

/** One run by its id. */
export const runOf = batched<Context, RunRow>(async ({ db }, ids) => {
  const rows = await db.select().from(runs).where(inArray(runs.id, ids));
  return new Map(rows.map((run) => [run.id, run]));
});

/** The first events of a run, oldest first: those about its subject, and the last one, which may be about another. */
const timelineOf = batched<Context, EventRow[]>(async ({ db }, ids) => {
  const rows = await db
    .select()
    .from(events)
    .where(
      sql`${events.id} in (
        select e.id from run r cross join lateral (
          select id from (
            select id from event where subject = r.subject and run_id = r.id
            union select id from event where id = r.at_event_id and run_id = r.id
          ) own order by id limit ${TIMELINE_MAX}) e
        where r.id in ${ids})`,
    )
    .orderBy(asc(events.id));
  return Map.groupBy(rows, ({ runId }) => runId ?? '');
});

export const RunState = builder.enumType('RunState', {
  description: 'Where a run stands.',
  values: {
    RUNNING: { description: 'A stage has its turn, or waits for its next try.' },
    COMPENSATING: { description: 'What was done is being undone, newest first.' },
    COMPLETED: { description: 'It came to one of its ends.' },
    FAILED: { description: 'It failed for good.' },
    PARKED: { description: 'A dead letter waits for somebody to decide.' },
    CANCELLED: { description: 'Somebody took it back.' },
  } as const,
});

export const RunEvent = builder.objectRef<EventRow>('RunEvent').implement({
  description: 'One event of a run.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    type: t.exposeString('type', { description: 'What happened, such as `payment.captured`.' }),
    seq: t.exposeInt('seq', { nullable: true, description: 'Its number among the events of the subject.' }),
    stage: t.exposeString('stage', { nullable: true, description: 'The stage that returned it; null for the first.' }),
    attempts: t.exposeInt('attempts', { nullable: true, description: 'How many tries the stage took.' }),
    durationMs: t.exposeInt('durationMs', { nullable: true, description: 'How long its last try took.' }),
    at: t.expose('createdAt', { type: 'DateTime', description: 'When it was committed.' }),
    retryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'For a failed try: when the next is due.',
      resolve: (event) => progressOf({ ...event, seq: event.seq ?? 0 }).retryAt,
    }),
    payload: t.string({
      description: 'What it carries, as JSON text.',
      resolve: ({ payload }) => JSON.stringify(payload),
    }),
  }),
});

export const Run = builder.objectRef<RunRow>('Run').implement({
  description: 'One instance of a workflow.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    id: t.exposeString('id', { description: '`workflow/number of the event that started it`.' }),
    workflow: t.exposeString('workflow', { description: 'Such as `purchase`.' }),
    subject: t.exposeString('subject', { description: 'What it is about, such as `order:UUID`.' }),
    state: t.expose('state', { type: RunState, description: 'Where it stands.' }),
    stage: t.exposeString('stage', { description: 'The stage whose turn it is; the last one when it has ended.' }),
    failures: t.exposeInt('failures', { description: 'Failed tries of that stage so far.' }),
    retryAt: t.expose('retryAt', { type: 'DateTime', nullable: true, description: 'When the next try is due.' }),
    lastError: t.exposeString('lastError', { nullable: true, description: 'Why the last try failed.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last moved.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    timeline: t.field({
      type: [RunEvent],
      description: `Its events, oldest first, ${TIMELINE_MAX} at most.`,
      resolve: async (run, _args, context) => (await timelineOf(context, run.id)) ?? [],
    }),
  }),
});

const RunFilter = builder.inputType('RunFilter', {
  description: 'Which runs; all given conditions hold together.',
  fields: (t) => ({
    workflow: t.string({ description: 'Of this workflow.', validate: searchSchema(100).nullish() }),
    state: t.field({ type: RunState, description: 'In this state.' }),
    subject: t.string({ description: 'About this, such as `order:UUID`.', validate: searchSchema(200).nullish() }),
  }),
});

const RunConnection = builder.connectionObject({ type: Run, name: 'RunConnection' }, { name: 'RunEdge' });

builder.queryField('runs', (t) =>
  t.field({
    type: RunConnection,
    description: 'Runs, newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: { filter: t.arg({ type: RunFilter, description: 'Which runs.' }), ...pageArgs(t) },
    resolve: async (_root, { filter, first, after }, { db }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.string()]));
      const rows = await db.query.runs.findMany({
        where: {
          ...(filter?.workflow ? { workflow: filter.workflow } : {}),
          ...(filter?.state ? { state: filter.state } : {}),
          ...(filter?.subject ? { subject: filter.subject } : {}),
          RAW: (run) =>
            afterKey(
              [
                [run.startedAt, 'desc'],
                [run.id, 'desc'],
              ],
              from && [new Date(from[0]), from[1]],
            ),
        },
        orderBy: { startedAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (run) => [run.startedAt.getTime(), run.id]);
    },
  }),
);

builder.queryField('run', (t) =>
  t.field({
    type: Run,
    nullable: true,
    description: 'A run with its timeline. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      id: t.arg.string({ required: true, description: 'Its id, as `runs` gives it.' }),
    },
    resolve: async (_root, { id }, { db }) => {
      if (!runIdSchema.safeParse(id).success) throw new BadIdError('This is not the id of a run.');
      const [run] = await db
        .select()
        .from(runs)
        .where(and(eq(runs.id, id)));
      return run ?? null;
    },
  }),
);
