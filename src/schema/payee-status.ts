/** `Subscription.payeeStatus`: an author on the way to being paid. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { payeeStatus } from '../db/tables/index.ts';
import { payeeSubject } from '../events/index.ts';
import type { StoredEvent } from '../streams/event.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { NotFoundError } from './errors.ts';
import { lastEventColumns, lastEventOf, lastEventRow, statusAt } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { Payee, PayeeStatus } from './payee.ts';
import { type Progress, progressOf, statusOf } from './progress.ts';
import { ownerLookup } from './rights-watch.ts';

const status = z.enum(payeeStatus.enumValues);
type Status = z.infer<typeof status>;

interface PayeeStatusUpdate extends Progress {
  payeeId: string;
  status: Status;
}

const PayeeStatusUpdateRef = builder.objectRef<PayeeStatusUpdate>('PayeeStatusUpdate').implement({
  carried: true,
  description: 'One step of a payee, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … per payee, without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: PayeeStatus, description: 'The status after it.' }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The provider could not be asked, and is asked again then; nothing is lost.',
    }),
    payee: t.drizzleField({
      type: Payee,
      description: 'The payee as it is now, with the page that the provider asks on.',
      resolve: async (query, { payeeId }, _args, { db }) => {
        const payee = await db.query.payees.findFirst(query({ where: { id: payeeId } }));
        if (!payee) throw new TypeError('the payee of a live subscription is gone');
        return payee;
      },
    }),
  }),
});

const authorOfPayee = ownerLookup((id) => sql`select author_id as owner from payee where id = ${id}`);

builder.subscriptionField('payeeStatus', (t) =>
  t.field({
    type: PayeeStatusUpdateRef,
    description: 'You, on the way to being paid: begun by `openPayee`.',
    authScopes: { author: 'sales:read' },
    args: {
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { after }, context) => watchPayee(context, after ?? context.resumeAfter),
    resolve: shown,
  }),
);

async function watchPayee(context: Context, after: number | null) {
  const { keyedDb: db } = context;
  const authorId = signedIn(context).id;
  const payee = await db.query.payees.findFirst({ where: { authorId }, columns: { id: true } });
  if (!payee) throw new NotFoundError('payee');
  const payeeId = payee.id;
  const subject = payeeSubject(payeeId);
  let last: Status = after === null ? 'OPENING' : await statusBefore(db, subject, after);
  return openLive<PayeeStatusUpdate>(context, {
    subject,
    noun: 'payee',
    after,
    owned: { lookup: authorOfPayee, id: payeeId },
    snapshot: async () => {
      const update = await readSnapshot(db, payeeId);
      last = update?.status ?? last;
      return update;
    },
    show: (event: StoredEvent) => {
      last = statusOf(status, event.payload) ?? last;
      return { ...progressOf(event), payeeId, status: last };
    },
  });
}

/** Status and last seq in one statement, so that no change falls between them. */
async function readSnapshot(db: Db, payeeId: string): Promise<PayeeStatusUpdate | null> {
  const [row] = await db.execute(sql`
    select p.status, ${lastEventColumns} from payee p left join ${lastEventOf(sql`'payee:' || p.id`)}
    where p.id = ${payeeId}`);
  if (!row) return null;
  const known = lastEventRow.extend({ status }).parse(row);
  return { ...progressOf(known), payeeId, status: known.status };
}

async function statusBefore(db: Db, subject: string, seq: number): Promise<Status> {
  const [row] = [...(await db.execute(statusAt(subject, seq)))];
  return z.object({ status }).safeParse(row).data?.status ?? 'OPENING';
}
