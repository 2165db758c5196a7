/** Who is signed in. */
import { type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { builder } from './builder.ts';

export const UserRole = builder.enumType('UserRole', {
  description: 'What an account may do.',
  values: {
    READER: { description: 'Buys and reads.' },
    AUTHOR: { description: 'Also drafts and publishes.' },
    ADMIN: { description: 'Also runs the marketplace.' },
  } as const,
});

/** Whoever has begun a book: readers are shown who sells it. */
const isSeller = (user: { id: AnyPgColumn }): SQL.Aliased<boolean> =>
  sql<boolean>`exists (select 1 from edition where edition.owner_id = ${user.id})`.as('is_seller');

const hasTwoFactor = (user: { id: AnyPgColumn }): SQL.Aliased<boolean> =>
  sql<boolean>`exists (select 1 from two_factor t where t.user_id = ${user.id} and t.confirmed_at is not null)`.as(
    'has_two_factor',
  );

export const User = builder.drizzleNode('users', {
  name: 'User',
  description:
    'A person with an account. Who sells books here is known by name to all; everybody else, and all e-mails and roles, to that person and to admins only.',
  id: { column: (user) => user.id, description: 'Opaque global id.' },
  select: { columns: { id: true }, extras: { isSeller } },
  authScopes: (user) => (user.isSeller ? { anyone: 'ANY_KEY' } : { owner: [user.id, 'ANY_KEY'] }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As shown to others.' }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'Null unless it is you, or you are an admin.',
      authScopes: (user) => ({ owner: [user.id, 'account:read'] }),
      unauthorizedResolver: () => null,
    }),
    isEmailVerified: t.boolean({
      nullable: true,
      description: 'Whether a code that was mailed there came back. Null unless it is you, or you are an admin.',
      select: { columns: { id: true, emailVerified: true } },
      authScopes: (user) => ({ owner: [user.id, 'account:read'] }),
      unauthorizedResolver: () => null,
      resolve: (user) => user.emailVerified,
    }),
    isTwoFactorOn: t.boolean({
      nullable: true,
      description: 'Whether a code is asked for after the password. Null unless it is you, or you are an admin.',
      select: { columns: { id: true }, extras: { hasTwoFactor } },
      authScopes: (user) => ({ owner: [user.id, 'account:read'] }),
      unauthorizedResolver: () => null,
      resolve: (user) => user.hasTwoFactor,
    }),
    role: t.field({
      type: UserRole,
      nullable: true,
      description: 'Null unless it is you, or you are an admin.',
      select: { columns: { id: true, role: true } },
      authScopes: (user) => ({ owner: [user.id, 'account:read'] }),
      unauthorizedResolver: () => null,
      resolve: (user) => user.role,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the account was made.' }),
  }),
});

builder.queryField('viewer', (t) =>
  t.drizzleField({
    type: User,
    nullable: true,
    description: 'Who is signed in; null for nobody.',
    authScopes: { anyone: 'ANY_KEY' },
    resolve: async (query, _root, _args, { db, viewer }) =>
      viewer ? ((await db.query.users.findFirst(query({ where: { id: viewer.id } }))) ?? null) : null,
  }),
);
