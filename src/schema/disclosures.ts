/** Seeing the whole of a payload, which is kept: who, what and when. For admins. */
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { newId } from '../db/tables/columns.ts';
import { deadLetters, disclosures, events } from '../db/tables/index.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { NotFoundError } from './errors.ts';
import { idOf } from './ids.ts';
import { behindInstant, createdCursor } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { User } from './viewer.ts';

const DisclosureKind = builder.enumType('DisclosureKind', {
  description: 'What was looked at.',
  values: {
    EVENT: { description: 'The payload of an event.' },
    DEAD_LETTER: { description: 'The payload of a dead letter.' },
  } as const,
});

const Disclosure = builder.drizzleObject('disclosures', {
  name: 'Disclosure',
  description: 'An admin looked at the whole of a payload. For admins.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    kind: t.expose('kind', { type: DisclosureKind, description: 'What was looked at.' }),
    target: t.exposeString('target', { description: 'The number of the event, or the id of the dead letter.' }),
    admin: t.relation('admin', { type: User, description: 'Who looked.' }),
    at: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});

const DisclosureConnection = builder.connectionObject(
  { type: Disclosure, name: 'DisclosureConnection' },
  { name: 'DisclosureEdge' },
);

builder.queryField('disclosures', (t) =>
  t.field({
    type: DisclosureConnection,
    description: 'Who looked at what, the newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, { db }) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await db.query.disclosures.findMany({
        where: { RAW: (disclosure) => behindInstant(disclosure, from) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'discloseEvent',
  {
    inputFields: (t) => ({
      number: t.field({
        type: 'SafeInt',
        required: true,
        description: 'The number of the event.',
        validate: z.int().min(1),
      }),
    }),
  },
  {
    description: 'The whole payload of an event. That you looked is kept. For admins.',
    authScopes: { admin: 'NO_KEY' },
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { number } }, context) => {
      const [event] = await context.db.select({ payload: events.payload }).from(events).where(eq(events.id, number));
      if (!event) throw new NotFoundError('event');
      await keep(context, 'EVENT', String(number));
      return { payload: JSON.stringify(event.payload) };
    },
  },
  { outputFields: (t) => ({ payload: t.exposeString('payload', { description: 'As JSON text.' }) }) },
);

builder.relayMutationField(
  'discloseDeadLetter',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The dead letter.' }).validate(idOf('DeadLetter')),
    }),
  },
  {
    description: 'The whole payload of a dead letter. That you looked is kept. For admins.',
    authScopes: { admin: 'NO_KEY' },
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, context) => {
      const [letter] = await context.db
        .select({ payload: deadLetters.payload })
        .from(deadLetters)
        .where(eq(deadLetters.id, id));
      if (!letter) throw new NotFoundError('dead letter');
      await keep(context, 'DEAD_LETTER', id);
      return { payload: JSON.stringify(letter.payload) };
    },
  },
  { outputFields: (t) => ({ payload: t.exposeString('payload', { description: 'As JSON text.' }) }) },
);

/** Kept before anything is told. */
const keep = (context: Context, kind: 'EVENT' | 'DEAD_LETTER', target: string) =>
  context.commit(async (tx) => {
    await tx
      .insert(disclosures)
      .values({ id: newId(), adminId: signedIn(context).id, kind, target, createdAt: context.clock.now() });
  });
