/** Dead letters, for admins: what was parked, why, and the decision about it. */
import { z } from 'zod';
import { type DeadLetterAnswer, discardDeadLetter, replayDeadLetter } from '../streams/dead-letters.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { InvalidStateError, NotFoundError } from './errors.ts';
import { idOf } from './ids.ts';
import { afterKey, decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { Run, runOf } from './runs.ts';

export const DeadLetterState = builder.enumType('DeadLetterState', {
  description: 'What became of a dead letter.',
  values: {
    OPEN: { description: 'Nobody has decided yet.' },
    REPLAYED: { description: 'It was sent again.' },
    DISCARDED: { description: 'It was given up; its run ended as FAILED.' },
  } as const,
});

const DeadLetter = builder.drizzleNode('deadLetters', {
  name: 'DeadLetter',
  description: 'A delivery that ran out of attempts and has no other end, parked until somebody decides. For admins.',
  authScopes: { admin: 'operations:read' },
  id: { column: (letter) => letter.id, description: 'Opaque global id.' },
  fields: (t) => ({
    stage: t.exposeString('stage', { description: 'The stage that gave up.' }),
    reason: t.exposeString('reason', { description: 'ATTEMPTS_EXHAUSTED, TERMINAL, POISON or CRASHED.' }),
    error: t.exposeString('error', { description: 'What went wrong on the last try.' }),
    attempts: t.exposeInt('attempts', { description: 'How many tries it took.' }),
    payload: t.string({
      description: 'What was delivered, as JSON text.',
      resolve: ({ payload }) => JSON.stringify(payload),
    }),
    state: t.expose('state', { type: DeadLetterState, description: 'What became of it.' }),
    resolvedBy: t.exposeString('resolvedBy', { nullable: true, description: 'Who decided.' }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was parked.' }),
    run: t.field({
      type: Run,
      nullable: true,
      description: 'The run that stands still because of it.',
      resolve: async ({ runId }, _args, context) => (runId === null ? null : ((await runOf(context, runId)) ?? null)),
    }),
  }),
});

const DeadLetterConnection = builder.connectionObject(
  { type: DeadLetter, name: 'DeadLetterConnection' },
  { name: 'DeadLetterEdge' },
);

builder.queryField('deadLetters', (t) =>
  t.field({
    type: DeadLetterConnection,
    description: 'Dead letters, newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: { state: t.arg({ type: DeadLetterState, description: 'Only those in this state.' }), ...pageArgs(t) },
    resolve: async (_root, { state, first, after }, { db }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.uuid()]));
      const rows = await db.query.deadLetters.findMany({
        where: {
          ...(state ? { state } : {}),
          RAW: (letter) =>
            afterKey(
              [
                [letter.createdAt, 'desc'],
                [letter.id, 'desc'],
              ],
              from && [new Date(from[0]), from[1]],
            ),
        },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (letter) => [letter.createdAt.getTime(), letter.id]);
    },
  }),
);

builder.queryField('deadLetter', (t) =>
  t.drizzleField({
    type: DeadLetter,
    nullable: true,
    description: 'One dead letter. For admins.',
    authScopes: { admin: 'operations:read' },
    args: { id: t.arg.id({ required: true, description: 'Its id.' }).validate(idOf('DeadLetter')) },
    resolve: async (query, _root, { id }, { db }) =>
      (await db.query.deadLetters.findFirst(query({ where: { id } }))) ?? null,
  }),
);

addDecision(
  'replayDeadLetter',
  'Sends a dead letter again, with a fresh count of attempts. For admins.',
  replayDeadLetter,
);
addDecision('discardDeadLetter', 'Gives a dead letter up; its run ends as FAILED. For admins.', discardDeadLetter);

function addDecision(name: string, description: string, decide: typeof replayDeadLetter) {
  builder.relayMutationField(
    name,
    {
      inputFields: (t) => ({
        id: t.id({ required: true, description: 'The dead letter.' }).validate(idOf('DeadLetter')),
      }),
    },
    {
      description,
      authScopes: { admin: 'operations:write' },
      errors: { types: [NotFoundError, InvalidStateError] },
      resolve: async (_root, { input }, context) => {
        const by = signedIn(context).email;
        const answer = await context.commit((tx) => decide(tx, { id: input.id, by, now: context.clock.now() }));
        refuse(answer);
        return { letterId: input.id };
      },
    },
    {
      outputFields: (t) => ({
        deadLetter: t.drizzleField({
          type: DeadLetter,
          description: 'As it is now.',
          resolve: (query, { letterId }, _args, { db }) => findLetter(db, query({ where: { id: letterId } })),
        }),
      }),
    },
  );
}

async function findLetter(db: Context['db'], query: Parameters<Context['db']['query']['deadLetters']['findFirst']>[0]) {
  const letter = await db.query.deadLetters.findFirst(query);
  if (!letter) throw new NotFoundError('dead letter');
  return letter;
}

function refuse(answer: DeadLetterAnswer): void {
  if (answer === 'UNKNOWN') throw new NotFoundError('dead letter');
  if (answer === 'NOT_OPEN')
    throw new InvalidStateError('Somebody has decided about this dead letter already.', 'RESOLVED');
}
