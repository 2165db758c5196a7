/** `Subscription.runUpdates`: a run as it happens, for admins. */
import { sql } from 'drizzle-orm';
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { runs } from '../db/tables/engine.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { NotFoundError } from './errors.ts';
import { lastEventColumns, lastEventOf, lastEventRow } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { type Progress, progressOf } from './progress.ts';
import { Run, runIdSchema, runOf } from './runs.ts';

interface RunUpdate extends Progress {
  runId: string;
  type: string | null;
  durationMs: number | null;
}

const RunUpdateRef = builder.objectRef<RunUpdate>('RunUpdate').implement({
  carried: true,
  description: 'One event of a run, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', {
      description: 'The number of the event among those of the subject; other runs of the subject may lie between.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was committed.' }),
    type: t.exposeString('type', { nullable: true, description: 'What happened; null for the present state.' }),
    stage: t.exposeString('stage', { nullable: true, description: 'The stage that returned it.' }),
    attempts: t.exposeInt('attempts', { nullable: true, description: 'How many tries the stage has taken.' }),
    durationMs: t.exposeInt('durationMs', { nullable: true, description: 'How long its last try took.' }),
    retryAt: t.expose('retryAt', { type: 'DateTime', nullable: true, description: 'When the next try is due.' }),
    run: t.field({
      type: Run,
      description: 'The run as it is now.',
      resolve: async ({ runId }, _args, context) => {
        const run = await runOf(context, runId);
        if (!run) throw new NotFoundError('run');
        return run;
      },
    }),
  }),
});

builder.subscriptionField('runUpdates', (t) =>
  t.field({
    type: RunUpdateRef,
    description: 'A run as it happens. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      runId: t.arg.string({ required: true, description: 'The run.', validate: runIdSchema }),
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { runId, after }, context) => watchRun(context, runId, after ?? context.resumeAfter),
    resolve: shown,
  }),
);

async function watchRun(context: Context, runId: string, after: number | null) {
  const [run] = await context.db.select({ subject: runs.subject }).from(runs).where(eq(runs.id, runId));
  if (!run) throw new NotFoundError('run');
  const { db } = context;
  return openLive<RunUpdate>(context, {
    subject: run.subject,
    noun: 'run',
    after,
    owned: null,
    snapshot: async () => readSnapshot(db, runId),
    show: (event) =>
      event.runId === runId ? { ...progressOf(event), runId, type: event.type, durationMs: event.durationMs } : null,
  });
}

const snapshotRows = z.array(lastEventRow.extend({ runStage: z.string(), retryAt: z.coerce.date().nullable() }));

/** The run and the last seq of its subject in one statement. */
async function readSnapshot(db: Db, runId: string): Promise<RunUpdate | null> {
  const rows = await db.execute(sql`
    select r.stage as "runStage", r.retry_at as "retryAt", ${lastEventColumns}
    from run r left join ${lastEventOf(sql`r.subject`)} where r.id = ${runId}`);
  const row = snapshotRows.parse([...rows])[0];
  if (!row) return null;
  return { ...progressOf(row), stage: row.runStage, retryAt: row.retryAt, runId, type: null, durationMs: null };
}
