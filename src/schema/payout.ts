/** Payouts and what may be paid out. Not here: who is paid what (../db/payouts.ts), being known to the provider (payee.ts). */
import { sql } from 'drizzle-orm';
import { thresholdOf } from '../books/payout-terms.ts';
import { type AuthorBalance, readBalances } from '../db/author-balances.ts';
import { NotPayable } from '../db/errors.ts';
import { once } from '../db/idempotency.ts';
import { requestPayout } from '../db/payouts.ts';
import { newId } from '../db/tables/columns.ts';
import { payoutRequested } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { ErrorInterface } from './error-types.ts';
import { ForbiddenError, IdempotencyConflict, OverloadedError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { idOf } from './ids.ts';
import { currencySchema, Money, type MoneyShape } from './money.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { ownerLookup } from './rights-watch.ts';
import { PayoutStatus } from './statuses.ts';
import { User } from './viewer.ts';

/** Who is paid by it; asked for together. */
export const authorOfPayout = ownerLookup((id) => sql`select author_id as owner from payout where id = ${id}`);

const NotPayableReasonEnum = builder.enumType('NotPayableReason', {
  description: 'Why nothing is paid out now.',
  values: {
    NO_PAYEE: { description: 'The provider does not know the author: `openPayee`.' },
    PAYEE_NOT_READY: { description: 'The provider wants to know more of the author: `openPayee`, then its page.' },
    UNDER_WAY: { description: 'One payout in a currency is under way at a time.' },
    BELOW_THRESHOLD: { description: 'What is payable has not reached the least that is paid out.' },
  } as const,
});

builder.objectType(NotPayable, {
  name: 'NotPayable',
  carried: true,
  description: 'Nothing is paid out now: the message says why and what to do.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ reason: t.expose('reason', { type: NotPayableReasonEnum, description: 'Why not.' }) }),
});

const Payout = builder.drizzleNode('payouts', {
  name: 'Payout',
  description: 'Money that goes to an author. For that author and for admins.',
  id: { column: (payout) => payout.id, description: 'Opaque global id.' },
  select: { columns: { id: true, authorId: true } },
  authScopes: ({ authorId }) => ({ owner: [authorId, 'sales:read'] }),
  fields: (t) => ({
    status: t.expose('status', { type: PayoutStatus, description: 'Where it stands.' }),
    amount: t.field({
      type: Money,
      description: 'What is paid.',
      select: { columns: { amountMinor: true, currency: true } },
      resolve: ({ amountMinor, currency }): MoneyShape => ({ amountMinor, currency }),
    }),
    author: t.relation('author', { type: User, description: 'Who is paid.' }),
    failure: t.exposeString('failure', { nullable: true, description: 'Why it failed, and what to do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

const PayoutConnection = builder.connectionObject(
  { type: Payout, name: 'PayoutConnection' },
  { name: 'PayoutEdge', description: 'A payout and where it stands in the list.' },
);

/** Whose: one's own, or whoever an admin asks for. @throws ForbiddenError */
function authorOf(context: Context, authorId: string | null | undefined): string {
  const viewer = signedIn(context);
  const id = authorId ?? viewer.id;
  if (id !== viewer.id && viewer.role !== 'ADMIN') throw new ForbiddenError('Only admins see what others are paid.');
  return id;
}

builder.queryField('payouts', (t) =>
  t.field({
    type: PayoutConnection,
    description: 'Your payouts, the newest first; for admins those of all authors.',
    authScopes: { author: 'sales:read' },
    args: {
      ...pageArgs(t),
      status: t.arg({ type: PayoutStatus, description: 'Those that stand there only. (Default: all)' }),
      authorId: t.arg.id({ description: 'Whose, for admins. (Default: all)' }).validate(idOf('User').nullish()),
    },
    resolve: async (_root, { first, after, status, authorId }, context, info) => {
      const isAll = signedIn(context).role === 'ADMIN' && (authorId === null || authorId === undefined);
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.payouts.findMany({
        ...selectNodes(context, info, { id: true, authorId: true, createdAt: true }),
        where: {
          RAW: (payout) => behindInstant(payout, from),
          ...(status && { status }),
          ...(!isAll && { authorId: authorOf(context, authorId) }),
        },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

interface BalanceShape extends AuthorBalance {
  thresholdMinor: number;
}

const Balance = builder.objectRef<BalanceShape>('AuthorBalance').implement({
  carried: true,
  description: 'What an author has earned in one currency and was not paid yet.',
  fields: (t) => {
    const amount = (name: 'payableMinor' | 'onHoldMinor' | 'processingMinor' | 'thresholdMinor', description: string) =>
      t.field({
        type: Money,
        description,
        resolve: (balance) => ({ amountMinor: balance[name], currency: balance.currency }),
      });
    return {
      currency: t.exposeString('currency', { description: 'ISO 4217.' }),
      payable: amount('payableMinor', 'Can be paid out; negative when more went back than was left.'),
      onHold: amount('onHoldMinor', 'Of sales that are too young to be paid out.'),
      processing: amount('processingMinor', 'On its way to the author.'),
      threshold: amount('thresholdMinor', 'The least that is paid out.'),
    };
  },
});

builder.queryField('authorBalances', (t) =>
  t.field({
    type: [Balance],
    description: 'What you have earned and were not paid yet, by currency. Admins may ask for any author.',
    authScopes: { author: 'sales:read' },
    complexity: { field: 20 },
    args: {
      authorId: t.arg.id({ description: 'Whose, for admins. (Default: yours)' }).validate(idOf('User').nullish()),
    },
    resolve: async (_root, { authorId }, context) => {
      const { payouts: terms } = context.terms;
      const heldSince = new Date(context.clock.now().getTime() - terms.holdMs);
      const balances = await readBalances(context.db, [authorOf(context, authorId)], heldSince);
      return balances.map((balance) => ({ ...balance, thresholdMinor: thresholdOf(terms, balance.currency) }));
    },
  }),
);

builder.relayMutationField(
  'requestPayout',
  {
    inputFields: (t) => ({
      currency: t.string({ required: true, description: 'ISO 4217.', validate: currencySchema }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each payout: the same key pays once, however often it is sent, for ever.',
        validate: idempotencyKeySchema,
      }),
    }),
  },
  {
    description:
      'Pays you all that is payable in a currency now, without waiting for the schedule. Watch it by Subscription.payoutStatus.',
    authScopes: { author: 'NO_KEY' },
    errors: { types: [NotPayable, IdempotencyConflict, OverloadedError] },
    resolve: (_root, { input }, context) => request(context, input).catch(retell),
  },
  {
    outputFields: (t) => ({
      payout: t.drizzleField({
        type: Payout,
        description: 'The payout, on its way.',
        resolve: async (query, { payoutId }, _args, { db }) => {
          const payout = await db.query.payouts.findFirst(query({ where: { id: payoutId } }));
          if (!payout) throw new TypeError('a requested payout is gone');
          return payout;
        },
      }),
    }),
  },
);

async function request(
  context: Context,
  { currency, idempotencyKey: key }: { currency: string; idempotencyKey: string },
): Promise<{ payoutId: string }> {
  const { id: authorId } = signedIn(context);
  const now = context.clock.now();
  const { resultId } = await context.commit(async (tx) => {
    const id = newId();
    const asking = { userId: authorId, operation: 'requestPayout', key, body: { currency }, resultId: id, now };
    return once(tx, asking, async () => {
      await refuseWhenOverloaded(context, tx);
      await requestPayout(
        tx,
        { id, authorId, currency, gateway: context.notices.name },
        { ...context.terms.payouts, now },
      );
      const event = payoutRequested.of({ payoutId: id, status: 'REQUESTED' });
      await append(context, tx, [event], now);
    });
  });
  return { payoutId: resultId };
}
