/**
 * Workflows `refund` and `refund-notice`: money on its way back to a buyer.
 *
 * Promise: given back once, however often anything dies; never more than was taken; a refund that the provider refuses
 * or sends back leaves all as it was before it was asked for. What is unknown is asked for again under the same key.
 * Not here: who may ask for how much (../../db/refunds.ts).
 */
import type { Tx } from '../../db/client.ts';
import { failRefund, readRefunds } from '../../db/refunds.ts';
import {
  refundFailed,
  refundNoticed,
  refundNoticeHandled,
  refundRequested,
  refundReturned,
  refundSettled,
  refundSubmitted,
} from '../../events/index.ts';
import { backoff, untilDone } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { followNotice } from './notice.ts';
import { awaitSettlement, submit } from './stages.ts';

const GATEWAY_TIMEOUT_MS = 10_000;
/** Never given up: only the provider can say whether the money moved. */
const untilAnswered = untilDone({ delayMs: 500, delayMsMax: 60_000 });

export const refund = workflow('refund', {
  startedBy: 'Mutation.requestRefund',
  failsWith: { event: refundFailed, build: giveUp },
  stages: [
    stage('submit', {
      on: refundRequested,
      emits: [refundSubmitted, refundFailed],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: 64,
      run: submit,
    }),
    stage('settle', {
      on: refundSubmitted,
      emits: [refundSettled, refundFailed],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: 64,
      run: awaitSettlement,
    }),
  ],
});

export const refundNotice = workflow('refund-notice', {
  startedBy: 'refund.noticed of payment-notice',
  stages: [
    stage('follow', {
      on: refundNoticed,
      emits: [refundNoticeHandled, refundReturned],
      retry: backoff({ attemptsMax: 10, delayMs: 500, delayMsMax: 60_000 }),
      timeoutMs: GATEWAY_TIMEOUT_MS,
      run: followNotice,
    }),
  ],
});

async function giveUp(tx: Tx, { subject, now }: { subject: string; now: Date }) {
  const refundId = subject.slice('refund:'.length);
  const reason = 'The payment provider does not accept this refund. Nothing was given back; ask the shop.';
  const [found] = await readRefunds(tx, { refundId });
  if (!found) throw new Error(`there is no refund ${refundId}`);
  if (found.status === 'REQUESTED' || found.status === 'SUBMITTED') await failRefund(tx, found, reason, now);
  return refundFailed.of({ refundId, orderId: found.orderId, status: 'FAILED', reason });
}
