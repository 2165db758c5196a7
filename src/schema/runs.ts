/** Runs and their timelines, for admins: what happened, stage by stage. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import { z } from 'zod';
import { searchSchema } from '../books/text.ts';
import { events, runs } from '../db/tables/engine.ts';
import { batched } from '../db/batched.ts';
import { startEventId } from '../streams/delivery.ts';
import { RETRYING } from '../streams/failure.ts';
import { readTrail } from '../streams/trail.ts';
import type { Context } from './context.ts';
import { builder } from './builder.ts';
import { hidePersonal } from './disclosure.ts';
import { BadIdError } from './errors.ts';
import { progressOf } from './progress.ts';
import { RunCall, RunWaits } from './run-trail.ts';
import { traceOfUuid } from './trace-id.ts';

const TIMELINE_MAX = 200;
const RUN_ID_CHARS_MAX = 200;
export const runIdSchema = searchSchema(RUN_ID_CHARS_MAX);

const failedPayload = z.object({ error: z.string() });

export type RunRow = typeof runs.$inferSelect;
export type EventRow = typeof events.$inferSelect;

/** One run by its id. */
export const runOf = batched<Context, RunRow>(async ({ db }, ids) => {
  const rows = await db.select().from(runs).where(inArray(runs.id, ids));
  return new Map(rows.map((run) => [run.id, run]));
});

/**
 * The first events of a run, oldest first: the one that started it, which another run or nobody returned, its own about its
 * subject, and the last one, which may be about another.
 */
const timelineOf = batched<Context, EventRow[]>(async ({ db }, ids) => {
  const rows = await db
    .select()
    .from(events)
    .where(
      sql`${events.id} in (
        select e.id from run r cross join lateral (
          select id from (
            select id from event where subject = r.subject and run_id = r.id
            union select id from event where subject = r.subject
              and id = case when r.id ~ '/[0-9]{1,18}$' then split_part(r.id, '/', 2)::bigint end
            union select id from event where id = r.at_event_id and run_id = r.id
          ) own order by id limit ${TIMELINE_MAX}) e
        where r.id in ${ids})`,
    )
    .orderBy(asc(events.id));
  const byRun = Map.groupBy(rows, ({ runId }) => runId ?? '');
  const byNumber = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    ids.map((id) => {
      const own = byRun.get(id) ?? [];
      const start = byNumber.get(startEventId(id));
      // What starts a run is about its subject; its own last event may be about another.
      const isOurs = start !== undefined && (own[0]?.subject ?? start.subject) === start.subject;
      return [id, isOurs && !own.includes(start) ? [start, ...own] : own];
    }),
  );
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
    number: t.field({
      type: 'SafeInt',
      description: 'Its number among all events; `discloseEvent` wants it.',
      resolve: ({ id }) => id,
    }),
    type: t.exposeString('type', { description: 'What happened, such as `payment.captured`.' }),
    seq: t.exposeInt('seq', { nullable: true, description: 'Its number among the events of the subject.' }),
    stage: t.exposeString('stage', { nullable: true, description: 'The stage that returned it; null for the first.' }),
    attempts: t.exposeInt('attempts', { nullable: true, description: 'How many tries the stage took.' }),
    durationMs: t.exposeInt('durationMs', { nullable: true, description: 'How long its last try took.' }),
    calls: t.field({
      type: [RunCall],
      description: 'What the stage asked of the outside on the way to it, oldest first, the last 20.',
      resolve: ({ trail }) => readTrail(trail)?.calls ?? [],
    }),
    waits: t.field({
      type: RunWaits,
      nullable: true,
      description: 'How often the stage was put off on the way to it; null for never.',
      resolve: ({ trail }) => readTrail(trail)?.waits ?? null,
    }),
    traceId: t.string({
      nullable: true,
      description:
        'The trace of the request that made it, as in `traceparent`: the id of the request where it told none. Null for what a stage made.',
      resolve: ({ traceId }) => traceId && traceOfUuid(traceId),
    }),
    at: t.expose('createdAt', { type: 'DateTime', description: 'When it was committed.' }),
    retryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'For a failed try: when the next is due.',
      resolve: (event) => progressOf({ ...event, seq: event.seq ?? 0 }).retryAt,
    }),
    deliveries: t.int({
      description:
        'To how many live subscriptions the process that answers has handed it; it remembers its last 20,000 events.',
      resolve: ({ id }, _args, { live }) => live.delivered(id)?.count ?? 0,
    }),
    deliveredAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it did so last.',
      resolve: ({ id }, _args, { live }) => {
        const delivered = live.delivered(id);
        return delivered && new Date(delivered.lastAtMs);
      },
    }),
    error: t.string({
      nullable: true,
      description: 'For a failed try: why.',
      resolve: ({ type, payload }) =>
        type === RETRYING ? (failedPayload.safeParse(payload).data?.error ?? null) : null,
    }),
    payload: t.string({
      description: 'What it carries, as JSON text; what may be personal is hidden (see `discloseEvent`).',
      resolve: ({ payload }) => JSON.stringify(hidePersonal(payload)),
    }),
  }),
});

interface NextStep {
  stage: string;
  attempt: number;
  dueAt: Date | null;
  compensates: boolean;
}

const RunNext = builder.objectRef<NextStep>('RunNext').implement({
  description: 'What happens next in a run.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    stage: t.exposeString('stage', { description: 'This stage has its turn.' }),
    attempt: t.exposeInt('attempt', { description: 'Its first try, second try …; `flowGraph` tells how many it has.' }),
    dueAt: t.expose('dueAt', { type: 'DateTime', nullable: true, description: 'When; null for now.' }),
    compensates: t.exposeBoolean('compensates', { description: 'It undoes what it did.' }),
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
    calls: t.field({
      type: [RunCall],
      description: 'What the stage whose turn it is asked of the outside without coming to an event yet.',
      resolve: ({ trail }) => readTrail(trail)?.calls ?? [],
    }),
    waits: t.field({
      type: RunWaits,
      nullable: true,
      description: 'How often that stage was put off; null for never.',
      resolve: ({ trail }) => readTrail(trail)?.waits ?? null,
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last moved.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    next: t.field({
      type: RunNext,
      nullable: true,
      description: 'What happens next; null when it has ended or waits for somebody to decide.',
      resolve: ({ state, stage, failures, retryAt }) =>
        state === 'RUNNING' || state === 'COMPENSATING'
          ? { stage, attempt: failures + 1, dueAt: retryAt, compensates: state === 'COMPENSATING' }
          : null,
    }),
    timeline: t.field({
      type: [RunEvent],
      description: `Its events, oldest first, ${TIMELINE_MAX} at most.`,
      resolve: async (run, _args, context) => (await timelineOf(context, run.id)) ?? [],
    }),
  }),
});

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
