/**
 * Paying authors through Stripe Connect: an account per author, which Stripe itself asks for what the law wants to know,
 * and a transfer per payout. A transfer is PAID when the money is on the author's Stripe account; Stripe sends it on to
 * the author's bank. It comes back as a reversal.
 *
 * The key of a payout is its transfer group, by which Stripe lists transfers without delay and for ever: that is how
 * `lookupPayout` finds it, and why a key that Stripe has forgotten pays nothing twice.
 */
import type { Stripe } from 'stripe';
import { GatewayIdempotencyConflictError, GatewayRejectedRequestError } from '../gateway.ts';
import type { PayAnswer, PaymentProvider, PayoutState, PayRequest } from '../provider.ts';
import type { StripeLine } from './connection.ts';
import { METADATA } from './intents.ts';
import { fromStripeAmount, fromStripeCurrency, toStripeAmount, toStripeCurrency } from './units.ts';

type StripePayouts = Pick<PaymentProvider, 'openPayee' | 'lookupPayee' | 'pay' | 'lookupPayout'>;

/** What Stripe says when a payout is refused, in the words that the sandbox uses too. */
const REFUSALS: Readonly<Record<string, string>> = {
  insufficient_capabilities_for_transfer: 'payee_not_ready',
  balance_insufficient: 'balance_insufficient',
  transfers_not_allowed: 'payee_not_ready',
  account_closed: 'account_closed',
};

export function createPayouts(line: StripeLine): StripePayouts {
  return {
    async openPayee({ idempotencyKey, reference, email, country, signal }) {
      const account = await line.call(signal, (stripe) =>
        stripe.accounts.create(
          {
            country,
            email,
            controller: {
              fees: { payer: 'application' },
              losses: { payments: 'application' },
              stripe_dashboard: { type: 'express' },
            },
            capabilities: { transfers: { requested: true } },
            metadata: { [METADATA.reference]: reference },
          },
          { idempotencyKey },
        ),
      );
      return { payeeRef: account.id, onboardingUrl: await onboardingUrl(line, account.id, signal) };
    },

    async lookupPayee({ payeeRef, signal }) {
      const account = await line.call(signal, (stripe) => stripe.accounts.retrieve(payeeRef));
      if (account.capabilities?.transfers === 'active' && account.payouts_enabled) {
        return { isReady: true, onboardingUrl: null };
      }
      return { isReady: false, onboardingUrl: await onboardingUrl(line, payeeRef, signal) };
    },

    async pay(request) {
      const earlier = await findTransfer(line, request.idempotencyKey, request.signal);
      if (earlier) return repeated(earlier, request);
      return transfer(line, request);
    },

    async lookupPayout({ idempotencyKey, signal }) {
      const found = await findTransfer(line, idempotencyKey, signal);
      return found ? stateOf(found) : { kind: 'NOT_FOUND' };
    },
  };
}

function transfer(
  line: StripeLine,
  { idempotencyKey, payeeRef, amountMinor, currency, reference, signal }: PayRequest,
): Promise<PayAnswer> {
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
    throw new GatewayRejectedRequestError(`An amount is a positive integer in minor units; this is ${amountMinor}.`);
  }
  return line.call<PayAnswer>(
    signal,
    async (stripe) => {
      const paid = await stripe.transfers.create(
        {
          amount: toStripeAmount(amountMinor, currency),
          currency: toStripeCurrency(currency),
          destination: payeeRef,
          transfer_group: idempotencyKey,
          description: `Booky Hub payout ${reference}`,
          metadata: { [METADATA.reference]: reference },
        },
        { idempotencyKey },
      );
      return { kind: 'PAID', payoutRef: paid.id };
    },
    ({ code = '', message }) => {
      const reasonCode = REFUSALS[code];
      return reasonCode === undefined ? null : { kind: 'REFUSED', reasonCode, message };
    },
  );
}

/** @throws GatewayIdempotencyConflictError when the key paid something else */
function repeated(earlier: Stripe.Transfer, request: PayRequest): PayAnswer {
  const isSame =
    earlier.amount === toStripeAmount(request.amountMinor, request.currency) &&
    earlier.currency === toStripeCurrency(request.currency) &&
    earlier.metadata[METADATA.reference] === request.reference &&
    idOf(earlier.destination) === request.payeeRef;
  if (isSame) return { kind: 'PAID', payoutRef: earlier.id };
  throw new GatewayIdempotencyConflictError(
    `The idempotency key ${request.idempotencyKey} was used for another payout. Use a new key for a new one.`,
  );
}

function stateOf(paid: Stripe.Transfer): PayoutState {
  const known = {
    payoutRef: paid.id,
    reference: paid.metadata[METADATA.reference] ?? '',
    amountMinor: fromStripeAmount(paid.amount, paid.currency),
    currency: fromStripeCurrency(paid.currency),
  };
  if (!paid.reversed) return { kind: 'PAID', ...known };
  return { kind: 'FAILED', ...known, reasonCode: 'reversed', message: 'The transfer was reversed; the money is back.' };
}

async function findTransfer(
  line: StripeLine,
  idempotencyKey: string,
  signal: AbortSignal | undefined,
): Promise<Stripe.Transfer | undefined> {
  const page = await line.call(signal, (stripe) => stripe.transfers.list({ transfer_group: idempotencyKey, limit: 1 }));
  return page.data[0];
}

/** A link that works once and for some minutes: a new one each time. */
async function onboardingUrl(line: StripeLine, account: string, signal: AbortSignal | undefined): Promise<string> {
  const { returnUrl } = line;
  const link = await line.call(signal, (stripe) =>
    stripe.accountLinks.create({
      account,
      type: 'account_onboarding',
      refresh_url: returnUrl,
      return_url: returnUrl,
    }),
  );
  return link.url;
}

const idOf = (value: string | { id: string } | null): string | null =>
  value === null || typeof value === 'string' ? value : value.id;
