/** What authors earned: a month's statement, its lines, and the same as CSV. Not here: paying it out. */
import { z } from 'zod';
import { readStatement, readStatementLines, type Statement, type StatementLine } from '../db/statements.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { ForbiddenError } from './errors.ts';
import { idOf } from './ids.ts';
import { statementLink } from './links.ts';
import { currencySchema, Money } from './money.ts';
import { decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';

const cursor = z.tuple([instantMs, z.uuid()]);

const StatementKind = builder.enumType('StatementLineKind', {
  description: 'Why a balance changed.',
  values: {
    SALE: { description: 'A book was sold.' },
    REFUND: { description: 'Money was given back to a buyer, or that failed.' },
    DISPUTE: { description: 'A buyer’s bank took money back, or gave it again.' },
    PAYOUT: { description: 'Money was paid to the author, or came back.' },
  } as const,
});

interface LineShape extends StatementLine {
  currency: string;
}

const Line = builder.objectRef<LineShape>('StatementLine').implement({
  carried: true,
  description: 'One change of an author’s balance.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When it was booked.' }),
    kind: t.expose('kind', { type: StatementKind, description: 'Why.' }),
    amount: t.field({
      type: Money,
      description: 'By how much; negative when it went back or was paid out.',
      resolve: ({ amountMinor, currency }) => ({ amountMinor, currency }),
    }),
    titles: t.exposeString('titles', { nullable: true, description: 'The books of the author that were sold.' }),
  }),
});

const LineConnection = builder.connectionObject(
  { type: Line, name: 'StatementLineConnection' },
  { name: 'StatementLineEdge', description: 'A line and where it stands in the list.' },
);

type Sum = 'openingMinor' | 'salesMinor' | 'refundsMinor' | 'disputesMinor' | 'payoutsMinor' | 'closingMinor';

const AuthorStatement = builder.objectRef<Statement>('AuthorStatement').implement({
  carried: true,
  description:
    'What an author earned in a month, in one currency: opening + sales + refunds + disputes + payouts = closing.',
  fields: (t) => {
    const sum = (name: Sum, description: string) =>
      t.field({
        type: Money,
        description,
        resolve: (statement) => ({ amountMinor: statement[name], currency: statement.currency }),
      });
    return {
      month: t.exposeString('month', { description: 'Such as `2026-11`, in UTC.' }),
      openingBalance: sum(
        'openingMinor',
        'What was owed to the author when the month began; negative: owed by the author.',
      ),
      sales: sum('salesMinor', 'Royalties of what was sold.'),
      refunds: sum('refundsMinor', 'Royalties that went back with refunds; 0 or negative.'),
      disputes: sum('disputesMinor', 'Royalties that went back with disputes, or returned when they were won.'),
      payouts: sum('payoutsMinor', 'What was paid out; negative.'),
      closingBalance: sum('closingMinor', 'What was owed when the month ended.'),
      lines: t.field({
        type: LineConnection,
        description: 'Every change, the oldest first.',
        args: pageArgs(t),
        resolve: async (statement, { first, after }, { db }) => {
          const from = decodeCursor(after, cursor);
          const behind = from && { at: new Date(from[0]), id: from[1] };
          const rows = await readStatementLines(db, statement, { after: behind, limit: first + 1 });
          const lines = rows.map((row) => ({ ...row, currency: statement.currency }));
          return pageOf(lines, first, after, (line) => [line.at.getTime(), line.id]);
        },
      }),
      csvUrl: t.field({
        type: 'URL',
        description: 'The same lines as CSV, for five minutes.',
        resolve: (statement, _args, context) => statementLink(context, statement).url,
      }),
    };
  },
});

builder.queryField('authorStatement', (t) =>
  t.field({
    type: AuthorStatement,
    description: 'What you earned in a month. Admins may ask for any author.',
    authScopes: { author: 'sales:read' },
    complexity: { field: 20 },
    args: {
      month: t.arg.string({
        required: true,
        description: 'Such as `2026-11`.',
        validate: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'A month is written as 2026-11.'),
      }),
      currency: t.arg.string({ required: true, description: 'ISO 4217.', validate: currencySchema }),
      authorId: t.arg.id({ description: 'Whose, for admins. (Default: yours)' }).validate(idOf('User').nullish()),
    },
    resolve: (_root, { month, currency, authorId }, context) => {
      const viewer = signedIn(context);
      const id = authorId ?? viewer.id;
      if (id !== viewer.id && viewer.role !== 'ADMIN') throw new ForbiddenError('Only admins see what others earned.');
      return readStatement(context.db, { authorId: id, month, currency });
    },
  }),
);
