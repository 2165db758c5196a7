/**
 * Stage `refund.submit`: asks the provider to give the money back, under the key that was stored with the refund. Stage
 * `refund.settle`: waits until the provider says that the buyer has it.
 */
import { failRefund, type KnownRefund, readRefunds, settleRefund, submitRefund } from '../../db/refunds.ts';
import { refundFailed, refundSettled, refundSubmitted } from '../../events/index.ts';
import { advance, snooze, type StageContext, type StageInput, TerminalError } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import type { ConsumerServices } from '../services.ts';

type Input = StageInput<{ refundId: string }>;
type Context = StageContext<ConsumerServices>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export async function submit({ payload: { refundId } }: Input, context: Context) {
  const { gateway } = context.services;
  const refund = await readOne(context, refundId);
  const { captureRef, idempotencyKey, amountMinor, currency } = refund;
  if (captureRef === null || refund.gateway !== gateway.name) {
    throw new TerminalError(`refund ${refundId} is of a payment that was not captured at ${gateway.name}`);
  }
  const answer = await gateway
    .refund({ idempotencyKey, captureRef, amountMinor, currency, signal: context.signal })
    .catch(finalIfRejected);
  if (answer.kind === 'REFUSED') return failed(refund, words(answer.reasonCode), context);
  const { clock } = context;
  return advance(refundSubmitted.of({ refundId, orderId: refund.orderId, status: 'SUBMITTED' }), (tx) =>
    submitRefund(tx, refundId, answer.refundRef, clock.now()),
  );
}

export async function awaitSettlement({ payload: { refundId } }: Input, context: Context) {
  const refund = await readOne(context, refundId);
  const { authorizationRef, orderId, idempotencyKey, createdAt } = refund;
  if (authorizationRef === null) throw new TerminalError(`refund ${refundId} is of a payment without a name`);
  const payment = await context.services.gateway
    .lookup({ authorizationRef, signal: context.signal })
    .catch(finalIfRejected);
  const known = payment.kind === 'CAPTURED' ? payment.refunds : [];
  const state = known.find((one) => one.idempotencyKey === idempotencyKey)?.state;
  const { clock } = context;
  switch (state) {
    case 'SETTLED':
      return advance(refundSettled.of({ refundId, orderId, status: 'SETTLED' }), (tx) =>
        settleRefund(tx, refund, clock.now()),
      );
    case 'FAILED':
      return failed(refund, words('returned'), context);
    case 'PENDING':
    case undefined:
      return snooze(patienceMs(clock.now().getTime() - createdAt.getTime()));
  }
}

/** Most refunds settle at once; those that wait for a bank do so for days, and a webhook tells of it sooner. */
const patienceMs = (ageMs: number): number => {
  if (ageMs < MINUTE_MS) return 2_000;
  return ageMs < HOUR_MS ? MINUTE_MS : HOUR_MS;
};

function failed(refund: KnownRefund, reason: string, { clock }: Context) {
  const { id: refundId, orderId } = refund;
  return advance(refundFailed.of({ refundId, orderId, status: 'FAILED', reason }), (tx) =>
    failRefund(tx, refund, reason, clock.now()),
  );
}

/** Why a provider refuses, in words for the buyer. */
function words(reasonCode: string): string {
  switch (reasonCode) {
    case 'charge_disputed':
      return 'The payment is in dispute, so the bank decides about the money.';
    case 'amount_exceeds_capture':
      return 'The payment provider says that this money has gone back already.';
    case 'returned':
      return 'The bank sent the money back. Ask the shop to give it back another way.';
    default:
      return 'The payment provider refuses this refund. Ask the shop.';
  }
}

async function readOne({ services }: Context, refundId: string): Promise<KnownRefund> {
  const [refund] = await readRefunds(services.db, { refundId });
  if (!refund) throw new TerminalError(`there is no refund ${refundId}`);
  return refund;
}
