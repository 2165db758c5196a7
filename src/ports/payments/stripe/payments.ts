/**
 * Taking and refunding payments at Stripe: PaymentIntents that are confirmed at once and captured by hand.
 *
 * Stripe forgets a key after 24 hours, the port never does. So each key is also written into the metadata of what it
 * made, and before an old key is sent again Stripe is asked for that: payments by search (which knows of a payment a
 * minute after it was made, an hour in the worst case), refunds by their charge (at once). A capture and a void need no
 * memory: an intent is captured or cancelled once, and what it holds says by which key.
 * A 500 is kept under its key too: the same call would fail for a day, so its payment is searched for instead.
 */
import { Stripe } from 'stripe';
import {
  type AuthorizeAnswer,
  type AuthorizeRequest,
  type CaptureAnswer,
  type CaptureRequest,
  GatewayIdempotencyConflictError,
  GatewayRejectedRequestError,
  type PaymentGateway,
  type PaymentState,
  type RefundAnswer,
  type RefundRequest,
} from '../gateway.ts';
import type { StripeLine } from './connection.ts';
import { isReplayed } from './errors.ts';
import {
  answerOf,
  captureRefusal,
  chargeIdOf,
  hasFailed,
  METADATA,
  reasonOf,
  stateOf,
  voidRefusal,
} from './intents.ts';
import { fromStripeAmount, toStripeAmount, toStripeCurrency } from './units.ts';

type StripeFailure = InstanceType<typeof Stripe.errors.StripeError>;

/** Stripe keeps keys for 24 hours at least; an hour is left for clocks and for what is under way. */
const KEY_AGE_MS_MAX = 23 * 3_600_000;
/** Currencies of intents that were made here, so that a capture need not ask for them. */
const CURRENCIES_MAX = 10_000;
/** More refunds of one payment than anybody makes. */
const REFUNDS_MAX = 1_000;
const PAGE = 100;

type StripePayments = Pick<PaymentGateway, 'authorize' | 'capture' | 'void' | 'refund' | 'lookup'>;

/** @param now for the age of keys */
export function createPayments(line: StripeLine, now: () => Date): StripePayments {
  const currencies = new Map<string, string>();
  const remember = <Intent extends Stripe.PaymentIntent>(intent: Intent): Intent => {
    if (currencies.size >= CURRENCIES_MAX) currencies.delete(currencies.keys().next().value ?? '');
    currencies.set(intent.id, intent.currency);
    return intent;
  };

  async function currencyOf(intentId: string, signal: AbortSignal | undefined): Promise<string> {
    return currencies.get(intentId) ?? remember(await retrieve(line, intentId, signal)).currency;
  }

  return {
    async authorize(request) {
      refuseAmount(request.amountMinor);
      const keyAgeMs = now().getTime() - (request.keyStoredAt ?? now()).getTime();
      const found = keyAgeMs > KEY_AGE_MS_MAX ? await searchByKey(line, request.idempotencyKey, request.signal) : null;
      if (found) return answerOf(remember(found));
      return authorize(line, request, remember);
    },

    async capture(request) {
      refuseAmount(request.amountMinor);
      const currency = await currencyOf(request.authorizationRef, request.signal);
      if (currency !== toStripeCurrency(request.currency)) return currencyMismatch(currency);
      return capture(line, request);
    },

    void: ({ idempotencyKey, authorizationRef, signal }) =>
      line.call(
        signal,
        async (stripe) => {
          const intent = await stripe.paymentIntents.cancel(authorizationRef, {}, { idempotencyKey });
          return { kind: 'VOIDED', voidRef: intent.id };
        },
        (error) => (error.payment_intent && isUnexpected(error) ? voidRefusal(error.payment_intent) : null),
      ),

    async refund(request) {
      refuseAmount(request.amountMinor);
      return refund(line, request);
    },

    lookup: ({ authorizationRef, idempotencyKey, signal }) =>
      lookup(line, { authorizationRef, idempotencyKey, signal }),
  };
}

