/**
 * The provider port: what Booky Hub asks of a payment provider beside taking and refunding payments (gateway.ts): paying
 * authors, following disputes, reading the provider's own books.
 *
 * The promise is that of gateway.ts: one idempotency key does one thing, ever; what is refused is an answer; an error
 * says whether the outcome is known. Amounts are positive integers in minor units; which way money went is the kind's.
 * Not here: when an author is paid, what a dispute does to a reader's right, how differences are explained.
 */
import type { PaymentGateway, RefusedAnswer } from './gateway.ts';

export interface OpenPayeeRequest {
  readonly idempotencyKey: string;
  /** The caller's own name for the payee, for instance the author's id; shown in the provider's books. */
  readonly reference: string;
  readonly email: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The payee, and the page on which it gives the provider what the provider wants to know.
 * `onboardingUrl` is null when nothing is asked; it lives for minutes only: ask `lookupPayee` for a fresh one.
 */
export interface OpenedPayee {
  readonly payeeRef: string;
  readonly onboardingUrl: string | null;
}

export interface PayeeState {
  /** Money can be sent to it now. */
  readonly isReady: boolean;
  readonly onboardingUrl: string | null;
}

export interface PayRequest {
  readonly idempotencyKey: string;
  readonly payeeRef: string;
  readonly amountMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  /** The caller's own name for the payout, for instance its id. */
  readonly reference: string;
  readonly signal?: AbortSignal | undefined;
}

export type PayAnswer = { readonly kind: 'PROCESSING' | 'PAID'; readonly payoutRef: string } | RefusedAnswer;

interface KnownPayout {
  readonly payoutRef: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/**
 * Where a payout stands at the provider now.
 * NOT_FOUND: no call under this key has paid so far; repeat the call with its key, never start another.
 * FAILED: the money has come back, also long after PAID.
 */
export type PayoutState =
  | { readonly kind: 'NOT_FOUND' }
  | (KnownPayout & { readonly kind: 'PROCESSING' | 'PAID' })
  | (KnownPayout & { readonly kind: 'FAILED'; readonly reasonCode: string; readonly message: string });

/**
 * A dispute is opened by the buyer's bank, which takes the amount back at once; WON gives it back, LOST keeps it.
 * The fee is the provider's, taken with the opening.
 */
export interface DisputeFacts {
  readonly state: 'OPEN' | 'WON' | 'LOST';
  readonly captureRef: string;
  readonly amountMinor: number;
  readonly feeMinor: number;
  readonly currency: string;
  /** That of the disputed payment. */
  readonly reference: string;
}

export const MOVEMENT_KINDS = [
  'CAPTURE',
  'REFUND',
  /** A refund that the buyer's bank sent back. */
  'REFUND_FAILED',
  'DISPUTE',
  'DISPUTE_REVERSED',
  'PAYOUT',
  /** A payout that came back. */
  'PAYOUT_FAILED',
] as const;

/** One movement of money in the provider's own books. */
export interface Movement {
  /** Unlike any other, and the cursor of what comes after it. */
  readonly id: string;
  readonly kind: (typeof MOVEMENT_KINDS)[number];
  /** The captureRef, refundRef, disputeRef or payoutRef. */
  readonly ref: string;
  /** That of the payment or payout; empty when it was not made through this program. */
  readonly reference: string;
  readonly amountMinor: number;
  /** What the provider kept for its service, on top of `amountMinor` and not part of it. */
  readonly feeMinor: number;
  readonly currency: string;
  readonly at: Date;
}

export interface PaymentProvider extends PaymentGateway {
  /** Which gateway this is, as stored with payments: `sandbox`, `stripe`. */
  readonly name: string;
  /** Makes whoever is to be paid known to the provider. @throws PaymentGatewayError, as do all below. */
  openPayee(request: OpenPayeeRequest): Promise<OpenedPayee>;
  /** @throws GatewayRejectedRequestError when there is no such payee */
  lookupPayee(request: { readonly payeeRef: string; readonly signal?: AbortSignal | undefined }): Promise<PayeeState>;
  /** Sends money to a payee. */
  pay(request: PayRequest): Promise<PayAnswer>;
  lookupPayout(request: {
    /** That of `pay`. */
    readonly idempotencyKey: string;
    readonly signal?: AbortSignal | undefined;
  }): Promise<PayoutState>;
  /** @throws GatewayRejectedRequestError when there is no such dispute */
  lookupDispute(request: {
    readonly disputeRef: string;
    readonly signal?: AbortSignal | undefined;
  }): Promise<DisputeFacts>;
  /**
   * The provider's books, oldest first.
   * @param request.after the id of the last movement seen; null for the beginning
   * @param request.limit 1 to 100
   * @returns `next`: give it as `after` for what follows; null when there is nothing more yet
   */
  movements(request: {
    readonly after: string | null;
    readonly limit: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<{ readonly items: readonly Movement[]; readonly next: string | null }>;
}
