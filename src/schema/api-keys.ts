/** API keys and app passwords: made, listed and revoked by their owner, who has to be signed in for it. */
import { z } from 'zod';
import {
  createApiKey,
  createAppPassword,
  KEYS_MAX,
  type NewKey,
  revokeApiKey,
  TooManyKeys,
} from '../accounts/api-keys.ts';
import { KEY_SCOPES, keyScopes, readScopes } from '../accounts/key-scopes.ts';
import { lineSchema } from '../books/text.ts';
import type { Tx } from '../db/client.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { ConflictError, NotFoundError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const NAME_CHARS_MAX = 100;
const keyName = lineSchema('name', NAME_CHARS_MAX);

const KeyScopeEnum = builder.enumType('KeyScope', {
  description: 'What an API key may do for its owner, who has to have the right as well.',
  values: Object.fromEntries(
    keyScopes.map((scope) => [
      scope.replace(':', '_').toUpperCase(),
      { value: scope, description: `\`${scope}\`: ${KEY_SCOPES[scope]}` },
    ]),
  ),
});

const ApiKeyKind = builder.enumType('ApiKeyKind', {
  description: 'What a key is for.',
  values: {
    API_KEY: { description: 'For a program: `Authorization: Bearer SECRET`.' },
    APP_PASSWORD: { description: 'For a reading app: the password of HTTP Basic, with any user name.' },
  } as const,
});

const ApiKey = builder.drizzleNode('apiKeys', {
  name: 'ApiKey',
  description:
    'What stands in for its owner, within its scopes. It never manages accounts, sessions or keys. For its owner.',
  id: { column: (key) => key.id, description: 'Opaque global id.' },
  select: { columns: { id: true, userId: true } },
  authScopes: (key) => ({ owner: [key.userId, 'NO_KEY'] }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As its owner named it.' }),
    kind: t.expose('kind', { type: ApiKeyKind, description: 'What it is for.' }),
    start: t.exposeString('start', { description: 'How its secret begins.' }),
    scopes: t.field({
      type: [KeyScopeEnum],
      description: 'What it may do.',
      select: { columns: { scopes: true } },
      resolve: ({ scopes }) => [...readScopes(scopes)],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'It is good until then; null for ever.',
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'To the minute; null if never.',
    }),
  }),
});

const ApiKeyConnection = builder.connectionObject(
  { type: ApiKey, name: 'ApiKeyConnection' },
  { name: 'ApiKeyEdge', description: 'A key and where it stands in the list.' },
);

builder.queryField('myApiKeys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'Your keys and app passwords that are not revoked, the newest first.',
    authScopes: { signedIn: 'NO_KEY' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.apiKeys.findMany({
        ...selectNodes(context, info, { id: true, userId: true, createdAt: true }),
        where: {
          userId: signedIn(context).id,
          revokedAt: { isNull: true },
          RAW: (key) => behindInstant(key, from),
        },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'createApiKey',
  {
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What it is for, in your words.' }).validate(keyName),
      scopes: t.field({
        type: [KeyScopeEnum],
        required: true,
        description: 'What it may do.',
        validate: z.array(z.string()).min(1, 'Give it one scope at least.').max(50, 'Name each scope once.'),
      }),
      expiresAt: t.field({ type: 'DateTime', description: 'It is good until then. (Default: until you revoke it)' }),
    }),
  },
  {
    description: `Makes an API key, which acts for you within its scopes. ${KEYS_MAX} at most.`,
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [ConflictError] },
    resolve: (_root, { input }, context) =>
      make(context, input, (tx, key) => createApiKey(tx, { ...key, scopes: [...new Set(input.scopes)] })),
  },
  secretOutput(),
);

builder.relayMutationField(
  'createAppPassword',
  {
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'The app or device that it is for.' }).validate(keyName),
      expiresAt: t.field({ type: 'DateTime', description: 'It is good until then. (Default: until you revoke it)' }),
    }),
  },
  {
    description: `Makes a password for a reading app, which sees your library and downloads from it, and nothing else. ${KEYS_MAX} at most.`,
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [ConflictError] },
    resolve: (_root, { input }, context) => make(context, input, createAppPassword),
  },
  secretOutput(),
);

builder.relayMutationField(
  'revokeApiKey',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The key or app password.' }).validate(idOf('ApiKey')),
    }),
  },
  {
    description: 'Ends a key: it is good for nothing from now on, and its subscriptions end.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, context) => {
      const own = { id: input.id, userId: signedIn(context).id, now: context.clock.now() };
      if (!(await context.commit((tx) => revokeApiKey(tx, own)))) throw new NotFoundError('key');
      return { id: input.id };
    },
  },
  {
    outputFields: (t) => ({
      apiKey: t.drizzleField({
        type: ApiKey,
        description: 'The key, revoked.',
        resolve: (query, { id }, _args, { db }) => findKey(db.query.apiKeys.findFirst(query({ where: { id } }))),
      }),
    }),
  },
);

interface Made {
  id: string;
  secret: string;
}

function secretOutput() {
  return {
    outputFields: (t: PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], Made>) => ({
      secret: t.string({ description: 'Keep it: it is shown only here.', resolve: ({ secret }) => secret }),
      apiKey: t.drizzleField({
        type: ApiKey,
        description: 'What it may do.',
        resolve: (query, { id }, _args, { db }) => findKey(db.query.apiKeys.findFirst(query({ where: { id } }))),
      }),
    }),
  };
}

type MakeKey<Key> = (tx: Tx, key: Key) => Promise<Made>;
type Asked = Omit<NewKey, 'scopes'>;

async function make(
  context: Context,
  { name, expiresAt = null }: { name: string; expiresAt?: Date | null | undefined },
  create: MakeKey<Asked>,
): Promise<Made> {
  const now = context.clock.now();
  if (expiresAt !== null && expiresAt <= now) {
    throw new ValidationError([{ path: 'input.expiresAt', message: 'This is in the past.' }]);
  }
  const userId = signedIn(context).id;
  return context.commit((tx) => create(tx, { userId, name, expiresAt, now })).catch(retell);
}

function retell(error: unknown): never {
  if (error instanceof TooManyKeys) throw new ConflictError(error.message);
  throw error;
}

async function findKey<Row>(query: PromiseLike<Row | undefined>): Promise<Row> {
  const key = await query;
  if (key === undefined) throw new NotFoundError('key');
  return key;
}