function authorize(
  line: StripeLine,
  { idempotencyKey, amountMinor, currency, paymentToken, reference, signal }: AuthorizeRequest,
  remember: (intent: Stripe.PaymentIntent) => Stripe.PaymentIntent,
): Promise<AuthorizeAnswer> {
  return line.call(
    signal,
    async (stripe) => {
      const intent = await stripe.paymentIntents.create(
        {
          amount: toStripeAmount(amountMinor, currency),
          currency: toStripeCurrency(currency),
          capture_method: 'manual',
          confirm: true,
          payment_method: paymentToken,
          allowed_payment_method_types: ['card'],
          return_url: line.returnUrl,
          description: `Booky Hub order ${reference}`,
          metadata: { [METADATA.reference]: reference, [METADATA.authorizeKey]: idempotencyKey },
        },
        { idempotencyKey },
      );
      // What Stripe kept under the key may be older than its decision.
      const isOpen = intent.status === 'processing' || intent.status === 'requires_confirmation';
      return answerOf(remember(isOpen ? await stripe.paymentIntents.retrieve(intent.id) : intent));
    },
    async (error) => {
      const declined = declineOf(error);
      if (declined) return declined;
      const isKept = (error.statusCode ?? 0) >= 500 && isReplayed(error);
      const found = isKept ? await searchByKey(line, idempotencyKey, signal) : null;
      return found && answerOf(remember(found));
    },
  );
}

/** A card that is declined, unknown or used up is an answer; so is an amount that no card can pay. */
function declineOf(error: StripeFailure): AuthorizeAnswer | null {
  const isCard = error instanceof Stripe.errors.StripeCardError;
  const isBadToken = error.statusCode === 400 && error.param === 'payment_method';
  const isBadAmount = error.code === 'amount_too_small' || error.code === 'amount_too_large';
  return isCard || isBadToken || isBadAmount ? { kind: 'DECLINED', ...reasonOf(error) } : null;
}

function capture(
  line: StripeLine,
  { idempotencyKey, authorizationRef, amountMinor, currency, signal }: CaptureRequest,
): Promise<CaptureAnswer> {
  return line.call<CaptureAnswer>(
    signal,
    async (stripe) => {
      const intent = await stripe.paymentIntents.capture(
        authorizationRef,
        {
          amount_to_capture: toStripeAmount(amountMinor, currency),
          metadata: { [METADATA.captureKey]: idempotencyKey },
        },
        { idempotencyKey },
      );
      return { kind: 'CAPTURED', captureRef: chargeIdOf(intent) };
    },
    (error) => {
      if (error.payment_intent && isUnexpected(error)) return captureRefusal(error.payment_intent, idempotencyKey);
      const refused = (reasonCode: string): CaptureAnswer => ({ kind: 'REFUSED', reasonCode, message: error.message });
      if (error.code === 'amount_too_large') return refused('amount_exceeds_authorization');
      const hasExpired =
        error.code === 'charge_expired_for_capture' || error.code === 'capture_charge_authorization_expired';
      if (hasExpired) return refused('authorization_expired');
      return error instanceof Stripe.errors.StripeCardError ? refused(reasonOf(error).reasonCode) : null;
    },
  );
}

async function refund(line: StripeLine, request: RefundRequest): Promise<RefundAnswer> {
  const { idempotencyKey, captureRef, amountMinor, currency, signal } = request;
  const charge = await line.call(signal, (stripe) => stripe.charges.retrieve(captureRef));
  if (charge.currency !== toStripeCurrency(currency)) return currencyMismatch(charge.currency);
  const earlier = (await listRefunds(line, captureRef, signal)).find(
    ({ metadata }) => metadata?.[METADATA.refundKey] === idempotencyKey,
  );
  if (earlier && fromStripeAmount(earlier.amount, earlier.currency) !== amountMinor) {
    throw new GatewayIdempotencyConflictError(
      `The idempotency key ${idempotencyKey} was used before with another amount. Use a new key for a new request.`,
    );
  }
  if (earlier) return refundAnswer(earlier);
  return line.call<RefundAnswer>(
    signal,
    async (stripe) =>
      refundAnswer(
        await stripe.refunds.create(
          {
            charge: captureRef,
            amount: toStripeAmount(amountMinor, currency),
            reason: 'requested_by_customer',
            metadata: {
              [METADATA.refundKey]: idempotencyKey,
              [METADATA.reference]: charge.metadata[METADATA.reference] ?? '',
            },
          },
          { idempotencyKey },
        ),
      ),
    refuseRefund,
  );
}

