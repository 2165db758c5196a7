/** Orders, as their buyers see them. Not here: placing one (place-order.ts). */
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { idOf } from './ids.ts';
import { OrderLine } from './order-line.ts';
import { Money, type MoneyShape } from './money.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { Receipt } from './receipt.ts';
import { OrderStatus } from './statuses.ts';

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

interface GiftShape {
  email: string;
  message: string | null;
  claimedAt: Date | null;
}

const Gift = builder.objectRef<GiftShape>('Gift').implement({
  description: 'For whom an order is, when it is a gift. As the giver sees it.',
  carried: true,
  fields: (t) => ({
    email: t.exposeString('email', { description: 'Where the gift was announced.' }),
    message: t.exposeString('message', { nullable: true, description: 'The giver’s words.' }),
    claimedAt: t.expose('claimedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was taken into a library; null until then.',
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
      select: {
        columns: { currency: true },
        with: { lines: { columns: { taxMinor: true }, orderBy: { position: 'asc' } } },
      },
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
    couponCode: t.string({
      nullable: true,
      description: 'The coupon that was used.',
      select: { with: { coupon: { columns: { code: true } } } },
      resolve: ({ coupon }) => coupon?.code ?? null,
    }),
    gift: t.field({
      type: Gift,
      nullable: true,
      description: 'For whom it is, when it is a gift.',
      select: { with: { claim: { columns: { kind: true, email: true, message: true, claimedAt: true } } } },
      resolve: ({ claim }) => (claim?.kind === 'GIFT' ? claim : null),
    }),
    receipt: t.field({
      type: Receipt,
      nullable: true,
      description: 'Its receipt; null until it is completed.',
      select: { with: { receipt: true } },
      resolve: ({ receipt, buyerId }) => receipt && { ...receipt, buyerId },
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
