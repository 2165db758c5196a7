/** Disputes, as admins see them. */
import { builder } from './builder.ts';
import { Money, type MoneyShape } from './money.ts';
import { Order } from './order.ts';
import { behindInstant, createdCursor } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const DisputeStatus = builder.enumType('DisputeStatus', {
  description: 'Where a dispute stands.',
  values: {
    OPEN: { description: 'The bank took the money back, and nobody may read until it has decided.' },
    WON: { description: 'The bank gave the money back; the books may be read again.' },
    LOST: { description: 'The buyer keeps the money; the right to read was revoked.' },
  } as const,
});

const Dispute = builder.drizzleObject('disputes', {
  name: 'Dispute',
  description: 'A payment that the buyer’s bank took back. For admins.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    disputeRef: t.exposeString('disputeRef', { description: 'The provider’s name for it.' }),
    status: t.expose('status', { type: DisputeStatus, description: 'Where it stands.' }),
    amount: t.field({
      type: Money,
      description: 'What the bank took.',
      select: { columns: { amountMinor: true, currency: true } },
      resolve: ({ amountMinor, currency }): MoneyShape => ({ amountMinor, currency }),
    }),
    fee: t.field({
      type: Money,
      description: 'What the provider took for it, which never comes back.',
      select: { columns: { feeMinor: true, currency: true } },
      resolve: ({ feeMinor, currency }): MoneyShape => ({ amountMinor: feeMinor, currency }),
    }),
    order: t.relation('order', { type: Order, description: 'What was paid for.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When we learned of it.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

const DisputeConnection = builder.connectionObject(
  { type: Dispute, name: 'DisputeConnection' },
  { name: 'DisputeEdge', description: 'A dispute and where it stands in the list.' },
);

builder.queryField('disputes', (t) =>
  t.field({
    type: DisputeConnection,
    description: 'All disputes, the newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      ...pageArgs(t),
      status: t.arg({ type: DisputeStatus, description: 'Those that stand there only. (Default: all)' }),
    },
    resolve: async (_root, { first, after, status }, { db }) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await db.query.disputes.findMany({
        where: { RAW: (dispute) => behindInstant(dispute, from), ...(status && { status }) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);
