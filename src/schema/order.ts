/** Orders: placing one, and seeing one's own. */
import { z } from 'zod';
import { countrySchema } from '../books/country.ts';
import { buyerCountry } from '../books/shop-terms.ts';
import { hashBody } from '../db/idempotency.ts';
import { AlreadyOwned, NotForSale, PriceChanged, PurchaseInProgress } from '../db/errors.ts';
import { newId } from '../db/tables/columns.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { IdempotencyConflict, OverloadedError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { idOf } from './ids.ts';
import { placeAtDesk } from './order-desk.ts';
import { OrderLine } from './order-line.ts';
import { currencySchema, Money, MoneyInput, type MoneyShape } from './money.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { OrderStatus } from './statuses.ts';

const TOKEN_CHARS_MAX = 200;

const PaymentStatus = builder.enumType('PaymentStatus', {
  description: 'Where a payment stands.',
  values: {
    CREATED: { description: 'Not begun.' },
    REQUIRES_ACTION: { description: 'The buyer has to approve it at `actionUrl`.' },
    AUTHORIZED: { description: 'The amount is reserved.' },
    CAPTURED: { description: 'The amount was taken.' },
    DECLINED: { description: 'The provider said no.' },
    VOIDED: { description: 'The reservation was lifted; nothing was taken.' },
    REFUNDED: { description: 'The money was taken and has been given back in full.' },
  } as const,
});

interface PaymentShape {
  status: 'CREATED' | 'REQUIRES_ACTION' | 'AUTHORIZED' | 'CAPTURED' | 'DECLINED' | 'VOIDED' | 'REFUNDED';
  actionUrl: string | null;
  buyerId: string;
}

const Payment = builder.objectRef<PaymentShape>('Payment').implement({
  carried: true,
  description: 'The payment of an order.',
  fields: (t) => ({
    status: t.expose('status', { type: PaymentStatus, description: 'Where it stands.' }),
    actionUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'Where the buyer approves it, while the status is REQUIRES_ACTION. For the buyer only.',
      resolve: ({ status, actionUrl, buyerId }, _args, { viewer }) =>
        status === 'REQUIRES_ACTION' && viewer?.id === buyerId ? actionUrl : null,
    }),
  }),
});

export const Order = builder.drizzleNode('orders', {
  name: 'Order',
  description: 'An order. For its buyer and for admins.',
  id: { column: (order) => order.id, description: 'Opaque global id.' },
  select: { columns: { id: true, buyerId: true } },
  authScopes: (order) => ({ owner: [order.buyerId, 'orders:read'] }),
  fields: (t) => ({
    status: t.expose('status', { type: OrderStatus, description: 'Where it stands.' }),
    total: t.field({
      type: Money,
      description: 'What it costs, tax included: the sum of its lines.',
      select: { columns: { amountMinor: true, currency: true } },
      resolve: ({ amountMinor, currency }): MoneyShape => ({ amountMinor, currency }),
    }),
    tax: t.field({
      type: Money,
      description: 'The tax that the total contains.',
      select: { columns: { currency: true }, with: { lines: { columns: { taxMinor: true } } } },
      resolve: ({ lines, currency }): MoneyShape => ({
        amountMinor: lines.reduce((sum, { taxMinor }) => sum + taxMinor, 0),
        currency,
      }),
    }),
    country: t.exposeString('country', {
      nullable: true,
      description: 'Whose tax it contains (ISO 3166-1); null when no country was known, and none was charged.',
    }),
    lines: t.relation('lines', {
      type: OrderLine,
      description: 'What was ordered.',
      query: { orderBy: { position: 'asc' } },
    }),
    payment: t.field({
      type: Payment,
      nullable: true,
      description: 'Its payment.',
      select: { with: { payment: { columns: { status: true, actionUrl: true } } } },
      resolve: ({ payment, buyerId }) => payment && { ...payment, buyerId },
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it ended where it did, when it did not complete.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was placed.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

const OrderConnection = builder.connectionObject(
  { type: Order, name: 'OrderConnection' },
  { name: 'OrderEdge', description: 'An order and where it stands in the list.' },
);

builder.queryField('order', (t) =>
  t.drizzleField({
    type: Order,
    nullable: true,
    description: 'One of your orders; null when it is not yours.',
    authScopes: { signedIn: 'orders:read' },
    args: { id: t.arg.id({ required: true, description: 'The order.' }).validate(idOf('Order')) },
    resolve: async (query, _root, { id }, context) => {
      const viewer = signedIn(context);
      const own = viewer.role === 'ADMIN' ? {} : { buyerId: viewer.id };
      return (await context.db.query.orders.findFirst(query({ where: { id, ...own } }))) ?? null;
    },
  }),
);

builder.queryField('myOrders', (t) =>
  t.field({
    type: OrderConnection,
    description: 'Your orders, the newest first.',
    authScopes: { signedIn: 'orders:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.orders.findMany({
        ...selectNodes(context, info, { id: true, buyerId: true, createdAt: true }),
        where: { buyerId: signedIn(context).id, RAW: (order) => behindInstant(order, from) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'placeOrder',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'What to buy.' }).validate(idOf('Edition')),
      currency: t.string({ required: true, description: 'What to pay in (ISO 4217).', validate: currencySchema }),
      paymentToken: t.string({
        required: true,
        description: 'The provider’s token for the means of payment; never a card number.',
        validate: z
          .string()
          .regex(/^[\w.:-]+$/, 'A payment token has letters, digits and _ . : - only.')
          .max(TOKEN_CHARS_MAX, `A payment token has ${TOKEN_CHARS_MAX} characters at most.`),
      }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each purchase: the same key buys once, however often it is sent, for ever.',
        validate: idempotencyKeySchema,
      }),
      country: t
        .string({ description: 'Where the buyer lives (ISO 3166-1): whose tax is charged. (Default: the shop’s own)' })
        .validate(countrySchema.nullish()),
      expectedPrice: t.field({
        type: MoneyInput,
        description: 'The price that the buyer was shown; another one is answered by PriceChanged.',
      }),
    }),
  },
  {
    description: 'Buys an edition. Once this answers, the order reaches its end; watch it by Subscription.orderStatus.',
    authScopes: { signedIn: 'orders:write' },
    errors: {
      types: [AlreadyOwned, NotForSale, PriceChanged, PurchaseInProgress, IdempotencyConflict, OverloadedError],
    },
    resolve: (_root, { input }, context) => place(context, input),
  },
  {
    outputFields: (t) => ({
      order: t.drizzleField({
        type: Order,
        description: 'The order, on its way.',
        resolve: async (query, { orderId }, _args, { db }) => {
          const order = await db.query.orders.findFirst(query({ where: { id: orderId } }));
          if (!order) throw new TypeError('a placed order is gone');
          return order;
        },
      }),
    }),
  },
);

interface PlaceOrderInput {
  editionId: string;
  currency: string;
  paymentToken: string;
  idempotencyKey: string;
  country?: string | null | undefined;
  expectedPrice?: MoneyShape | null | undefined;
}

async function place(context: Context, input: PlaceOrderInput): Promise<{ orderId: string }> {
  const { idempotencyKey: key, ...body } = input;
  const expectedPrice = input.expectedPrice ?? null;
  const buyerId = signedIn(context).id;
  const from = buyerCountry(input.country ?? null, context.terms.shopCountry, context.address);
  const bodyHash = hashBody(body);
  const order = { ...body, id: newId(), buyerId, ...from, gateway: context.notices.name, expectedPrice, key, bodyHash };
  return { orderId: await placeAtDesk(context, order).catch(retell) };
}
