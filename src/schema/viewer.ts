/** Who is signed in. */
import { builder } from './builder.ts';

export const UserRole = builder.enumType('UserRole', {
  description: 'What an account may do.',
  values: {
    READER: { description: 'Buys and reads.' },
    AUTHOR: { description: 'Also drafts and publishes.' },
    ADMIN: { description: 'Also runs the marketplace.' },
  } as const,
});

export const User = builder.drizzleNode('users', {
  name: 'User',
  description: 'A person with an account. E-mail and role are shown to that person and to admins only.',
  id: { column: (user) => user.id, description: 'Opaque global id.' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As shown to others.' }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'Null unless it is you, or you are an admin.',
      authScopes: (user) => ({ owner: user.id }),
      unauthorizedResolver: () => null,
    }),
    role: t.field({
      type: UserRole,
      nullable: true,
      description: 'Null unless it is you, or you are an admin.',
      select: { columns: { id: true, role: true } },
      authScopes: (user) => ({ owner: user.id }),
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
    resolve: async (query, _root, _args, { db, viewer }) =>
      viewer ? ((await db.query.users.findFirst(query({ where: { id: viewer.id } }))) ?? null) : null,
  }),
);
