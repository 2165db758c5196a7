/**
 * Workflow `dispute`: a bank has taken a payment back, or has decided about one that it had.
 *
 * Promise: the notice is a hint; the provider is asked, and what it says is booked once (../../db/disputes.ts). A dispute
 * whose payment is not known here is parked for a person to look at.
 */
import { z } from 'zod';
import { type DisputeStatus, followDispute, readDisputeStatus } from '../../db/disputes.ts';
import { newId } from '../../db/tables/columns.ts';
import { disputeLost, disputeNoticed, disputeOpened, disputeUnchanged, disputeWon } from '../../events/index.ts';
import { advance, backoff, type StageContext, type StageInput, TerminalError } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

type Input = StageInput<z.infer<typeof disputeNoticed.schema>>;

export const dispute = workflow('dispute', {
  startedBy: 'dispute.noticed of payment-notice',
  stages: [
    stage('follow', {
      on: disputeNoticed,
      emits: [disputeOpened, disputeWon, disputeLost, disputeUnchanged],
      retry: backoff({ attemptsMax: 20, delayMs: 500, delayMsMax: 3_600_000 }),
      timeoutMs: 10_000,
      run: follow,
    }),
  ],
});

const orderIdSchema = z.uuid();
const CLOSED: ReadonlySet<DisputeStatus | null> = new Set(['WON', 'LOST'] as const);

async function follow(
  { payload: { disputeRef, noticeId } }: Input,
  { services, clock, signal }: StageContext<ConsumerServices>,
) {
  const { state, reference, captureRef, amountMinor, feeMinor, currency } = await services.gateway
    .lookupDispute({ disputeRef, signal })
    .catch(finalIfRejected);
  const before = await readDisputeStatus(services.db, disputeRef);
  if (before === state || CLOSED.has(before)) return advance(disputeUnchanged.of({ noticeId }));
  const orderId = orderIdSchema.safeParse(reference).data;
  if (orderId === undefined) throw new TerminalError(`dispute ${disputeRef} is of a payment that is not ours`);
  const payment = await services.db.query.payments.findFirst({ where: { orderId } });
  // The capture's answer may still be on its way.
  if (payment?.captureRef !== captureRef)
    throw new Error(`dispute ${disputeRef} is of a capture that is not known yet`);
  const told = { disputeRef, orderId, state, amountMinor, feeMinor, currency };
  const event = { OPEN: disputeOpened, WON: disputeWon, LOST: disputeLost }[state];
  return advance(event.of({ disputeRef, orderId, status: state }), (tx) =>
    followDispute(tx, told, { id: newId(), before, now: clock.now() }),
  );
}
