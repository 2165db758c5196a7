/**
 * Money that has stood still for too long: payments, approvals, captures whose outcome is unknown, refunds and payouts
 * without an answer.
 *
 * Found by the open runs, which are few, never by reading all orders.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';

const MINUTE_MS = 60_000;
/**
 * A buyer has a quarter of an hour to answer the bank; all else takes seconds when the provider answers. From its
 * authorization on, a payment counts as a capture.
 */
const STILL_MS = {
  payment: 10 * MINUTE_MS,
  action: 20 * MINUTE_MS,
  capture: 5 * MINUTE_MS,
  refund: 10 * MINUTE_MS,
  payout: 10 * MINUTE_MS,
};
/** Banks take days for some refunds and payouts. */
const SUBMITTED_STILL_MS = 7 * 24 * 60 * MINUTE_MS;
const FOUND_MAX = 1_000;

const KINDS = ['PAYMENT', 'ACTION', 'CAPTURE', 'REFUND', 'PAYOUT'] as const;
export type StuckKind = (typeof KINDS)[number];
const stuckSchema = z.array(z.object({ kind: z.enum(KINDS), subject: z.string() }));
export type Stuck = z.infer<typeof stuckSchema>[number];

/** @returns 1,000 at most, the longest still first */
export async function findStuckMoney(db: Pick<Tx, 'execute'>, now: Date): Promise<Stuck[]> {
  const before = (ms: number) => sql`${new Date(now.getTime() - ms).toISOString()}::timestamptz`;
  const rows = await db.execute(sql`
    select kind, subject from (
      select case o.status when 'CAPTURING' then 'CAPTURE' when 'REQUIRES_ACTION' then 'ACTION' else 'PAYMENT' end as kind,
             r.subject, o.updated_at as since
      from run r join "order" o on o.id = substr(r.subject, 7)::uuid
      where r.ended_at is null and r.state in ('RUNNING', 'COMPENSATING') and r.workflow = 'purchase' and (
        (o.status = 'CAPTURING' and o.updated_at < ${before(STILL_MS.capture)})
        or (o.status = 'REQUIRES_ACTION' and o.updated_at < ${before(STILL_MS.action)})
        or (o.status in ('PENDING_PAYMENT', 'AUTHORIZED') and o.updated_at < ${before(STILL_MS.payment)}))
      union all
      select 'REFUND', 'refund:' || id, updated_at from refund
      where (status = 'REQUESTED' and updated_at < ${before(STILL_MS.refund)})
        or (status = 'SUBMITTED' and updated_at < ${before(SUBMITTED_STILL_MS)})
      union all
      select 'PAYOUT', 'payout:' || id, updated_at from payout
      where (status = 'REQUESTED' and updated_at < ${before(STILL_MS.payout)})
        or (status = 'PROCESSING' and updated_at < ${before(SUBMITTED_STILL_MS)})
    ) stuck order by since limit ${FOUND_MAX}`);
  return stuckSchema.parse([...rows]);
}

/** How many of each kind. */
export function countStuck(found: readonly Stuck[]): Record<StuckKind, number> {
  const count = (kind: StuckKind) => found.filter((one) => one.kind === kind).length;
  return {
    PAYMENT: count('PAYMENT'),
    ACTION: count('ACTION'),
    CAPTURE: count('CAPTURE'),
    REFUND: count('REFUND'),
    PAYOUT: count('PAYOUT'),
  };
}
