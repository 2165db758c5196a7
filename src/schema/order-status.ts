/** `Subscription.orderStatus`: an order on its way, for its buyer and for admins. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { orderStatus } from '../db/tables/index.ts';
import { orderSubject } from '../events/index.ts';
import type { StoredEvent } from '../streams/event.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { mayWatchAsGuest, orderTokenSchema } from './guest-order.ts';
import { idOf } from './ids.ts';
import { lastEventColumns, lastEventOf, lastEventRow, statusAt } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { ownerLookup } from './rights-watch.ts';
import { type Progress, progressOf, reasonOf, statusOf } from './progress.ts';
import { OrderStatus } from './statuses.ts';

const status = z.enum(orderStatus.enumValues);
type Status = z.infer<typeof status>;

interface OrderStatusUpdate extends Progress {
  orderId: string;
  status: Status;
  reason: string | null;
}

const OrderStatusUpdateRef = builder.objectRef<OrderStatusUpdate>('OrderStatusUpdate').implement({
  carried: true,
  description: 'One step of an order, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … per order, without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: OrderStatus, description: 'The status after it.' }),
    stage: t.exposeString('stage', {
      nullable: true,
      description: 'The stage that did it, such as `purchase.fulfil`.',
    }),
    attempts: t.exposeInt('attempts', { nullable: true, description: 'How many tries the stage has taken.' }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The stage failed and is tried again then; nothing is lost.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it ended where it did, when it did not complete.',
    }),
    order: t.drizzleField({
      type: 'orders',
      description: 'The order as it is now.',
      resolve: async (query, { orderId }, _args, { db }) => {
        const order = await db.query.orders.findFirst(query({ where: { id: orderId } }));
        if (!order) throw new TypeError('the order of a live subscription is gone');
        return order;
      },
    }),
  }),
});

builder.subscriptionField('orderStatus', (t) =>
  t.field({
    type: OrderStatusUpdateRef,
    description: 'An order on its way. For its buyer, for admins, and for a guest who has its token.',
    authScopes: (_root, { guestToken }) => (guestToken ? { anyone: 'orders:read' } : { signedIn: 'orders:read' }),
    args: {
      orderId: t.arg.id({ required: true, description: 'The order.' }).validate(idOf('Order')),
      guestToken: t.arg
        .string({ description: 'For an order that was placed without an account: as placeGuestOrder gave it.' })
        .validate(orderTokenSchema.nullish()),
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { orderId, after, guestToken }, context) => {
      const isGuest = guestToken ? mayWatchAsGuest(context, orderId, guestToken) : false;
      return watchOrder(context, { orderId, isGuest }, after ?? context.resumeAfter);
    },
    resolve: shown,
  }),
);

async function watchOrder(
  context: Context,
  { orderId, isGuest }: { orderId: string; isGuest: boolean },
  after: number | null,
) {
  const subject = orderSubject(orderId);
  let last: Status = after === null ? 'PENDING_PAYMENT' : await statusBefore(context, subject, after);
  const { keyedDb: db } = context;
  return openLive<OrderStatusUpdate>(context, {
    subject,
    noun: 'order',
    after,
    // A guest's token is the right itself.
    owned: isGuest ? null : { lookup: buyerOf, id: orderId },
    snapshot: async () => {
      const update = await readSnapshot(db, orderId);
      last = update?.status ?? last;
      return update;
    },
    show: (event: StoredEvent) => {
      last = statusOf(status, event.payload) ?? last;
      return { ...progressOf(event), orderId, status: last, reason: reasonOf(event.payload) };
    },
  });
}

const buyerOf = ownerLookup((id) => sql`select buyer_id as owner from "order" where id = ${id}`);

const snapshotRows = z.array(lastEventRow.extend({ status, reason: z.string().nullable() }));

/** Status and last seq in one statement, so that no change falls between them. */
async function readSnapshot(db: Db, orderId: string): Promise<OrderStatusUpdate | null> {
  const rows = await db.execute(sql`
    select o.status, o.reason, ${lastEventColumns}
    from "order" o left join ${lastEventOf(sql`'order:' || o.id`)} where o.id = ${orderId}`);
  const row = snapshotRows.parse([...rows])[0];
  return row ? { ...progressOf(row), orderId, status: row.status, reason: row.reason } : null;
}

async function statusBefore({ keyedDb: db }: Context, subject: string, seq: number): Promise<Status> {
  const [row] = [...(await db.execute(statusAt(subject, seq)))];
  return z.object({ status }).safeParse(row).data?.status ?? 'PENDING_PAYMENT';
}
