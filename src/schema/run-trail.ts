/** What a stage did outside the database, as admins see it: names, keys, durations and codes, nothing that was sent. */
import type { OutsideCall, Trail } from '../streams/trail.ts';
import { builder } from './builder.ts';

export const RunCall = builder.objectRef<OutsideCall>('RunCall').implement({
  description: 'One call of a stage to the outside.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    what: t.exposeString('what', { description: 'Whom and what for, such as `gateway.authorize`.' }),
    idempotencyKey: t.exposeString('key', {
      nullable: true,
      description: 'Under which it may be repeated without harm; null for a question, which changes nothing.',
    }),
    at: t.field({ type: 'DateTime', description: 'When it began.', resolve: ({ at }) => new Date(at) }),
    durationMs: t.exposeInt('ms', {
      nullable: true,
      description: 'How long the answer took; null when none had come by the end of the try.',
    }),
    outcome: t.exposeString('outcome', {
      description: 'The kind of answer or the code of the error: `AUTHORIZED`, `DECLINED card_expired`, `NO_ANSWER`.',
    }),
    undoes: t.string({
      nullable: true,
      description: 'The stage that it undoes; null on the way forward.',
      resolve: ({ undoes }) => undoes ?? null,
    }),
  }),
});

export const RunWaits = builder.objectRef<NonNullable<Trail['waits']>>('RunWaits').implement({
  description: 'A stage found that it was too early, and came back later (a snooze).',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'How often.' }),
    since: t.field({ type: 'DateTime', description: 'First.', resolve: ({ since }) => new Date(since) }),
    until: t.field({
      type: 'DateTime',
      description: 'The last one lasted until.',
      resolve: ({ until }) => new Date(until),
    }),
  }),
});
