/** Where somebody is signed in: listed and ended by that person alone. */
import { and, eq } from 'drizzle-orm';
import { endSessions } from '../accounts/passwords.ts';
import { sessions } from '../db/tables/index.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { NotFoundError } from './errors.ts';
import { encodeId, idOf } from './ids.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const OpenSession = builder.drizzleNode('sessions', {
  name: 'OpenSession',
  description: 'A place where you are signed in. For its owner.',
  id: { column: (session) => session.id, description: 'Opaque global id.' },
  select: { columns: { id: true, userId: true } },
  authScopes: (session) => ({ owner: [session.userId, 'NO_KEY'] }),
  fields: (t) => ({
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When you signed in.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'It ends by itself then.' }),
    isCurrent: t.boolean({
      description: 'Whether it is the one that asks.',
      select: { columns: { token: true } },
      resolve: (session, _args, { token }) => session.token === token,
    }),
  }),
});

const OpenSessionConnection = builder.connectionObject(
  { type: OpenSession, name: 'OpenSessionConnection' },
  { name: 'OpenSessionEdge', description: 'A session and where it stands in the list.' },
);

builder.queryField('mySessions', (t) =>
  t.field({
    type: OpenSessionConnection,
    description: 'Where you are signed in, the newest first.',
    authScopes: { signedIn: 'NO_KEY' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.sessions.findMany({
        ...selectNodes(context, info, { id: true, userId: true, createdAt: true }),
        where: {
          userId: signedIn(context).id,
          expiresAt: { gt: context.clock.now() },
          RAW: (session) => behindInstant(session, from),
        },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'revokeSession',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The session.' }).validate(idOf('OpenSession')),
    }),
  },
  {
    description: 'Signs you out somewhere: its token is good for nothing from now on, and its subscriptions end.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, context) => {
      const own = and(eq(sessions.id, id), eq(sessions.userId, signedIn(context).id));
      const ended = await context.commit((tx) => tx.delete(sessions).where(own).returning({ id: sessions.id }));
      if (ended.length === 0) throw new NotFoundError('session');
      return { id };
    },
  },
  {
    outputFields: (t) => ({
      sessionId: t.id({ description: 'The session that has ended.', resolve: ({ id }) => encodeId('OpenSession', id) }),
    }),
  },
);

builder.relayMutationField(
  'revokeSessions',
  {
    inputFields: (t) => ({
      keepThis: t.boolean({ required: true, description: 'Whether you stay signed in here.' }),
    }),
  },
  {
    description: 'Signs you out everywhere, or everywhere but here.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: {},
    resolve: async (_root, { input }, context) => {
      const { id: userId } = signedIn(context);
      const exceptToken = input.keepThis ? context.token : null;
      const count = await context.commit((tx) => endSessions(tx, { userId, exceptToken }));
      if (!input.keepThis) context.viewer = null;
      return { count };
    },
  },
  { outputFields: (t) => ({ count: t.exposeInt('count', { description: 'How many have ended.' }) }) },
);
