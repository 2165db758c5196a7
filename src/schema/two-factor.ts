/**
 * Two-factor codes: switched on and off by their owner, and asked for at sign-in.
 *
 * Promise: secret and backup codes are shown once; switching on and off needs the password or a code of the
 * authenticator, so that a token alone does neither.
 */
import { z } from 'zod';
import type { TwoFactorKit } from '../accounts/two-factor.ts';
import { anyPassword, become, InvalidCodeError, InvalidCredentialsError, retell, Session } from './accounts.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { ConflictError, InvalidStateError, OverloadedError } from './errors.ts';

const CODE_CHARS_MAX = 40;
const CHALLENGE_CHARS_MAX = 200;
const code = z.string().trim().min(1, 'Give a code.').max(CODE_CHARS_MAX, 'This is no code of ours.');
const challenge = z
  .string()
  .min(1, 'Give the challenge that signIn answered.')
  .max(CHALLENGE_CHARS_MAX, 'This is no challenge of ours.');

builder.relayMutationField(
  'completeSignIn',
  {
    inputFields: (t) => ({
      challenge: t.string({ required: true, description: 'As `TwoFactorRequired` told it.', validate: challenge }),
      code: t.string({ required: true, description: 'Of the authenticator, or a backup code.', validate: code }),
    }),
  },
  {
    description: 'Signs in with the code that has to follow the password. Ten codes may be tried in an hour.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [InvalidCodeError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { auth, address } = context;
      const sent = { challenge: input.challenge, code: input.code, address };
      return become(context, await auth.completeSignIn(sent).catch(retell));
    },
  },
  {
    outputFields: (t) => ({
      session: t.field({ type: Session, description: 'You are signed in.', resolve: (session) => session }),
    }),
  },
);

builder.relayMutationField(
  'enableTwoFactor',
  {
    inputFields: (t) => ({
      password: t.string({ required: true, description: 'The present one.', validate: anyPassword }),
    }),
  },
  {
    description: 'Begins two-factor codes. Nothing is asked at sign-in before `confirmTwoFactor`.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [InvalidCredentialsError, ConflictError, OverloadedError] },
    resolve: async (_root, { input }, context): Promise<TwoFactorKit> => {
      const { id: userId } = signedIn(context);
      return context.auth.beginTwoFactor({ userId, password: input.password }).catch(retell);
    },
  },
  {
    outputFields: (t) => ({
      secret: t.exposeString('secret', { description: 'Base32, for the authenticator. It is shown only here.' }),
      uri: t.exposeString('uri', { description: '`otpauth://…` with the secret, to be shown as a QR code.' }),
      backupCodes: t.exposeStringList('backupCodes', {
        description: 'Ten codes, each good once in place of one of the authenticator. They are shown only here.',
      }),
    }),
  },
);

builder.relayMutationField(
  'confirmTwoFactor',
  {
    inputFields: (t) => ({
      code: t.string({ required: true, description: 'Of the authenticator.', validate: code }),
    }),
  },
  {
    description: 'Switches two-factor codes on, and ends all your sessions but this one.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [InvalidCodeError, InvalidStateError, ConflictError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { id: userId } = signedIn(context);
      await context.auth.confirmTwoFactor({ userId, token: context.token, code: input.code }).catch(retell);
      return { isOn: true };
    },
  },
  { outputFields: (t) => ({ isOn: t.exposeBoolean('isOn', { description: 'A code is asked for from now on.' }) }) },
);

builder.relayMutationField(
  'disableTwoFactor',
  {
    inputFields: (t) => ({
      password: t.string({ required: true, description: 'The present one.', validate: anyPassword }),
      code: t.string({ required: true, description: 'Of the authenticator, or a backup code.', validate: code }),
    }),
  },
  {
    description: 'Switches two-factor codes off, and forgets their secret and the backup codes.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [InvalidCredentialsError, InvalidCodeError, InvalidStateError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { id: userId } = signedIn(context);
      await context.auth.endTwoFactor({ userId, password: input.password, code: input.code }).catch(retell);
      return { isOn: false };
    },
  },
  { outputFields: (t) => ({ isOn: t.exposeBoolean('isOn', { description: 'No code is asked for any more.' }) }) },
);
