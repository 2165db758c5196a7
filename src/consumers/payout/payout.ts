/**
 * Workflows `payout` and `payout-notice`: money on its way to an author.
 *
 * Promise: paid once, however often anything dies; what the provider refuses or sends back, also long after it was paid,
 * is in the author's balance again. What is unknown is asked for again under the same key; a payout that failed is never
 * tried again, but the next one pays what it did not.
 * Not here: how much is paid, and to whom (../../db/payouts.ts).
 */
import type { Tx } from '../../db/client.ts';
import { failPayout, readPayout } from '../../db/payouts.ts';
import {
  payoutFailed,
  payoutNoticed,
  payoutNoticeHandled,
  payoutPaid,
  payoutRequested,
  payoutReturned,
  payoutSubmitted,
} from '../../events/index.ts';
import { backoff, untilDone } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { followNotice } from './notice.ts';
import { awaitPayment, submit } from './stages.ts';

const GATEWAY_TIMEOUT_MS = 10_000;
/** Never given up: only the provider can say whether the money moved. */
const untilAnswered = untilDone({ delayMs: 500, delayMsMax: 60_000 });

export const payout = workflow('payout', {
  startedBy: 'Mutation.requestPayout, payouts.due of payout-round',
  failsWith: { event: payoutFailed, build: giveUp },
  stages: [
    stage('submit', {
      on: payoutRequested,
      emits: [payoutSubmitted, payoutFailed],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: 16,
      run: submit,
    }),
    stage('settle', {
      on: payoutSubmitted,
      emits: [payoutPaid, payoutFailed],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: 16,
      run: awaitPayment,
    }),
  ],
});

export const payoutNotice = workflow('payout-notice', {
  startedBy: 'payout.noticed of payment-notice',
  stages: [
    stage('follow', {
      on: payoutNoticed,
      emits: [payoutNoticeHandled, payoutReturned],
      retry: backoff({ attemptsMax: 10, delayMs: 500, delayMsMax: 60_000 }),
      timeoutMs: GATEWAY_TIMEOUT_MS,
      run: followNotice,
    }),
  ],
});

async function giveUp(tx: Tx, { subject, now }: { subject: string; now: Date }) {
  const payoutId = subject.slice('payout:'.length);
  const reason = 'The payment provider does not accept this payout. The money is in your balance again; ask the shop.';
  const found = await readPayout(tx, { payoutId });
  if (!found) throw new Error(`there is no payout ${payoutId}`);
  if (found.status === 'REQUESTED' || found.status === 'PROCESSING') await failPayout(tx, found, reason, now);
  return payoutFailed.of({ payoutId, status: 'FAILED', reason });
}
