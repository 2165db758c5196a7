/**
 * The payment port: what Booky Hub asks of a payment provider.
 *
 * Promise of every adapter (test/ports/payments/conformance.ts checks it): one idempotency key does one thing, ever.
 * The same key with the same parameters gives the same answer again; with other parameters it throws
 * GatewayIdempotencyConflictError. Keys never expire.
 * A card that is declined or a capture that is refused is an answer, not an error. An error says whether the outcome is
 * known: GatewayTimeoutError and GatewayUnavailableError leave it open, and repeating with the same key is always safe;
 * the other two are final.
 * Not here: paying out, disputes and the provider's books (provider.ts); when to retry, what an answer means for an order,
 * ledgers.
 */

export interface AuthorizeRequest {
  /** 1 to 255 characters; stored by the caller before the first call. */
  readonly idempotencyKey: string;
  /** Positive integer in minor units of `currency`. */
  readonly amountMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  /** Opaque to us: what the buyer's browser got from the provider in exchange for a card. */
  readonly paymentToken: string;
  /** The caller's own name for the payment, for instance the order's id; shown in the provider's books. */
  readonly reference: string;
  /**
   * When the key was stored, which is before it was first sent. A provider that forgets keys after a time is then asked
   * for the payment itself before an old key is sent again. (Default: the key is new)
   */
  readonly keyStoredAt?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type AuthorizeAnswer =
  | { readonly kind: 'AUTHORIZED'; readonly authorizationRef: string }
  | { readonly kind: 'DECLINED'; readonly reasonCode: string; readonly message: string }
  | { readonly kind: 'REQUIRES_ACTION'; readonly authorizationRef: string; readonly actionUrl: string };

export interface CaptureRequest {
  readonly idempotencyKey: string;
  readonly authorizationRef: string;
  /** At most what was authorized; the rest is released. An authorization is captured once. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly signal?: AbortSignal | undefined;
}

export interface RefusedAnswer {
  readonly kind: 'REFUSED';
  readonly reasonCode: string;
  readonly message: string;
}

export type CaptureAnswer = { readonly kind: 'CAPTURED'; readonly captureRef: string } | RefusedAnswer;

export interface VoidRequest {
  readonly idempotencyKey: string;
  /**
   * When the answer of `authorize` never came, its ref is not known: repeat `authorize` with its own key first, which
   * answers with the ref, and void that.
   */
  readonly authorizationRef: string;
  readonly signal?: AbortSignal | undefined;
}

export type VoidAnswer = { readonly kind: 'VOIDED'; readonly voidRef: string } | RefusedAnswer;

export interface RefundRequest {
  readonly idempotencyKey: string;
  readonly captureRef: string;
  /** The sum of all refunds of a capture never exceeds it. A capture under dispute is not refunded. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly signal?: AbortSignal | undefined;
}

export type RefundAnswer = { readonly kind: 'REFUNDED'; readonly refundRef: string } | RefusedAnswer;

/**
 * `idempotencyKey`: that of `authorize`. Give the ref instead as soon as it is known: some providers find a payment by
 * its key only a minute after it was made, and say NOT_FOUND until then.
 */
export type LookupRequest = (
  | { readonly idempotencyKey: string; readonly authorizationRef?: undefined }
  | { readonly authorizationRef: string; readonly idempotencyKey?: undefined }
) & { readonly signal?: AbortSignal | undefined };

/** A refund that FAILED has come back: it does not count as refunded. */
export interface KnownRefund {
  readonly refundRef: string;
  readonly idempotencyKey: string;
  readonly amountMinor: number;
  readonly state: 'PENDING' | 'SETTLED' | 'FAILED';
}

interface KnownPayment {
  readonly authorizationRef: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/**
 * Where a payment stands at the provider now.
 * NOT_FOUND: no call under this key has landed so far. One still under way may land later, so the safe way on is to
 * repeat the call with its key, never to start another.
 */
export type PaymentState =
  | { readonly kind: 'NOT_FOUND' }
  | (KnownPayment & { readonly kind: 'REQUIRES_ACTION'; readonly actionUrl: string })
  | (KnownPayment & { readonly kind: 'AUTHORIZED' })
  | (KnownPayment & { readonly kind: 'DECLINED'; readonly reasonCode: string; readonly message: string })
  | (KnownPayment & { readonly kind: 'EXPIRED' })
  | (KnownPayment & { readonly kind: 'VOIDED'; readonly voidRef: string })
  | (KnownPayment & {
      readonly kind: 'CAPTURED';
      readonly captureRef: string;
      readonly capturedMinor: number;
      /** Of the refunds that have not failed. */
      readonly refundedMinor: number;
      readonly refunds: readonly KnownRefund[];
    });

export interface PaymentGateway {
  /** Reserves the money. @throws PaymentGatewayError, as do all below. */
  authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer>;
  /** Takes the reserved money. */
  capture(request: CaptureRequest): Promise<CaptureAnswer>;
  /** Releases the reserved money. */
  void(request: VoidRequest): Promise<VoidAnswer>;
  /** Gives captured money back, whole or in part. */
  refund(request: RefundRequest): Promise<RefundAnswer>;
  lookup(request: LookupRequest): Promise<PaymentState>;
  /** Resolves when the provider answers; else throws. */
  checkHealth(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

export type PaymentGatewayErrorCode =
  | 'GATEWAY_TIMEOUT'
  | 'GATEWAY_UNAVAILABLE'
  | 'GATEWAY_REJECTED_REQUEST'
  | 'GATEWAY_IDEMPOTENCY_CONFLICT';

export abstract class PaymentGatewayError extends Error {
  abstract readonly code: PaymentGatewayErrorCode;
  /** True: it may have happened or not, and the same call with the same key is safe and settles it. */
  abstract readonly outcomeUnknown: boolean;
}

export class GatewayTimeoutError extends PaymentGatewayError {
  override readonly name = 'GatewayTimeoutError';
  readonly code = 'GATEWAY_TIMEOUT';
  readonly outcomeUnknown = true;
}

export class GatewayUnavailableError extends PaymentGatewayError {
  override readonly name = 'GatewayUnavailableError';
  readonly code = 'GATEWAY_UNAVAILABLE';
  readonly outcomeUnknown = true;
}

export class GatewayRejectedRequestError extends PaymentGatewayError {
  override readonly name = 'GatewayRejectedRequestError';
  readonly code = 'GATEWAY_REJECTED_REQUEST';
  readonly outcomeUnknown = false;
}

export class GatewayIdempotencyConflictError extends PaymentGatewayError {
  override readonly name = 'GatewayIdempotencyConflictError';
  readonly code = 'GATEWAY_IDEMPOTENCY_CONFLICT';
  readonly outcomeUnknown = false;
}
