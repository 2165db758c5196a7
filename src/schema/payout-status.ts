/** `Subscription.payoutStatus`: a payout on its way, for the author and for admins. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { payoutStatus } from '../db/tables/index.ts';
import { payoutSubject } from '../events/index.ts';
import type { StoredEvent } from '../streams/event.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { idOf } from './ids.ts';
import { lastEventColumns, lastEventOf, lastEventRow, statusAt } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { type Progress, progressOf, reasonOf, statusOf } from './progress.ts';
import { authorOfPayout } from './payout.ts';
import { PayoutStatus } from './statuses.ts';

const status = z.enum(payoutStatus.enumValues);
type Status = z.infer<typeof status>;

interface PayoutStatusUpdate extends Progress {
  payoutId: string;
  status: Status;
  reason: string | null;
}

const PayoutStatusUpdateRef = builder.objectRef<PayoutStatusUpdate>('PayoutStatusUpdate').implement({
  carried: true,
  description: 'One step of a payout, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … per payout, without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: PayoutStatus, description: 'The status after it.' }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The provider could not be asked, and is asked again then; nothing is lost.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it failed, and what to do.' }),
    payout: t.drizzleField({
      type: 'payouts',
      description: 'The payout as it is now.',
      resolve: async (query, { payoutId }, _args, { db }) => {
        const payout = await db.query.payouts.findFirst(query({ where: { id: payoutId } }));
        if (!payout) throw new TypeError('the payout of a live subscription is gone');
        return payout;
      },
    }),
  }),
});

builder.subscriptionField('payoutStatus', (t) =>
  t.field({
    type: PayoutStatusUpdateRef,
    description: 'A payout on its way. For the author and for admins.',
    authScopes: { author: 'sales:read' },
    args: {
      payoutId: t.arg.id({ required: true, description: 'The payout.' }).validate(idOf('Payout')),
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { payoutId, after }, context) => watchPayout(context, payoutId, after ?? context.resumeAfter),
    resolve: shown,
  }),
);

async function watchPayout(context: Context, payoutId: string, after: number | null) {
  const { keyedDb: db } = context;
  const subject = payoutSubject(payoutId);
  let last: Status = after === null ? 'REQUESTED' : await statusBefore(db, subject, after);
  return openLive<PayoutStatusUpdate>(context, {
    subject,
    noun: 'payout',
    after,
    owned: { lookup: authorOfPayout, id: payoutId },
    snapshot: async () => {
      const update = await readSnapshot(db, payoutId);
      last = update?.status ?? last;
      return update;
    },
    show: (event: StoredEvent) => {
      last = statusOf(status, event.payload) ?? last;
      return { ...progressOf(event), payoutId, status: last, reason: reasonOf(event.payload) };
    },
  });
}

const snapshotRow = lastEventRow.extend({ status, reason: z.string().nullable() });

/** Status and last seq in one statement, so that no change falls between them. */
async function readSnapshot(db: Db, payoutId: string): Promise<PayoutStatusUpdate | null> {
  const [row] = await db.execute(sql`
    select p.status, p.failure as reason, ${lastEventColumns}
    from payout p left join ${lastEventOf(sql`'payout:' || p.id`)} where p.id = ${payoutId}`);
  if (!row) return null;
  const known = snapshotRow.parse(row);
  return { ...progressOf(known), payoutId, status: known.status, reason: known.reason };
}

async function statusBefore(db: Db, subject: string, seq: number): Promise<Status> {
  const [row] = [...(await db.execute(statusAt(subject, seq)))];
  return z.object({ status }).safeParse(row).data?.status ?? 'REQUESTED';
}
