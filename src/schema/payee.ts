/** Payees: an author who is to be paid, as the payment provider knows them. Not here: asking the provider (workflow `payee`). */
import { countrySchema } from '../books/country.ts';
import { once } from '../db/idempotency.ts';
import { openPayee } from '../db/payees.ts';
import { payeeRequested } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { ConflictError, IdempotencyConflict, OverloadedError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { User } from './viewer.ts';

export const PayeeStatus = builder.enumType('PayeeStatus', {
  description: 'Where a payee stands at the payment provider.',
  values: {
    OPENING: { description: 'The provider is being asked to take the author on.' },
    ONBOARDING: { description: 'The provider wants to know more, on the page of `onboardingUrl`.' },
    READY: { description: 'Can be paid.' },
    REFUSED: { description: 'The provider does not take the author on; it can be tried again.' },
  } as const,
});

export const Payee = builder.drizzleObject('payees', {
  name: 'Payee',
  carried: true,
  description: 'An author as the payment provider knows them. For that author and for admins.',
  fields: (t) => ({
    status: t.expose('status', { type: PayeeStatus, description: 'Where it stands.' }),
    country: t.exposeString('country', { description: 'ISO 3166-1 alpha-2.' }),
    onboardingUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'The provider’s page for what it wants to know; good for minutes, `openPayee` asks for a new one. Null when nothing is asked, or not known yet, and for everybody but the author in person: who answers there says where the money goes.',
      select: { columns: { authorId: true, onboardingUrl: true } },
      resolve: ({ authorId, onboardingUrl }, _args, { viewer }) =>
        viewer?.id === authorId && viewer.scopes === null ? onboardingUrl : null,
    }),
    failure: t.exposeString('failure', { nullable: true, description: 'Why it was refused, and what to do.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

builder.drizzleObjectField(User, 'payee', (t) =>
  t.relation('payee', {
    type: Payee,
    nullable: true,
    description: 'As the payment provider knows an author; null before `openPayee`, and for everybody else but admins.',
    authScopes: (user) => ({ owner: [user.id, 'sales:read'] }),
    unauthorizedResolver: () => null,
  }),
);

builder.relayMutationField(
  'openPayee',
  {
    inputFields: (t) => ({
      country: t.string({
        required: true,
        description: 'Where you are paid: ISO 3166-1 alpha-2, such as `DE`.',
        validate: countrySchema,
      }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new each time that you mean it.',
        validate: idempotencyKeySchema,
      }),
    }),
  },
  {
    description:
      'Makes you known to the payment provider, so that you can be paid; and again later for a new `onboardingUrl`, or after a refusal. The page comes a moment later: watch it by Subscription.payeeStatus.',
    authScopes: { author: 'NO_KEY' },
    errors: { types: [ConflictError, IdempotencyConflict, OverloadedError] },
    resolve: (_root, { input }, context) => open(context, input).catch(retell),
  },
  {
    outputFields: (t) => ({
      payee: t.drizzleField({
        type: Payee,
        description: 'You, as the provider knows you.',
        resolve: async (query, { authorId }, _args, { db }) => {
          const payee = await db.query.payees.findFirst(query({ where: { authorId } }));
          if (!payee) throw new TypeError('an opened payee is gone');
          return payee;
        },
      }),
    }),
  },
);

async function open(
  context: Context,
  { country, idempotencyKey: key }: { country: string; idempotencyKey: string },
): Promise<{ authorId: string }> {
  const { id: authorId } = signedIn(context);
  const now = context.clock.now();
  const request = { userId: authorId, operation: 'openPayee', key, body: { country }, resultId: authorId, now };
  await context.commit((tx) =>
    once(tx, request, async () => {
      await refuseWhenOverloaded(context, tx);
      const begun = await openPayee(tx, { authorId, country, gateway: context.notices.name }, now);
      if (begun) await append(context, tx, [payeeRequested.of(begun)], now);
    }),
  );
  return { authorId };
}
