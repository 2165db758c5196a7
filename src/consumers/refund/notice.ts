/**
 * Stage `refund-notice.follow`: the provider has told that something happened to the refunds of an order. Whatever waits
 * for them is woken and asks itself; a refund that had settled and came back is booked back here.
 */
import type { z } from 'zod';
import { failRefund, readRefunds } from '../../db/refunds.ts';
import { type refundNoticed, refundNoticeHandled, refundReturned, refundSubject } from '../../events/index.ts';
import { advance, hurryRuns, type StageContext, type StageInput } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';

type Notice = z.infer<typeof refundNoticed.schema>;

export async function followNotice(
  { payload: { noticeId, orderId } }: StageInput<Notice>,
  { services, clock, signal }: StageContext<ConsumerServices>,
) {
  const known = orderId === null ? [] : await readRefunds(services.db, { orderId });
  const returned = await findReturned(services, known, signal);
  if (returned) {
    const reason = 'The bank sent the money back. Ask the shop to give it back another way.';
    const told = { refundId: returned.id, orderId: returned.orderId, status: 'FAILED', reason };
    return advance(refundReturned.of(told), (tx) => failRefund(tx, returned, reason, clock.now()));
  }
  const subjects = known.map(({ id }) => refundSubject(id));
  return advance(refundNoticeHandled.of({ noticeId }), async (tx) => {
    await hurryRuns(tx, { workflow: 'refund', subjects, now: clock.now() });
  });
}

/** One that has settled here and has failed at the provider since. */
async function findReturned(
  { gateway }: ConsumerServices,
  known: Awaited<ReturnType<typeof readRefunds>>,
  signal: AbortSignal,
) {
  const settled = known.filter(({ status }) => status === 'SETTLED');
  const authorizationRef = settled[0]?.authorizationRef ?? null;
  if (authorizationRef === null) return null;
  const payment = await gateway.lookup({ authorizationRef, signal });
  if (payment.kind !== 'CAPTURED') return null;
  const failed = new Set(payment.refunds.flatMap((one) => (one.state === 'FAILED' ? [one.idempotencyKey] : [])));
  return settled.find(({ idempotencyKey }) => failed.has(idempotencyKey)) ?? null;
}
