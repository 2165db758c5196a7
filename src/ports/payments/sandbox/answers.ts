/**
 * Words an entry of the sandbox gateway's books as the answer of the payment port.
 * A repeated call is answered from the same entry, so it gets the same words.
 */
import type { AuthorizeAnswer, CaptureAnswer, PaymentState, RefundAnswer, VoidAnswer } from '../gateway.ts';
import type { BookedAnswer, BookedAuthorization } from './books.ts';

const DENIED = { reasonCode: 'authentication_failed', message: 'The buyer did not approve the payment.' };

export function answerOf(
  entry: BookedAnswer,
  publicUrl: string,
): AuthorizeAnswer | CaptureAnswer | VoidAnswer | RefundAnswer {
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
      refundedMinor: authorization.refunds.reduce((sum, refund) => sum + refund.amountMinor, 0),
      refunds: authorization.refunds.map(({ refundRef, idempotencyKey, amountMinor }) => ({
        refundRef,
        idempotencyKey,
        amountMinor,
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

function reasonOf(entry: { reasonCode?: string | undefined; message?: string | undefined }): typeof DENIED {
  return { reasonCode: entry.reasonCode ?? DENIED.reasonCode, message: entry.message ?? DENIED.message };
}

function actionUrl(publicUrl: string, authorizationRef: string): string {
  return new URL(`/actions/${authorizationRef}`, publicUrl).href;
}
