/** Refunds: asking for one, and seeing them. Not here: who may give back how much (../db/refunds.ts). */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { keyMay } from '../accounts/key-scopes.ts';
import { NotRefundable } from '../db/errors.ts';
import { once } from '../db/idempotency.ts';
import { requestRefund } from '../db/refunds.ts';
import { newId } from '../db/tables/columns.ts';
import { refundRequested } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { IdempotencyConflict, InvalidStateError, NotFoundError, OverloadedError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { idOf } from './ids.ts';
import { Money, MoneyInput, type MoneyShape } from './money.ts';
import { Order } from './order.ts';
import { OrderLine } from './order-line.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { ownerLookup } from './rights-watch.ts';
import { RefundStatus } from './statuses.ts';

const LINES_MAX = 100;
const REASON_CHARS_MAX = 500;

/** Whose order it is given back of; asked for together. */
export const buyerOfRefund = ownerLookup(
  (id) => sql`select o.buyer_id as owner from refund r join "order" o on o.id = r.order_id where r.id = ${id}`,
);

const RefundLine = builder.drizzleObject('refundLines', {
  name: 'RefundLine',
  carried: true,
  description: 'What of a line of the order goes back.',
  fields: (t) => ({
    orderLine: t.relation('orderLine', { type: OrderLine, description: 'What was bought.' }),
    amount: t.field({
      type: Money,
      description: 'What of its price goes back.',
      select: { columns: { amountMinor: true }, with: { refund: { columns: { currency: true } } } },
      resolve: ({ amountMinor, refund }): MoneyShape => ({ amountMinor, currency: refund.currency }),
    }),
    tax: t.field({
      type: Money,
      description: 'The tax in that.',
      select: { columns: { taxMinor: true }, with: { refund: { columns: { currency: true } } } },
      resolve: ({ taxMinor, refund }): MoneyShape => ({ amountMinor: taxMinor, currency: refund.currency }),
    }),
  }),
});

const Refund = builder.drizzleNode('refunds', {
  name: 'Refund',
  description: 'Money that goes back to a buyer. For the buyer and for admins.',
  id: { column: (refund) => refund.id, description: 'Opaque global id.' },
  select: { columns: { id: true } },
  authScopes: async ({ id }, { db }) => ({ owner: [(await buyerOfRefund.one(db, id)) ?? '', 'orders:read'] }),
  fields: (t) => ({
    status: t.expose('status', { type: RefundStatus, description: 'Where it stands.' }),
    amount: t.field({
      type: Money,
      description: 'What goes back: the sum of its lines.',
      select: { columns: { amountMinor: true, currency: true } },
      resolve: ({ amountMinor, currency }): MoneyShape => ({ amountMinor, currency }),
    }),
    order: t.relation('order', { type: Order, description: 'What it is given back of.' }),
    lines: t.relation('lines', {
      type: RefundLine,
      description: 'What goes back of each line.',
      query: { orderBy: { position: 'asc' } },
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, in the words of whoever asked for it.' }),
    failure: t.exposeString('failure', { nullable: true, description: 'Why it failed, and what to do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

builder.drizzleObjectField(Order, 'refunds', (t) =>
  t.relation('refunds', {
    type: Refund,
    description: 'What was given back of it, the oldest first.',
    query: { orderBy: { createdAt: 'asc', id: 'asc' } },
  }),
);

const RefundConnection = builder.connectionObject(
  { type: Refund, name: 'RefundConnection' },
  { name: 'RefundEdge', description: 'A refund and where it stands in the list.' },
);

builder.queryField('refunds', (t) =>
  t.field({
    type: RefundConnection,
    description: 'All refunds, the newest first. For admins.',
    authScopes: { admin: 'operations:read' },
    args: {
      ...pageArgs(t),
      status: t.arg({ type: RefundStatus, description: 'Those that stand there only. (Default: all)' }),
    },
    resolve: async (_root, { first, after, status }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.refunds.findMany({
        ...selectNodes(context, info, { id: true, createdAt: true }),
        where: { RAW: (refund) => behindInstant(refund, from), ...(status && { status }) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

const RefundLineInput = builder.inputType('RefundLineInput', {
  description: 'A line of the order to give back.',
  fields: (t) => ({
    position: t.int({
      required: true,
      description: 'Its `OrderLine.position`.',
      validate: z.number().min(0, 'A position is 0 or more.').max(32_767, 'There is no such line.'),
    }),
    amount: t.field({
      type: MoneyInput,
      description: 'What of it, for admins only. (Default: all that is left)',
      validate: z.object({ amountMinor: z.number().min(1, 'It must be more than 0.'), currency: z.string() }).nullish(),
    }),
  }),
});

builder.relayMutationField(
  'requestRefund',
  {
    inputFields: (t) => ({
      orderId: t.id({ required: true, description: 'The order.' }).validate(idOf('Order')),
      lines: t.field({
        type: [RefundLineInput],
        description: 'What of it to give back. (Default: everything that is left)',
        validate: z
          .array(z.looseObject({ position: z.number() }))
          .min(1, 'Name one line at least, or leave `lines` out for all.')
          .max(LINES_MAX, `A refund has ${LINES_MAX} lines at most.`)
          .refine((lines) => new Set(lines.map(({ position }) => position)).size === lines.length, 'Name a line once.')
          .nullish(),
      }),
      reason: t.string({
        description: 'Why, in your own words.',
        validate: z.string().max(REASON_CHARS_MAX, `A reason has ${REASON_CHARS_MAX} characters at most.`).nullish(),
      }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each refund: the same key gives back once, however often it is sent, for ever.',
        validate: idempotencyKeySchema,
      }),
    }),
  },
  {
    description:
      'Gives money back. A reader gives back whole lines for a time (the shop says how long) if the book was not downloaded; an admin any part of any order. The right to read ends with it. Watch it by Subscription.refundStatus.',
    authScopes: { signedIn: 'orders:write' },
    errors: { types: [NotFoundError, InvalidStateError, NotRefundable, IdempotencyConflict, OverloadedError] },
    resolve: (_root, { input }, context) => request(context, input).catch(retell),
  },
  {
    outputFields: (t) => ({
      refund: t.drizzleField({
        type: Refund,
        description: 'The refund, on its way.',
        resolve: async (query, { refundId }, _args, { db }) => {
          const refund = await db.query.refunds.findFirst(query({ where: { id: refundId } }));
          if (!refund) throw new TypeError('a requested refund is gone');
          return refund;
        },
      }),
    }),
  },
);

interface RefundInput {
  orderId: string;
  lines?: readonly { position: number; amount?: MoneyShape | null | undefined }[] | null | undefined;
  reason?: string | null | undefined;
  idempotencyKey: string;
}

async function request(context: Context, input: RefundInput): Promise<{ refundId: string }> {
  const { idempotencyKey: key, ...body } = input;
  const { id: userId, role, scopes } = signedIn(context);
  const isShop = role === 'ADMIN' && keyMay(scopes, 'operations:write');
  const now = context.clock.now();
  const { resultId } = await context.commit(async (tx) => {
    const id = newId();
    return once(tx, { userId, operation: 'requestRefund', key, body, resultId: id, now }, async () => {
      await refuseWhenOverloaded(context, tx);
      const lines = input.lines?.map(({ position, amount }) => ({ position, amount: amount ?? null })) ?? null;
      const asked = { id, orderId: input.orderId, userId, isShop, lines, reason: input.reason ?? null };
      await requestRefund(tx, asked, { now, windowMs: context.terms.refundWindowMs });
      const event = refundRequested.of({ refundId: id, orderId: input.orderId, status: 'REQUESTED' });
      await append(context, tx, [event], now);
    });
  });
  return { refundId: resultId };
}
