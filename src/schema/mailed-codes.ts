/**
 * E-mail verification, and new passwords by mail or by the present one.
 *
 * Promise: asking for a mail writes the same event whether or not there is such an account; only a worker looks.
 */
import { z } from 'zod';
import type { MailedCodePurpose } from '../db/mailed-codes.ts';
import { newId } from '../db/tables/columns.ts';
import { accountMailAsked } from '../events/index.ts';
import { append } from './append.ts';
import {
  anyPassword,
  email,
  findUser,
  InvalidCodeError,
  InvalidCredentialsError,
  newPassword,
  retell,
} from './accounts.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { OverloadedError } from './errors.ts';
import { User } from './viewer.ts';

const CODE_CHARS_MAX = 200;
const code = z.string().trim().min(1, 'Give the code of the mail.').max(CODE_CHARS_MAX, 'This is no code of ours.');

builder.relayMutationField(
  'requestEmailVerification',
  { inputFields: (t) => ({ email: t.string({ required: true, description: 'Of the account.' }).validate(email) }) },
  {
    description:
      'Mails a code that proves an e-mail, when there is such an account and it is not proven; neither is told.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [OverloadedError] },
    resolve: async (_root, { input }, context) => {
      await askForMail(context, 'VERIFY_EMAIL', input.email);
      return { isAccepted: true };
    },
  },
  {
    outputFields: (t) => ({
      isAccepted: t.exposeBoolean('isAccepted', { description: 'If it needs one, a mail is on its way.' }),
    }),
  },
);

builder.relayMutationField(
  'verifyEmail',
  { inputFields: (t) => ({ code: t.string({ required: true, description: 'As mailed.', validate: code }) }) },
  {
    description: 'Proves your e-mail by the code that was mailed there. A code works once, within an hour.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [InvalidCodeError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { id: userId } = signedIn(context);
      const { auth, address } = context;
      await auth.verifyEmail({ code: input.code, userId, address }).catch(retell);
      return { isVerified: true };
    },
  },
  { outputFields: (t) => ({ isVerified: t.exposeBoolean('isVerified', { description: 'It is proven now.' }) }) },
);

builder.relayMutationField(
  'requestPasswordReset',
  { inputFields: (t) => ({ email: t.string({ required: true, description: 'Of the account.' }).validate(email) }) },
  {
    description:
      'Mails a code to set a new password with, when there is such an account; whether there is one is not told.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [OverloadedError] },
    resolve: async (_root, { input }, context) => {
      await askForMail(context, 'RESET_PASSWORD', input.email);
      return { isAccepted: true };
    },
  },
  {
    outputFields: (t) => ({
      isAccepted: t.exposeBoolean('isAccepted', { description: 'If there is such an account, a mail is on its way.' }),
    }),
  },
);

builder.relayMutationField(
  'resetPassword',
  {
    inputFields: (t) => ({
      code: t.string({ required: true, description: 'As mailed.', validate: code }),
      newPassword: t.string({ required: true, description: '12 to 128 characters.', validate: newPassword }),
    }),
  },
  {
    description: 'Sets a new password by the code that was mailed, and ends all sessions. A code works once.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [InvalidCodeError, OverloadedError] },
    resolve: async (_root, { input }, { auth, address }) => {
      await auth.resetPassword({ code: input.code, newPassword: input.newPassword, address }).catch(retell);
      return { isReset: true };
    },
  },
  { outputFields: (t) => ({ isReset: t.exposeBoolean('isReset', { description: 'Sign in with it now.' }) }) },
);

builder.relayMutationField(
  'changePassword',
  {
    inputFields: (t) => ({
      password: t.string({ required: true, description: 'The present one.', validate: anyPassword }),
      newPassword: t.string({ required: true, description: '12 to 128 characters.', validate: newPassword }),
    }),
  },
  {
    description: 'Sets a new password, and ends all your sessions but this one.',
    authScopes: { signedIn: 'NO_KEY' },
    errors: { types: [InvalidCredentialsError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { id: userId } = signedIn(context);
      const { password, newPassword } = input;
      await context.auth.changePassword({ userId, token: context.token, password, newPassword }).catch(retell);
      return { userId };
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

async function askForMail(context: Context, purpose: MailedCodePurpose, to: string): Promise<void> {
  const { auth, address } = context;
  await auth.spendMail({ email: to, address }).catch(retell);
  const asked = accountMailAsked.of({ askId: newId(), purpose, email: to.toLowerCase() });
  await context.commit(async (tx) => {
    await refuseWhenOverloaded(context, tx);
    await append(context, tx, [asked], context.clock.now());
  });
}