function refuseRefund(error: StripeFailure): RefundAnswer | null {
  const refused = (reasonCode: string): RefundAnswer => ({ kind: 'REFUSED', reasonCode, message: error.message });
  const { code = '' } = error;
  if (code === 'charge_disputed' || code === 'charge_not_refundable') return refused(code);
  // Stripe names no code for an amount above what is left.
  const isTooMuch = code === 'charge_already_refunded' || (error.statusCode === 400 && error.param === 'amount');
  return isTooMuch ? refused('amount_exceeds_capture') : null;
}

const refundAnswer = (refund: Stripe.Refund): RefundAnswer =>
  hasFailed(refund)
    ? { kind: 'REFUSED', reasonCode: refund.failure_reason ?? 'refund_failed', message: 'The refund came back.' }
    : { kind: 'REFUNDED', refundRef: refund.id };

async function lookup(
  line: StripeLine,
  by: { authorizationRef?: string | undefined; idempotencyKey?: string | undefined; signal?: AbortSignal | undefined },
): Promise<PaymentState> {
  const { signal } = by;
  const found =
    by.authorizationRef === undefined
      ? await searchByKey(line, by.idempotencyKey ?? '', signal)
      : await findIntent(line, by.authorizationRef, signal);
  if (!found) return { kind: 'NOT_FOUND' };
  const refunds = found.status === 'succeeded' ? await listRefunds(line, chargeIdOf(found), signal) : [];
  return stateOf(found, refunds);
}

const retrieve = (line: StripeLine, id: string, signal: AbortSignal | undefined): Promise<Stripe.PaymentIntent> =>
  line.call(signal, (stripe) => stripe.paymentIntents.retrieve(id));

const findIntent = (line: StripeLine, id: string, signal: AbortSignal | undefined) =>
  line
    .call<Stripe.PaymentIntent | 'NONE'>(
      signal,
      (stripe) => stripe.paymentIntents.retrieve(id),
      (error) => (error.code === 'resource_missing' ? 'NONE' : null),
    )
    .then((found) => (found === 'NONE' ? null : found));

/** The payment that was authorized under a key; read anew, since the index of the search may be behind. */
async function searchByKey(
  line: StripeLine,
  idempotencyKey: string,
  signal: AbortSignal | undefined,
): Promise<Stripe.PaymentIntent | null> {
  const quoted = idempotencyKey.replaceAll(/[\\']/g, String.raw`\$&`);
  const page = await line.call(signal, (stripe) =>
    stripe.paymentIntents.search({ query: `metadata['${METADATA.authorizeKey}']:'${quoted}'`, limit: 1 }),
  );
  const found = page.data.find(({ metadata }) => metadata[METADATA.authorizeKey] === idempotencyKey);
  return found ? retrieve(line, found.id, signal) : null;
}

async function listRefunds(
  line: StripeLine,
  chargeId: string,
  signal: AbortSignal | undefined,
): Promise<Stripe.Refund[]> {
  const refunds: Stripe.Refund[] = [];
  while (refunds.length < REFUNDS_MAX) {
    const last = refunds.at(-1);
    const page = await line.call(signal, (stripe) =>
      stripe.refunds.list({ charge: chargeId, limit: PAGE, ...(last && { starting_after: last.id }) }),
    );
    refunds.push(...page.data);
    if (!page.has_more) return refunds.toReversed();
  }
  throw new GatewayRejectedRequestError(
    `${chargeId} has more than ${REFUNDS_MAX} refunds. Look at it in Stripe's dashboard.`,
  );
}

const isUnexpected = ({ code }: StripeFailure): boolean => code === 'payment_intent_unexpected_state';

const currencyMismatch = (currency: string) => ({
  kind: 'REFUSED' as const,
  reasonCode: 'currency_mismatch',
  message: `The payment was made in ${currency.toUpperCase()}.`,
});

/** @throws GatewayRejectedRequestError */
function refuseAmount(amountMinor: number): void {
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
    throw new GatewayRejectedRequestError(`An amount is a positive integer in minor units; this is ${amountMinor}.`);
  }
}
