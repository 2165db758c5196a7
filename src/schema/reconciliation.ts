/** The comparison of the provider's books with ours, for admins: when it was made, in what they differ, and why. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { DIFFERENCE_KINDS, type DifferenceKind } from '../books/difference.ts';
import { explainDifference } from '../db/reconciliation.ts';
import { MOVEMENT_KINDS } from '../ports/payments/provider.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { NotFoundError } from './errors.ts';
import { idOf } from './ids.ts';
import { Money, type MoneyShape } from './money.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { User } from './viewer.ts';

const NOTE_CHARS_MAX = 1_000;

const KIND_WORDS: Readonly<Record<DifferenceKind, string>> = {
  MISSING_HERE: 'The provider moved money that we know nothing of.',
  MISSING_THERE: 'We booked money that the provider has not moved.',
  DUPLICATE: 'The provider moved the same money more than once.',
  CURRENCY: 'Both sides name another currency.',
  AMOUNT: 'Both sides name another amount.',
  FEE: 'Both sides name another fee of a dispute; the amounts are the fees.',
  STATE: 'The provider moved money of which we say that it has not moved, or has come back.',
};
const MOVEMENT_WORDS: Readonly<Record<(typeof MOVEMENT_KINDS)[number], string>> = {
  CAPTURE: 'A buyer’s payment.',
  REFUND: 'Money that went back to a buyer.',
  REFUND_FAILED: 'A refund that the buyer’s bank sent back.',
  DISPUTE: 'A payment that the buyer’s bank took back.',
  DISPUTE_REVERSED: 'A payment that the buyer’s bank gave back again.',
  PAYOUT: 'Money that went to an author.',
  PAYOUT_FAILED: 'A payout that came back.',
};
const valuesOf = <Name extends string>(names: readonly Name[], words: Readonly<Record<Name, string>>) =>
  Object.fromEntries(names.map((name) => [name, { value: name, description: words[name] }]));

const DifferenceKindEnum = builder.enumType('DifferenceKind', {
  description: 'In what the provider’s books and ours differ.',
  values: valuesOf(DIFFERENCE_KINDS, KIND_WORDS),
});
const MovementKindEnum = builder.enumType('MovementKind', {
  description: 'What moved money at the provider.',
  values: valuesOf(MOVEMENT_KINDS, MOVEMENT_WORDS),
});
const DifferenceStatus = builder.enumType('DifferenceStatus', {
  description: 'Whether somebody has to look at a difference.',
  values: {
    OPEN: { description: 'Nobody has said why it is so.' },
    EXPLAINED: { description: 'Somebody has.' },
    CLEARED: { description: 'A later comparison found that both sides agree.' },
  } as const,
});

const amountOf = (amountMinor: number | null, currency: string | null): MoneyShape | null =>
  amountMinor === null || currency === null ? null : { amountMinor, currency };

const Difference = builder.drizzleNode('reconciliationDifferences', {
  name: 'ReconciliationDifference',
  description: 'In what the provider’s books and ours differ. For admins.',
  id: { column: (difference) => difference.id, description: 'Opaque global id.' },
  select: { columns: { id: true } },
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    kind: t.field({
      type: DifferenceKindEnum,
      description: 'In what.',
      select: { columns: { kind: true } },
      resolve: ({ kind }) => kind,
    }),
    status: t.expose('status', { type: DifferenceStatus, description: 'Whether somebody has to look at it.' }),
    movement: t.field({
      type: MovementKindEnum,
      nullable: true,
      description: 'What moved the money; null when the provider has not moved it.',
      select: { columns: { movementKind: true } },
      resolve: ({ movementKind }) => movementKind,
    }),
    ref: t.exposeString('ref', {
      nullable: true,
      description: 'The provider’s name for the capture, refund, dispute or payout; null when it has none.',
    }),
    ledgerKey: t.exposeString('ledgerKey', {
      nullable: true,
      description: 'What books it in our ledger, such as `capture:ORDER`; null when we know nothing of it.',
    }),
    ours: t.field({
      type: Money,
      nullable: true,
      description: 'What we say.',
      select: { columns: { ourMinor: true, ourCurrency: true } },
      resolve: ({ ourMinor, ourCurrency }) => amountOf(ourMinor, ourCurrency),
    }),
    theirs: t.field({
      type: Money,
      nullable: true,
      description: 'What the provider says.',
      select: { columns: { theirMinor: true, theirCurrency: true } },
      resolve: ({ theirMinor, theirCurrency }) => amountOf(theirMinor, theirCurrency),
    }),
    explainedBy: t.relation('explainedBy', { type: User, nullable: true, description: 'Who said why it is so.' }),
    note: t.exposeString('note', { nullable: true, description: 'Why it is so, in their words.' }),
    explainedAt: t.expose('explainedAt', { type: 'DateTime', nullable: true, description: 'When they said it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was found.' }),
  }),
});

interface Compared {
  slot: Date;
  gateway: string;
  startedAt: Date;
  endedAt: Date | null;
  movements: number;
  found: number;
  open: number;
}

const Reconciliation = builder.objectRef<Compared>('Reconciliation').implement({
  description: 'A comparison of the provider’s books with ours. For admins.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    slot: t.expose('slot', { type: 'DateTime', description: 'When it was due.' }),
    gateway: t.exposeString('gateway', { description: 'The provider.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the first page was read.' }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'Null while it is under way.' }),
    movements: t.exposeInt('movements', { description: 'Movements of money that it read.' }),
    found: t.exposeInt('found', { description: 'Differences that were not known before.' }),
    open: t.exposeInt('open', { description: 'Differences, of whatever night, that nobody has explained.' }),
  }),
});

builder.queryField('reconciliation', (t) =>
  t.field({
    type: Reconciliation,
    nullable: true,
    description: 'The last comparison of the provider’s books with ours; null before the first. For admins.',
    authScopes: { admin: 'operations:read' },
    resolve: async (_root, _args, { db }) => {
      const last = await db.query.reconciliations.findFirst({ orderBy: { slot: 'desc' } });
      if (!last) return null;
      const [row] = await db.execute<{ open: number }>(
        sql`select count(*)::int as open from reconciliation_difference where status = 'OPEN'`,
      );
      return { ...last, open: row?.open ?? 0 };
    },
  }),
);

const DifferenceConnection = builder.connectionObject(
  { type: Difference, name: 'ReconciliationDifferenceConnection' },
  { name: 'ReconciliationDifferenceEdge', description: 'A difference and where it stands in the list.' },
);

builder.queryField('reconciliationDifferences', (t) =>
  t.field({
    type: DifferenceConnection,
    description: 'In what the provider’s books and ours differ, the newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      ...pageArgs(t),
      status: t.arg({ type: DifferenceStatus, description: 'Those that stand there only. (Default: all)' }),
    },
    resolve: async (_root, { first, after, status }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.reconciliationDifferences.findMany({
        ...selectNodes(context, info, { id: true, createdAt: true }),
        where: { RAW: (difference) => behindInstant(difference, from), ...(status && { status }) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'explainDifference',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The difference.' }).validate(idOf('ReconciliationDifference')),
      note: t.string({
        required: true,
        description: 'Why it is so, in your words. Kept with your name.',
        validate: z
          .string()
          .trim()
          .min(1, 'Say why it is so.')
          .max(NOTE_CHARS_MAX, `A note has ${NOTE_CHARS_MAX} characters at most.`),
      }),
    }),
  },
  {
    description:
      'Says why the provider’s books and ours differ, so that it is counted no more; again for better words. For admins.',
    authScopes: { admin: 'operations:write' },
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id, note } }, context) => {
      const userId = signedIn(context).id;
      const now = context.clock.now();
      if (!(await context.commit((tx) => explainDifference(tx, { id, userId, note }, now)))) {
        throw new NotFoundError('difference');
      }
      return { id };
    },
  },
  {
    outputFields: (t) => ({
      difference: t.drizzleField({
        type: Difference,
        description: 'The difference as it is now.',
        resolve: async (query, { id }, _args, { db }) => {
          const difference = await db.query.reconciliationDifferences.findFirst(query({ where: { id } }));
          if (!difference) throw new TypeError('an explained difference is gone');
          return difference;
        },
      }),
    }),
  },
);
