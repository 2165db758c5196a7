/** Dead letters, for admins: what was parked, why, and the decision about it. */
import { z } from 'zod';
import { searchSchema } from '../books/text.ts';
import {
  type DeadLetterAnswer,
  discardDeadLetter,
  parkedEvent,
  replayDeadLetter,
  replayEdited,
} from '../streams/dead-letters.ts';
import { stagesOfNoReturn } from '../streams/flow-graph.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { hidePersonal } from './disclosure.ts';
import { InvalidStateError, NotFoundError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { afterKey, decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { Run, runOf } from './runs.ts';

const PAYLOAD_CHARS_MAX = 65_536;
const DECIDED_MAX = 100;

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
    reason: t.exposeString('reason', { description: 'ATTEMPTS_EXHAUSTED, TERMINAL or CRASHED.' }),
    error: t.exposeString('error', { description: 'What went wrong on the last try.' }),
    attempts: t.exposeInt('attempts', { description: 'How many tries it took.' }),
    payload: t.string({
      description: 'What was delivered, as JSON text; what may be personal is hidden (see `discloseDeadLetter`).',
      resolve: ({ payload }) => JSON.stringify(hidePersonal(payload)),
    }),
    state: t.expose('state', { type: DeadLetterState, description: 'What became of it.' }),
    isOwed: t.boolean({
      description: 'There is no way back from where it stands: it can be replayed, not discarded.',
      resolve: ({ stage, kind }, _args, { flowGraph }) => kind === 'RUN' && stagesOfNoReturn(flowGraph).has(stage),
    }),
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
    args: {
      state: t.arg({ type: DeadLetterState, description: 'Only those in this state.' }),
      stage: t.arg.string({ description: 'Only those of this stage.', validate: searchSchema(200).nullish() }),
      ...pageArgs(t),
    },
    resolve: async (_root, { state, stage, first, after }, { db }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.uuid()]));
      const rows = await db.query.deadLetters.findMany({
        where: {
          ...(state ? { state } : {}),
          ...(stage ? { stage } : {}),
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

builder.relayMutationField(
  'replayDeadLetter',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The dead letter.' }).validate(idOf('DeadLetter')),
      payload: t.string({
        description: 'Another payload, as JSON text, about the same subject. (Default: as it was)',
        validate: z.string().max(PAYLOAD_CHARS_MAX, `At most ${PAYLOAD_CHARS_MAX} characters.`).nullish(),
      }),
    }),
  },
  {
    description: 'Sends a dead letter again, with a fresh count of attempts. For admins.',
    authScopes: { admin: 'operations:write' },
    errors: { types: [NotFoundError, InvalidStateError] },
    resolve: async (_root, { input: { id, payload } }, context) => {
      const decision = { id, by: signedIn(context).email, now: context.clock.now() };
      const edited = typeof payload === 'string' ? await readEdited(context, id, payload) : null;
      refuse(
        await context.commit((tx) =>
          edited === null ? replayDeadLetter(tx, decision) : replayEdited(tx, { ...decision, payload: edited.payload }),
        ),
      );
      return { letterId: id };
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

builder.relayMutationField(
  'discardDeadLetter',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The dead letter.' }).validate(idOf('DeadLetter')),
    }),
  },
  {
    description:
      'Gives a dead letter up; its run ends as FAILED. Not where there is no way back, such as behind a payment: that is replayed until it is done. For admins.',
    authScopes: { admin: 'operations:write' },
    errors: { types: [NotFoundError, InvalidStateError] },
    resolve: async (_root, { input: { id } }, context) => {
      const decision = { id, by: signedIn(context).email, now: context.clock.now() };
      const owed = stagesOfNoReturn(context.flowGraph);
      refuse(await context.commit((tx) => discardDeadLetter(tx, decision, owed)));
      return { letterId: id };
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

const DeadLetterDecision = builder.enumType('DeadLetterDecision', {
  description: 'What is to become of dead letters.',
  values: {
    REPLAY: { description: 'Send them again, each with a fresh count of attempts.' },
    DISCARD: { description: 'Give them up; their runs end as FAILED. What is owed is not.' },
  } as const,
});

builder.relayMutationField(
  'decideDeadLetters',
  {
    inputFields: (t) => ({
      ids: t
        .idList({ required: true, description: `The dead letters, 1 to ${DECIDED_MAX}.` })
        .validate(z.array(idOf('DeadLetter')).min(1).max(DECIDED_MAX, `At most ${DECIDED_MAX} at once.`)),
      decision: t.field({ type: DeadLetterDecision, required: true, description: 'What is to become of them.' }),
    }),
  },
  {
    description:
      'Decides about many dead letters in one commit; those that are decided already, or are not to be given up, stay as they are. For admins.',
    authScopes: { admin: 'operations:write' },
    errors: { types: [] },
    resolve: async (_root, { input: { ids, decision } }, context) => {
      const owed = stagesOfNoReturn(context.flowGraph);
      const [by, now] = [signedIn(context).email, context.clock.now()];
      return context.commit(async (tx) => {
        const decidedIds: string[] = [];
        // In one order, so that two who decide at the same time do not wait for each other.
        for (const id of [...new Set(ids)].toSorted()) {
          const one = { id, by, now };
          const answer = await (decision === 'REPLAY' ? replayDeadLetter(tx, one) : discardDeadLetter(tx, one, owed));
          if (answer === 'REPLAYED' || answer === 'DISCARDED') decidedIds.push(id);
        }
        return { decidedIds };
      });
    },
  },
  {
    outputFields: (t) => ({
      deadLetters: t.field({
        type: [DeadLetter],
        description: 'Those that were decided now; the others were decided before, or are not there.',
        resolve: ({ decidedIds }, _args, { db }) =>
          decidedIds.length === 0 ? [] : db.query.deadLetters.findMany({ where: { id: { in: decidedIds } } }),
      }),
    }),
  },
);

async function findLetter(db: Context['db'], query: Parameters<Context['db']['query']['deadLetters']['findFirst']>[0]) {
  const letter = await db.query.deadLetters.findFirst(query);
  if (!letter) throw new NotFoundError('dead letter');
  return letter;
}

/** @throws ValidationError, NotFoundError, InvalidStateError */
async function readEdited(context: Context, id: string, text: string): Promise<{ payload: unknown }> {
  const parked = await parkedEvent(context.db, id);
  if (!parked) throw new NotFoundError('dead letter');
  if (parked.kind !== 'RUN') {
    throw new InvalidStateError('What is being undone cannot be changed. Replay it as it is.', 'COMPENSATING');
  }
  const answer = context.draftOf(parked.type, parseJson(text));
  if (!answer) throw new InvalidStateError(`${parked.type} is of an older release. Replay it as it is.`, 'RETIRED');
  if ('faults' in answer) {
    throw new ValidationError(answer.faults.map((fault) => ({ path: 'input.payload', message: fault })));
  }
  if (answer.draft.subject !== parked.subject) {
    const message = `It is about ${answer.draft.subject}; it has to stay about ${parked.subject}.`;
    throw new ValidationError([{ path: 'input.payload', message }]);
  }
  return { payload: answer.draft.payload };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ValidationError([{ path: 'input.payload', message: 'This is not JSON.' }]);
  }
}

function refuse(answer: DeadLetterAnswer): void {
  if (answer === 'OWED') {
    const words = 'There is no way back from here: what it does is owed. Mend its cause, then replay it.';
    throw new InvalidStateError(words, 'OWED');
  }
  if (answer === 'UNKNOWN') throw new NotFoundError('dead letter');
  if (answer === 'NOT_OPEN')
    throw new InvalidStateError('Somebody has decided about this dead letter already.', 'RESOLVED');
}
