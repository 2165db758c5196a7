/** What is due later: retries, snoozes and compensations that wait for their time. For admins. */
import { z } from 'zod';
import { timers } from '../db/tables/engine.ts';
import { builder } from './builder.ts';
import { afterKey, decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { Run, runOf } from './runs.ts';

const Timer = builder.objectRef<typeof timers.$inferSelect>('Timer').implement({
  description: 'A delivery that is due later.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    dueAt: t.expose('dueAt', { type: 'DateTime', description: 'When.' }),
    stage: t.exposeString('stage', { description: 'To which stage.' }),
    compensates: t.boolean({
      description: 'The stage is to undo what it did.',
      resolve: ({ kind }) => kind === 'COMPENSATE',
    }),
    run: t.field({
      type: Run,
      nullable: true,
      description: 'The run that waits for it.',
      resolve: async ({ runId }, _args, context) => (await runOf(context, runId)) ?? null,
    }),
  }),
});

const TimerConnection = builder.connectionObject({ type: Timer, name: 'TimerConnection' }, { name: 'TimerEdge' });

builder.queryField('timers', (t) =>
  t.field({
    type: TimerConnection,
    description: 'Timers, the next one first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, { db }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.int()]));
      const rows = await db.query.timers.findMany({
        where: {
          RAW: (timer) =>
            afterKey(
              [
                [timer.dueAt, 'asc'],
                [timer.id, 'asc'],
              ],
              from && [new Date(from[0]), from[1]],
            ),
        },
        orderBy: { dueAt: 'asc', id: 'asc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (timer) => [timer.dueAt.getTime(), timer.id]);
    },
  }),
);
