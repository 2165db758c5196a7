/** Signing in and out, and becoming an author. */
import { and, eq } from 'drizzle-orm';
import { z } from 'zod';
import type { SignedIn } from '../accounts/accounts.ts';
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from '../accounts/better-auth.ts';
import {
  BadCode,
  EmailTaken,
  TooManyAttempts,
  TwoFactorAlreadyOn,
  TwoFactorNotBegun,
  TwoFactorRequired,
  WrongCredentials,
  WrongTwoFactorCode,
} from '../accounts/errors.ts';
import { users } from '../db/tables/index.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { ErrorInterface } from './error-types.ts';
import { ConflictError, HubError, InvalidStateError, OverloadedError, UnauthenticatedError } from './errors.ts';
import { User } from './viewer.ts';

/** The e-mail and the password do not belong together. */
export class InvalidCredentialsError extends HubError {
  readonly code = 'INVALID_CREDENTIALS';
}

builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  carried: true,
  description: 'The e-mail or the password is not right; which of them is not told.',
  interfaces: [ErrorInterface],
});

/** A code that is good for nothing; why is not told. */
export class InvalidCodeError extends HubError {
  readonly code = 'INVALID_CODE';
}

builder.objectType(InvalidCodeError, {
  name: 'InvalidCodeError',
  carried: true,
  description: 'The code is unknown, used, replaced by a newer one or too old; `message` says how to get another.',
  interfaces: [ErrorInterface],
});

/** The password was right, and is not enough. */
export class TwoFactorRequiredError extends HubError {
  readonly code = 'TWO_FACTOR_REQUIRED';
  readonly challenge: string;
  readonly expiresAt: Date;
  constructor({ message, challenge, expiresAt }: TwoFactorRequired) {
    super(message);
    this.challenge = challenge;
    this.expiresAt = expiresAt;
  }
}

builder.objectType(TwoFactorRequiredError, {
  name: 'TwoFactorRequired',
  carried: true,
  description: 'The password is right; a code has to follow, with `completeSignIn`.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    challenge: t.exposeString('challenge', { description: 'To be sent with the code. It opens one session.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Sign in again after that.' }),
  }),
});

const EMAIL_CHARS_MAX = 254;
export const email = z
  .string()
  .trim()
  .max(EMAIL_CHARS_MAX, 'This is too long for an e-mail address.')
  .refine((value) => z.email().safeParse(value).success, 'This is not an e-mail address.');
export const newPassword = z
  .string()
  .min(PASSWORD_CHARS_MIN, `A password has ${PASSWORD_CHARS_MIN} characters or more.`)
  .max(PASSWORD_CHARS_MAX, `A password has ${PASSWORD_CHARS_MAX} characters at most.`);
export const anyPassword = z
  .string()
  .min(1, 'Give the password.')
  .max(PASSWORD_CHARS_MAX, 'This is not your password.');

export const Session = builder.objectRef<SignedIn>('Session').implement({
  carried: true,
  description: 'A token, and whose it is.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Send it as `Authorization: Bearer TOKEN`. It is shown only here.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'The token is good until then.' }),
    viewer: t.drizzleField({
      type: User,
      description: 'Whose it is.',
      resolve: (query, { viewer }, _args, { db }) =>
        findUser(db.query.users.findFirst(query({ where: { id: viewer.id } }))),
    }),
  }),
});

builder.relayMutationField(
  'signIn',
  {
    inputFields: (t) => ({
      email: t.string({ required: true, description: 'The e-mail of the account.' }).validate(email),
      password: t.string({ required: true, description: 'Its password.', validate: anyPassword }),
    }),
  },
  {
    description: 'Signs in. An e-mail may be tried ten times in a quarter of an hour.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [InvalidCredentialsError, TwoFactorRequiredError, OverloadedError] },
    resolve: async (_root, { input }, context) =>
      become(context, await context.auth.signIn({ ...input, address: context.address }).catch(retell)),
  },
  {
    outputFields: (t) => ({
      session: t.field({ type: Session, description: 'You are signed in.', resolve: (session) => session }),
    }),
  },
);

builder.mutationField('signOut', (t) =>
  t.boolean({
    description: 'Ends the session whose token is sent: the token is good for nothing from now on.',
    authScopes: { signedIn: 'NO_KEY' },
    resolve: async (_root, _args, context) => {
      const done = context.token !== null && (await context.auth.signOut(context.token));
      context.viewer = null;
      return done;
    },
  }),
);

builder.relayMutationField(
  'becomeAuthor',
  {
    inputFields: (t) => ({
      acceptTerms: t.boolean({
        required: true,
        description: 'You own the rights to what you will publish.',
        validate: z.literal(true, 'Only who owns the rights to their books can be an author here.'),
      }),
    }),
  },
  {
    description: 'Turns a reader into an author, who can draft and publish. Does nothing for who is one already.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: {},
    resolve: async (_root, _args, context) => {
      const viewer = signedIn(context);
      if (viewer.role === 'READER') {
        const updatedAt = context.clock.now();
        await context.commit((tx) =>
          tx
            .update(users)
            .set({ role: 'AUTHOR', updatedAt })
            .where(and(eq(users.id, viewer.id), eq(users.role, 'READER'))),
        );
        context.viewer = { ...viewer, role: 'AUTHOR' };
      }
      return { userId: viewer.id };
    },
  },
  {
    outputFields: (t) => ({
      viewer: t.drizzleField({
        type: User,
        description: 'You.',
        resolve: (query, { userId }, _args, { db }) =>
          findUser(db.query.users.findFirst(query({ where: { id: userId } }))),
      }),
    }),
  },
);

/** From here on, the document that signed in is run by whom it signed in. */
export function become(context: Context, session: SignedIn): SignedIn {
  context.viewer = session.viewer;
  context.token = session.token;
  return session;
}

export async function findUser<User>(query: PromiseLike<User | undefined>): Promise<User> {
  const user = await query;
  if (user === undefined) throw new UnauthenticatedError();
  return user;
}

/** Tells an error of the accounts in the API's own words. */
export function retell(error: unknown): never {
  if (error instanceof EmailTaken) throw new ConflictError(error.message);
  if (error instanceof WrongCredentials) throw new InvalidCredentialsError(error.message);
  if (error instanceof TwoFactorRequired) throw new TwoFactorRequiredError(error);
  if (error instanceof TwoFactorAlreadyOn) throw new ConflictError(error.message);
  if (error instanceof TwoFactorNotBegun) throw new InvalidStateError(error.message, 'OFF');
  if (error instanceof WrongTwoFactorCode) throw new InvalidCodeError(error.message);
  if (error instanceof BadCode) throw new InvalidCodeError(error.message);
  if (error instanceof TooManyAttempts) throw new OverloadedError(error.retryAfterMs, error.message);
  throw error;
}
