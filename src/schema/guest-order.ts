/** Buying without an account: a guest places an order on a guest's quote, watches it by a token, and claims it by mail. */
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { isOrderToken, orderToken } from '../db/claims.ts';
import { CouponRefused, NotForSale, QuoteExpired, QuoteUsed } from '../db/errors.ts';
import { hashBody } from '../db/idempotency.ts';
import { placeGuest } from '../db/quoted-orders.ts';
import { newId } from '../db/tables/columns.ts';
import { orders, payments } from '../db/tables/index.ts';
import { orderPlaced } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded } from './context.ts';
import { retell } from './domain-errors.ts';
import { emailSchema } from './email.ts';
import { NotFoundError, OverloadedError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { encodeId, idOf } from './ids.ts';
import { Money } from './money.ts';
import { paymentTokenSchema } from './place-order.ts';
import { OrderStatus } from './statuses.ts';

const TOKEN_CHARS_MAX = 100;
export const orderTokenSchema = z.string().max(TOKEN_CHARS_MAX, 'This is not a token of an order.');

/** Whether the bearer of the token may see how an order goes. */
export const mayWatchAsGuest = ({ signing }: Pick<Context, 'signing'>, orderId: string, token: string): boolean =>
  isOrderToken(signing.secrets, 'WATCH', orderId, token);

interface GuestOrderShape {
  id: string;
  status: (typeof orders.$inferSelect)['status'];
  amountMinor: number;
  currency: string;
  reason: string | null;
  paymentStatus: (typeof payments.$inferSelect)['status'];
  actionUrl: string | null;
}

const GuestOrder = builder.objectRef<GuestOrderShape>('GuestOrder').implement({
  description: 'What a guest sees of the order that was placed without an account.',
  carried: true,
  fields: (t) => ({
    orderId: t.id({ description: 'The order.', resolve: ({ id }) => encodeId('Order', id) }),
    status: t.expose('status', { type: OrderStatus, description: 'Where it stands.' }),
    total: t.field({
      type: Money,
      description: 'What it costs, tax included.',
      resolve: ({ amountMinor, currency }) => ({ amountMinor, currency }),
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it ended where it did, when it did not complete.',
    }),
    actionUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'Where the buyer approves the payment, while that is asked for.',
      resolve: ({ paymentStatus, actionUrl }) => (paymentStatus === 'REQUIRES_ACTION' ? actionUrl : null),
    }),
  }),
});

async function readGuestOrder({ db }: Pick<Context, 'db'>, orderId: string): Promise<GuestOrderShape | null> {
  const [row] = await db
    .select({
      id: orders.id,
      status: orders.status,
      amountMinor: orders.amountMinor,
      currency: orders.currency,
      reason: orders.reason,
      paymentStatus: payments.status,
      actionUrl: payments.actionUrl,
    })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(eq(orders.id, orderId));
  return row ?? null;
}

builder.queryField('guestOrder', (t) =>
  t.field({
    type: GuestOrder,
    nullable: true,
    description: 'An order that was placed without an account, for whoever has its token; null for others.',
    authScopes: { anyone: 'orders:read' },
    args: {
      orderId: t.arg.id({ required: true, description: 'The order.' }).validate(idOf('Order')),
      guestToken: t.arg
        .string({ required: true, description: 'As placeGuestOrder gave it.' })
        .validate(orderTokenSchema),
    },
    resolve: (_root, { orderId, guestToken }, context) =>
      mayWatchAsGuest(context, orderId, guestToken) ? readGuestOrder(context, orderId) : null,
  }),
);

builder.relayMutationField(
  'placeGuestOrder',
  {
    inputFields: (t) => ({
      quoteId: t
        .id({ required: true, description: 'A quote that was made without an account.' })
        .validate(idOf('Quote')),
      email: t
        .string({ required: true, description: 'Where the receipt and the link to claim the books go.' })
        .validate(emailSchema),
      paymentToken: t.string({
        required: true,
        description: 'The provider’s token for the means of payment; never a card number.',
        validate: paymentTokenSchema,
      }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each purchase: the same key buys once on a quote, however often it is sent.',
        validate: idempotencyKeySchema,
      }),
    }),
  },
  {
    description:
      'Buys what a quote holds without an account. When it is paid, a mail brings the receipt and a link; whoever follows it claims the books for an account. Nothing in the answer tells whether the address has one.',
    authScopes: { anyone: 'orders:write' },
    errors: { types: [NotFoundError, NotForSale, QuoteExpired, QuoteUsed, CouponRefused, OverloadedError] },
    resolve: (_root, { input }, context) => {
      const { quoteId, email, paymentToken } = input;
      const now = context.clock.now();
      const order = {
        id: newId(),
        quoteId,
        email,
        paymentToken,
        gateway: context.notices.name,
        bodyHash: hashBody(input),
      };
      return context
        .commit(async (tx) => {
          const placed = await placeGuest(tx, order, { now, refuseNew: () => refuseWhenOverloaded(context, tx) });
          const event = orderPlaced.of({ orderId: placed.orderId, status: 'PENDING_PAYMENT' });
          if (placed.isNew) await append(context, tx, [event], now);
          return placed;
        })
        .catch(retell);
    },
  },
  {
    outputFields: (t) => ({
      order: t.field({
        type: GuestOrder,
        description: 'The order, on its way.',
        resolve: async ({ orderId }, _args, context) => {
          const order = await readGuestOrder(context, orderId);
          if (!order) throw new TypeError('a placed order is gone');
          return order;
        },
      }),
      guestToken: t.string({
        description: 'Shows this order to whoever has it: for Query.guestOrder and Subscription.orderStatus. Keep it.',
        resolve: ({ orderId }, _args, { signing }) => orderToken([signing.secrets].flat()[0] ?? '', 'WATCH', orderId),
      }),
    }),
  },
);
