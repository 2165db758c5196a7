/**
 * A PaymentIntent read as the port's answers.
 *
 * | Intent | is |
 * |---|---|
 * | requires_action | REQUIRES_ACTION, at the address of its redirect |
 * | requires_capture | AUTHORIZED |
 * | requires_payment_method | DECLINED, by the last payment error |
 * | canceled | VOIDED; EXPIRED when Stripe did it by itself |
 * | succeeded | CAPTURED |
 * | processing, requires_confirmation | not yet known |
 */
import type { Stripe } from 'stripe';
import {
  type AuthorizeAnswer,
  type CaptureAnswer,
  GatewayRejectedRequestError,
  GatewayUnavailableError,
  type KnownRefund,
  type PaymentState,
  type VoidAnswer,
} from '../gateway.ts';
import { fromStripeAmount, fromStripeCurrency } from './units.ts';

/** Under what names we keep ours in Stripe's metadata. */
export const METADATA = {
  reference: 'booky_reference',
  authorizeKey: 'booky_authorize_key',
  captureKey: 'booky_capture_key',
  refundKey: 'booky_refund_key',
} as const;

type Reason = { readonly reasonCode: string; readonly message: string };

const DECLINED: Reason = { reasonCode: 'card_declined', message: 'The card was declined.' };
/** `automatic`: an authorization that nobody captured in its time. */
const EXPIRED_REASONS = new Set(['automatic', 'expired']);

/** Why a card was declined: the bank's word before Stripe's. */
export function reasonOf(
  error: { code?: string | null; decline_code?: string | null; message?: string | null } | null | undefined,
): Reason {
  return {
    reasonCode: error?.decline_code || error?.code || DECLINED.reasonCode,
    message: error?.message || DECLINED.message,
  };
}

export function answerOf(intent: Stripe.PaymentIntent): AuthorizeAnswer {
  const state = stateOf(intent, []);
  const { kind } = state;
  if (kind === 'REQUIRES_ACTION') {
    return { kind, authorizationRef: state.authorizationRef, actionUrl: state.actionUrl };
  }
  if (kind === 'DECLINED') return { kind, reasonCode: state.reasonCode, message: state.message };
  if (kind === 'AUTHORIZED' || kind === 'CAPTURED') return { kind: 'AUTHORIZED', authorizationRef: intent.id };
  return { kind: 'DECLINED', reasonCode: 'authorization_voided', message: 'The payment was given up.' };
}

/** @throws GatewayUnavailableError while Stripe itself does not know yet */
export function stateOf(intent: Stripe.PaymentIntent, refunds: readonly Stripe.Refund[]): PaymentState {
  const known = {
    authorizationRef: intent.id,
    reference: intent.metadata[METADATA.reference] ?? '',
    amountMinor: fromStripeAmount(intent.amount, intent.currency),
    currency: fromStripeCurrency(intent.currency),
  };
  switch (intent.status) {
    case 'requires_action':
      return { kind: 'REQUIRES_ACTION', ...known, actionUrl: actionUrlOf(intent) };
    case 'requires_capture':
      return { kind: 'AUTHORIZED', ...known };
    case 'requires_payment_method':
      return { kind: 'DECLINED', ...known, ...reasonOf(intent.last_payment_error) };
    case 'canceled':
      return isExpired(intent) ? { kind: 'EXPIRED', ...known } : { kind: 'VOIDED', ...known, voidRef: intent.id };
    case 'succeeded':
      return {
        kind: 'CAPTURED',
        ...known,
        captureRef: chargeIdOf(intent),
        capturedMinor: fromStripeAmount(intent.amount_received, intent.currency),
        ...refundsOf(refunds),
      };
    case 'processing':
    case 'requires_confirmation':
    default:
      throw undecided(intent);
  }
}

/** What a capture is answered when the intent is not waiting for one. */
export function captureRefusal(intent: Stripe.PaymentIntent, idempotencyKey: string): CaptureAnswer {
  const refused = (reasonCode: string, message: string) => ({ kind: 'REFUSED' as const, reasonCode, message });
  switch (intent.status) {
    case 'succeeded':
      // Ours, under a key that Stripe has forgotten since.
      if (intent.metadata[METADATA.captureKey] === idempotencyKey) {
        return { kind: 'CAPTURED', captureRef: chargeIdOf(intent) };
      }
      return refused('already_captured', 'This authorization was captured already.');
    case 'canceled':
      return isExpired(intent)
        ? refused('authorization_expired', 'This authorization has expired.')
        : refused('authorization_voided', 'This authorization was voided.');
    case 'requires_action':
      return refused('action_pending', 'The buyer has not yet approved the payment.');
    case 'requires_payment_method':
      return refused('authorization_declined', 'This authorization was declined.');
    case 'processing':
    case 'requires_capture':
    case 'requires_confirmation':
    default:
      throw undecided(intent);
  }
}

/** What a void is answered when the intent cannot be cancelled any more. */
export function voidRefusal(intent: Stripe.PaymentIntent): VoidAnswer {
  if (intent.status === 'canceled' && !isExpired(intent)) return { kind: 'VOIDED', voidRef: intent.id };
  if (intent.status === 'canceled') {
    return { kind: 'REFUSED', reasonCode: 'authorization_expired', message: 'This authorization has expired.' };
  }
  return { kind: 'REFUSED', reasonCode: 'already_captured', message: 'This authorization was captured already.' };
}

export function refundsOf(refunds: readonly Stripe.Refund[]): { refundedMinor: number; refunds: KnownRefund[] } {
  const known = refunds.map((refund): KnownRefund => ({
    refundRef: refund.id,
    idempotencyKey: refund.metadata?.[METADATA.refundKey] ?? '',
    amountMinor: fromStripeAmount(refund.amount, refund.currency),
    state: hasFailed(refund) ? 'FAILED' : refund.status === 'succeeded' ? 'SETTLED' : 'PENDING',
  }));
  const refundedMinor = known.reduce((sum, one) => sum + (one.state === 'FAILED' ? 0 : one.amountMinor), 0);
  return { refundedMinor, refunds: known };
}

export const hasFailed = ({ status }: Pick<Stripe.Refund, 'status'>): boolean =>
  status === 'failed' || status === 'canceled';

export const chargeIdOf = ({ id, latest_charge: charge }: Stripe.PaymentIntent): string => {
  if (charge === null) throw new GatewayUnavailableError(`Stripe told of no charge of ${id}. Ask again in a moment.`);
  return typeof charge === 'string' ? charge : charge.id;
};

const undecided = ({ id }: Stripe.PaymentIntent) =>
  new GatewayUnavailableError(`Stripe has not decided about ${id} yet. Ask again in a moment.`);

const isExpired = (intent: Stripe.PaymentIntent): boolean => EXPIRED_REASONS.has(intent.cancellation_reason ?? '');

function actionUrlOf({ id, next_action: next }: Stripe.PaymentIntent): string {
  const url = next?.redirect_to_url?.url;
  if (url) return url;
  throw new GatewayRejectedRequestError(
    `${id} wants an action that a page cannot give (${next?.type ?? 'none named'}). Use cards only.`,
  );
}
