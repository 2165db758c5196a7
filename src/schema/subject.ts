/** What ever happened to one thing: its events in order, its runs, and how it stood after any of them. For admins. */
import { desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { searchSchema } from '../books/text.ts';
import { events, runs } from '../db/tables/engine.ts';
import { runsAbout, startsOf } from '../streams/runs-about.ts';
import { builder } from './builder.ts';
import { hidePersonal } from './disclosure.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { Run, RunEvent } from './runs.ts';

const RUNS_SHOWN = 50;
const SUBJECT_CHARS_MAX = 200;

interface SubjectShape {
  name: string;
  lastSeq: number;
}

const SubjectEventConnection = builder.connectionObject(
  { type: RunEvent, name: 'SubjectEventConnection' },
  { name: 'SubjectEventEdge' },
);

const Subject = builder.objectRef<SubjectShape>('Subject').implement({
  description: 'What events are about: an order, an edition and the like.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `order:UUID`.' }),
    lastSeq: t.exposeInt('lastSeq', { description: 'The number of its last event.' }),
    events: t.field({
      type: SubjectEventConnection,
      description: 'Everything that happened to it, the first event first.',
      args: pageArgs(t),
      resolve: async ({ name }, { first, after }, { db }) => {
        const [fromSeq] = decodeCursor(after, z.tuple([z.int()])) ?? [0];
        const rows = await db
          .select()
          .from(events)
          .where(sql`${events.subject} = ${name} and ${events.seq} > ${fromSeq}`)
          .orderBy(events.seq)
          .limit(first + 1);
        return pageOf(rows, first, after, ({ seq }) => [seq]);
      },
    }),
    state: t.string({
      description:
        'How it stood after an event, as JSON text: all that its events had told by then, the later over the earlier; what may be personal is hidden.',
      args: {
        at: t.arg.int({
          description: 'After the event with this seq. (Default: now)',
          validate: z.number().min(1).nullish(),
        }),
      },
      resolve: async ({ name, lastSeq }, { at }, { db }) => {
        const [row] = await db.execute<{ state: unknown }>(sql`
          select coalesce(jsonb_object_agg(key, value order by seq), '{}') as state
          from event, jsonb_each(payload) where subject = ${name} and seq <= ${at ?? lastSeq}`);
        return JSON.stringify(hidePersonal(row?.state ?? {}));
      },
    }),
    runs: t.field({
      type: [Run],
      description: `Its last ${RUNS_SHOWN} runs, the newest first.`,
      resolve: ({ name }, _args, { db, flowGraph }) =>
        db
          .select()
          .from(runs)
          .where(
            sql`${runs.id} in (
              select r.id from ${runsAbout([name], startsOf(flowGraph))} r
              order by r.started_at desc, r.id desc limit ${RUNS_SHOWN})`,
          )
          .orderBy(desc(runs.startedAt), desc(runs.id)),
    }),
  }),
});

builder.queryField('subject', (t) =>
  t.field({
    type: Subject,
    nullable: true,
    description: 'What ever happened to one thing; null when nothing did. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      name: t.arg.string({
        required: true,
        description: 'Such as `order:UUID`.',
        validate: searchSchema(SUBJECT_CHARS_MAX),
      }),
    },
    resolve: async (_root, { name }, { db }) => {
      const [last] = await db
        .select({ seq: events.seq })
        .from(events)
        .where(eq(events.subject, name))
        .orderBy(desc(events.seq))
        .limit(1);
      return last ? { name, lastSeq: last.seq } : null;
    },
  }),
);
