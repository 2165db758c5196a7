/** `Subscription.refundStatus`: a refund on its way, for the buyer and for admins. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { refundStatus } from '../db/tables/index.ts';
import { refundSubject } from '../events/index.ts';
import type { StoredEvent } from '../streams/event.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { idOf } from './ids.ts';
import { lastEventColumns, lastEventOf, lastEventRow, statusAt } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { type Progress, progressOf, reasonOf, statusOf } from './progress.ts';
import { buyerOfRefund } from './refund.ts';
import { RefundStatus } from './statuses.ts';

const status = z.enum(refundStatus.enumValues);
type Status = z.infer<typeof status>;

interface RefundStatusUpdate extends Progress {
  refundId: string;
  status: Status;
  reason: string | null;
}

const RefundStatusUpdateRef = builder.objectRef<RefundStatusUpdate>('RefundStatusUpdate').implement({
  carried: true,
  description: 'One step of a refund, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … per refund, without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: RefundStatus, description: 'The status after it.' }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The provider could not be asked, and is asked again then; nothing is lost.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it failed, and what to do.' }),
    refund: t.drizzleField({
      type: 'refunds',
      description: 'The refund as it is now.',
      resolve: async (query, { refundId }, _args, { db }) => {
        const refund = await db.query.refunds.findFirst(query({ where: { id: refundId } }));
        if (!refund) throw new TypeError('the refund of a live subscription is gone');
        return refund;
      },
    }),
  }),
});

builder.subscriptionField('refundStatus', (t) =>
  t.field({
    type: RefundStatusUpdateRef,
    description: 'A refund on its way. For the buyer and for admins.',
    authScopes: { signedIn: 'orders:read' },
    args: {
      refundId: t.arg.id({ required: true, description: 'The refund.' }).validate(idOf('Refund')),
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { refundId, after }, context) => watchRefund(context, refundId, after ?? context.resumeAfter),
    resolve: shown,
  }),
);

async function watchRefund(context: Context, refundId: string, after: number | null) {
  const { keyedDb: db } = context;
  const subject = refundSubject(refundId);
  let last: Status = after === null ? 'REQUESTED' : await statusBefore(db, subject, after);
  return openLive<RefundStatusUpdate>(context, {
    subject,
    noun: 'refund',
    after,
    owned: { lookup: buyerOfRefund, id: refundId },
    snapshot: async () => {
      const update = await readSnapshot(db, refundId);
      last = update?.status ?? last;
      return update;
    },
    show: (event: StoredEvent) => {
      last = statusOf(status, event.payload) ?? last;
      return { ...progressOf(event), refundId, status: last, reason: reasonOf(event.payload) };
    },
  });
}

const snapshotRow = lastEventRow.extend({ status, reason: z.string().nullable() });

/** Status and last seq in one statement, so that no change falls between them. */
async function readSnapshot(db: Db, refundId: string): Promise<RefundStatusUpdate | null> {
  const [row] = await db.execute(sql`
    select r.status, r.failure as reason, ${lastEventColumns}
    from refund r left join ${lastEventOf(sql`'refund:' || r.id`)} where r.id = ${refundId}`);
  if (!row) return null;
  const known = snapshotRow.parse(row);
  return { ...progressOf(known), refundId, status: known.status, reason: known.reason };
}

async function statusBefore(db: Db, subject: string, seq: number): Promise<Status> {
  const [row] = [...(await db.execute(statusAt(subject, seq)))];
  return z.object({ status }).safeParse(row).data?.status ?? 'REQUESTED';
}
