/**
 * Signing up: at once, or by a code that is mailed.
 *
 * Promise: by mail, the answer, its time and what is written are the same whether or not the e-mail has an account.
 */
import { z } from 'zod';
import { WrongCredentials } from '../accounts/errors.ts';
import { lineSchema } from '../books/text.ts';
import { keepSignUp } from '../db/sign-ups.ts';
import { newId } from '../db/tables/columns.ts';
import { accountMailAsked } from '../events/index.ts';
import { append } from './append.ts';
import {
  anyPassword,
  become,
  email,
  InvalidCodeError,
  InvalidCredentialsError,
  newPassword,
  retell,
  Session,
} from './accounts.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded } from './context.ts';
import { ErrorInterface } from './error-types.ts';
import { ConflictError, HubError, OverloadedError } from './errors.ts';

const NAME_CHARS_MAX = 100;
const CODE_CHARS_MAX = 200;
const name = lineSchema('name', NAME_CHARS_MAX);
const code = z.string().trim().min(1, 'Give the code of the mail.').max(CODE_CHARS_MAX, 'This is no code of ours.');

/** The sign-up waits for the code that is being mailed. */
export class EmailConfirmationRequiredError extends HubError {
  readonly code = 'EMAIL_CONFIRMATION_REQUIRED';
  constructor() {
    super('A mail is on its way. Send its code with the password that you chose to completeSignUp, within an hour.');
  }
}

builder.objectType(EmailConfirmationRequiredError, {
  name: 'EmailConfirmationRequired',
  carried: true,
  description: 'A mail says how to go on; the answer is the same for an e-mail that has an account.',
  interfaces: [ErrorInterface],
});

interface SignUpInput {
  name: string;
  email: string;
  password: string;
}

builder.relayMutationField(
  'signUp',
  {
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'As shown to others.' }).validate(name),
      email: t.string({ required: true, description: 'To sign in with.' }).validate(email),
      password: t.string({ required: true, description: '12 to 128 characters.', validate: newPassword }),
    }),
  },
  {
    description:
      'Signs up as a reader. Where sign-up is by mail, the answer is always `EmailConfirmationRequired`, and `completeSignUp` makes the account; else it is made at once, and you are signed in.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [EmailConfirmationRequiredError, ConflictError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      if (context.signsUpByMail) throw await askToConfirm(input, context);
      return become(context, await context.auth.signUp({ ...input, address: context.address }).catch(retell));
    },
  },
  {
    outputFields: (t) => ({
      session: t.field({ type: Session, description: 'You are signed in.', resolve: (session) => session }),
    }),
  },
);

builder.relayMutationField(
  'completeSignUp',
  {
    inputFields: (t) => ({
      code: t.string({ required: true, description: 'As mailed.', validate: code }),
      password: t.string({ required: true, description: 'The one that was chosen.', validate: anyPassword }),
    }),
  },
  {
    description: 'Makes the account by the code that was mailed, and signs in. A code works once, within an hour.',
    authScopes: { anyone: 'NO_KEY' },
    errors: { types: [InvalidCodeError, InvalidCredentialsError, OverloadedError] },
    resolve: async (_root, { input }, context) => {
      const { auth, address } = context;
      const sent = { code: input.code, password: input.password, address };
      return become(context, await auth.completeSignUp(sent).catch(retellCompletion));
    },
  },
  {
    outputFields: (t) => ({
      session: t.field({ type: Session, description: 'You are signed in.', resolve: (session) => session }),
    }),
  },
);

function retellCompletion(error: unknown): never {
  if (!(error instanceof WrongCredentials)) return retell(error);
  throw new InvalidCredentialsError(
    'This is not the password that was chosen at sign-up. Try again; if you do not know it, sign up once more.',
  );
}

async function askToConfirm(input: SignUpInput, context: Context): Promise<EmailConfirmationRequiredError> {
  const { auth, address } = context;
  const waiting = await auth.beginSignUp({ ...input, address }).catch(retell);
  const askId = newId();
  const now = context.clock.now();
  const asked = accountMailAsked.of({ askId, purpose: 'SIGN_UP', email: waiting.email.toLowerCase() });
  await context.commit(async (tx) => {
    await refuseWhenOverloaded(context, tx);
    await keepSignUp(tx, { ...waiting, askId, now });
    await append(context, tx, [asked], now);
  });
  return new EmailConfirmationRequiredError();
}
