/**
 * Workflow `payment-notice`: what the payment provider told us by webhook, as a hint.
 *
 * A payment's notice wakes the purchase that waits for it, which asks the provider itself; all others start the workflow
 * that knows what they are about. So a notice can come ten times, late, out of order or before its time, and nothing
 * follows but a question to the provider.
 */
import { z } from 'zod';
import type { Tx } from '../../db/client.ts';
import {
  disputeNoticed,
  noticeHandled,
  orderSubject,
  paymentNoticed,
  payoutNoticed,
  refundNoticed,
} from '../../events/index.ts';
import { advance, backoff, hurryRuns, type StageInput } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';

type Notice = z.infer<typeof paymentNoticed.schema>;
type Input = StageInput<Notice>;

export const paymentNotice = workflow('payment-notice', {
  startedBy: 'POST /webhooks/payments/GATEWAY',
  stages: [
    stage('pass-on', {
      on: paymentNoticed,
      emits: [noticeHandled, disputeNoticed, payoutNoticed, refundNoticed],
      retry: backoff({ attemptsMax: 8, delayMs: 500, delayMsMax: 60_000 }),
      runBatch: passOn,
    }),
  ],
});

const orderId = z.uuid();

async function passOn(tx: Tx, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const waiting = inputs.flatMap(({ payload: { kind, reference } }) => {
    const order = kind === 'PAYMENT' ? orderId.safeParse(reference).data : undefined;
    return order === undefined ? [] : [orderSubject(order)];
  });
  await hurryRuns(tx, { workflow: 'purchase', subjects: waiting, now: clock.now() });
  return inputs.map(({ payload }) => {
    const { noticeId, gateway, kind, ref, reference } = payload;
    switch (kind) {
      case 'PAYMENT':
        return advance(noticeHandled.of({ noticeId, gateway }));
      case 'DISPUTE':
        return advance(disputeNoticed.of({ noticeId, gateway, disputeRef: ref, reference }));
      case 'PAYOUT':
        return advance(payoutNoticed.of({ noticeId, gateway, payoutRef: ref, reference }));
      case 'REFUND':
        return advance(
          refundNoticed.of({ noticeId, gateway, ref, orderId: orderId.safeParse(reference).data ?? null }),
        );
    }
  });
}
