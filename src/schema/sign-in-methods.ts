/** In which ways one can sign in here, besides e-mail and password. */
import type { IdentityProvider } from '../ports/identity/provider.ts';
import { builder } from './builder.ts';

const SignInMethod = builder.objectRef<Pick<IdentityProvider, 'id' | 'name'>>('SignInMethod').implement({
  carried: true,
  description: 'Somebody else who may say who you are.',
  fields: (t) => ({
    key: t.exposeString('id', { description: 'Short name, such as `google`.' }),
    name: t.exposeString('name', { description: 'What a button says.' }),
    startUrl: t.string({
      description: 'Where to send the browser; add `?to=/path` to say where it comes back to, signed in by a cookie.',
      resolve: ({ id }, _args, { publicUrl }) => `${publicUrl}/auth/${id}/start`,
    }),
  }),
});

builder.queryField('signInMethods', (t) =>
  t.field({
    type: [SignInMethod],
    description: 'Ways to sign in besides e-mail and password.',
    authScopes: { anyone: 'ANY_KEY' },
    resolve: (_root, _args, { identityProviders }) => [...identityProviders],
  }),
);
