/**
 * What a payment provider tells us unasked, by webhook.
 *
 * A notice is a hint: what is true is what the provider answers when it is asked. It may come many times, late, in any
 * order, and before the answer of the call that caused it.
 */

export interface PaymentNotice {
  /** The provider's own id of this notice; it sends the same notice any number of times under it. */
  readonly id: string;
  readonly kind: 'PAYMENT' | 'REFUND' | 'DISPUTE' | 'PAYOUT';
  /** Of what it speaks: an authorizationRef or captureRef, a refundRef, a disputeRef, a payoutRef. */
  readonly ref: string;
  /** The caller's own name for it; null when the provider does not say. */
  readonly reference: string | null;
}

/** Reads what comes in, as the adapter does that knows how its provider signs. */
export interface NoticeReader {
  /** As in the address `/webhooks/payments/NAME`. */
  readonly name: string;
  /**
   * @param rawBody the bytes as they came: a signature is over them and nothing else
   * @param headers by lower-case name
   * @returns null for a genuine notice of something that is no concern of ours
   * @throws NoticeRefusedError when it is forged, too old, or cannot be read
   */
  readNotice(rawBody: Buffer, headers: Readonly<Record<string, string | undefined>>): PaymentNotice | null;
}

/** A webhook that is not the provider's, or is too old to be trusted. It has no effect. */
export class NoticeRefusedError extends Error {
  override readonly name = 'NoticeRefusedError';
  readonly code = 'WEBHOOK_REFUSED';
}
