/**
 * Words an entry of the sandbox gateway's books as the answer of the payment port.
 * A repeated call is answered from the same entry, so it gets the same words.
 */
import type { AuthorizeAnswer, CaptureAnswer, PaymentState, RefundAnswer, VoidAnswer } from '../gateway.ts';
import type { DisputeFacts, OpenedPayee, PayAnswer, PayeeState, PayoutState } from '../provider.ts';
import {
  type BookedAnswer,
  type BookedAuthorization,
  type BookedDispute,
  type BookedPayee,
  type BookedPayout,
  refundedMinor,
} from './books.ts';

const DENIED = { reasonCode: 'authentication_failed', message: 'The buyer did not approve the payment.' };

export function answerOf(
  entry: BookedAnswer,
  publicUrl: string,
): AuthorizeAnswer | CaptureAnswer | VoidAnswer | RefundAnswer | OpenedPayee | PayAnswer {
  switch (entry.type) {
    case 'authorization': {
      const { authorizationRef } = entry;
      if (entry.outcome === 'AUTHORIZED') return { kind: 'AUTHORIZED', authorizationRef };
      if (entry.outcome === 'DECLINED') return { kind: 'DECLINED', ...reasonOf(entry) };
      return { kind: 'REQUIRES_ACTION', authorizationRef, actionUrl: actionUrl(publicUrl, authorizationRef) };
    }
    case 'capture':
      return { kind: 'CAPTURED', captureRef: entry.captureRef };
    case 'void':
      return { kind: 'VOIDED', voidRef: entry.voidRef };
    case 'refund':
      return { kind: 'REFUNDED', refundRef: entry.refundRef };
    case 'refusal':
      return { kind: 'REFUSED', reasonCode: entry.reasonCode, message: entry.message };
    case 'payee':
      return { payeeRef: entry.payeeRef, onboardingUrl: payeeUrl(publicUrl, entry.payeeRef) };
    case 'payout':
      if (entry.outcome === 'REFUSED') return { kind: 'REFUSED', ...reasonOf(entry) };
      return { kind: entry.outcome, payoutRef: entry.payoutRef };
    default:
      return entry satisfies never;
  }
}

export function stateOf(authorization: BookedAuthorization, publicUrl: string): PaymentState {
  const { authorizationRef, reference, amountMinor, currency } = authorization;
  const known = { authorizationRef, reference, amountMinor, currency };
  if (authorization.capture !== null) {
    return {
      kind: 'CAPTURED',
      ...known,
      captureRef: authorization.capture.captureRef,
      capturedMinor: authorization.capture.amountMinor,
      refundedMinor: refundedMinor(authorization),
      refunds: authorization.refunds.map((refund) => ({
        refundRef: refund.refundRef,
        idempotencyKey: refund.idempotencyKey,
        amountMinor: refund.amountMinor,
        state: refund.hasFailed ? ('FAILED' as const) : ('SETTLED' as const),
      })),
    };
  }
  if (authorization.void !== null) return { kind: 'VOIDED', ...known, voidRef: authorization.void.voidRef };
  if (authorization.state === 'REQUIRES_ACTION') {
    return { kind: 'REQUIRES_ACTION', ...known, actionUrl: actionUrl(publicUrl, authorizationRef) };
  }
  if (authorization.state === 'DECLINED') return { kind: 'DECLINED', ...known, ...reasonOf(authorization) };
  return { kind: authorization.state === 'EXPIRED' ? 'EXPIRED' : 'AUTHORIZED', ...known };
}

export function payeeStateOf({ isReady, payeeRef }: BookedPayee, publicUrl: string): PayeeState {
  return { isReady, onboardingUrl: isReady ? null : payeeUrl(publicUrl, payeeRef) };
}

export function payoutStateOf(payout: BookedPayout | undefined): PayoutState {
  // A payout that was refused never was.
  if (payout === undefined || payout.state === 'REFUSED') return { kind: 'NOT_FOUND' };
  const { state, payoutRef, reference, amountMinor, currency } = payout;
  const known = { payoutRef, reference, amountMinor, currency };
  if (state !== 'FAILED') return { kind: state, ...known };
  return { kind: state, ...known, reasonCode: 'returned', message: 'The payee’s bank sent the money back.' };
}

export function disputeFactsOf(dispute: BookedDispute): DisputeFacts {
  const { state, captureRef, amountMinor, feeMinor, currency, payment } = dispute;
  return { state, captureRef, amountMinor, feeMinor, currency, reference: payment.reference };
}

function reasonOf(entry: { reasonCode?: string | undefined; message?: string | undefined }): typeof DENIED {
  return { reasonCode: entry.reasonCode ?? DENIED.reasonCode, message: entry.message ?? DENIED.message };
}

function payeeUrl(publicUrl: string, payeeRef: string): string {
  return new URL(`/payees/${payeeRef}`, publicUrl).href;
}

function actionUrl(publicUrl: string, authorizationRef: string): string {
  return new URL(`/actions/${authorizationRef}`, publicUrl).href;
}
