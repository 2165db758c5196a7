/**
 * Stripe's own books: disputes, and the movements of our balance there (balance transactions).
 *
 * Stripe lists the newest first; we go through the books from the oldest on, by asking for what stands before the last
 * one seen. What is neither a sale, a refund, a dispute nor a transfer (Stripe's monthly fees, payouts to the shop's own
 * bank) is passed over.
 */
import type { Stripe } from 'stripe';
import { GatewayRejectedRequestError } from '../gateway.ts';
import type { DisputeFacts, Movement, PaymentProvider } from '../provider.ts';
import type { StripeLine } from './connection.ts';
import { METADATA } from './intents.ts';
import { fromStripeAmount, fromStripeCurrency } from './units.ts';

type Transaction = Stripe.BalanceTransaction;

/** What of the books is ours, by the category under which Stripe reports it. */
const KINDS: Readonly<Record<string, Movement['kind']>> = {
  charge: 'CAPTURE',
  refund: 'REFUND',
  refund_failure: 'REFUND_FAILED',
  dispute: 'DISPUTE',
  dispute_reversal: 'DISPUTE_REVERSED',
  transfer: 'PAYOUT',
  transfer_reversal: 'PAYOUT_FAILED',
};
/** By Stripe's status of a dispute; any other is OPEN. An appeal against a loss leaves the money where it is. */
const STATES: Readonly<Record<string, DisputeFacts['state']>> = {
  won: 'WON',
  warning_closed: 'WON',
  lost: 'LOST',
  appeal_needs_response: 'LOST',
  appeal_under_review: 'LOST',
};
const PAGE = 100;
/** To find the beginning of the books: 100,000 transactions. */
const PAGES_BACK_MAX = 1_000;

/** @param beginAfter the transaction behind which the books begin for us; null for the first there is */
export function createBooks(
  line: StripeLine,
  beginAfter: string | null,
): Pick<PaymentProvider, 'lookupDispute' | 'movements' | 'checkHealth'> {
  return {
    async lookupDispute({ disputeRef, signal }) {
      const dispute = await line.call(signal, (stripe) => stripe.disputes.retrieve(disputeRef, { expand: ['charge'] }));
      return factsOf(dispute);
    },

    async movements({ after, limit, signal }) {
      const before = after ?? beginAfter;
      const page = await (before === null
        ? oldestPage(line, limit, signal)
        : listBefore(line, { before, limit }, signal));
      const items = page.transactions.flatMap((transaction) => movementOf(transaction) ?? []);
      return { items, next: page.hasMore ? (page.transactions.at(-1)?.id ?? null) : null };
    },

    checkHealth: async (options) => {
      await line.call(options?.signal, (stripe) => stripe.balance.retrieve());
    },
  };
}

interface BookPage {
  /** Oldest first. */
  readonly transactions: readonly Transaction[];
  /** There are newer ones. */
  readonly hasMore: boolean;
}

const EXPANDED = { expand: ['data.source'] };

async function listBefore(
  line: StripeLine,
  { before, limit }: { before: string; limit: number },
  signal: AbortSignal | undefined,
): Promise<BookPage> {
  const page = await line.call(signal, (stripe) =>
    stripe.balanceTransactions.list({ ending_before: before, limit, ...EXPANDED }),
  );
  return { transactions: page.data.toReversed(), hasMore: page.has_more };
}

/** Walks back to the first transaction there is. */
async function oldestPage(line: StripeLine, limit: number, signal: AbortSignal | undefined): Promise<BookPage> {
  let before: Transaction | undefined;
  for (let pages = 0; pages < PAGES_BACK_MAX; pages += 1) {
    const from = before;
    const page = await line.call(signal, (stripe) =>
      stripe.balanceTransactions.list({ limit: PAGE, ...EXPANDED, ...(from && { starting_after: from.id }) }),
    );
    if (!page.has_more) {
      const oldest = page.data.toReversed();
      return { transactions: oldest.slice(0, limit), hasMore: oldest.length > limit || pages > 0 };
    }
    before = page.data.at(-1);
  }
  throw new GatewayRejectedRequestError(
    `Stripe's books hold more than ${PAGES_BACK_MAX * PAGE} transactions. Begin behind one of them: set STRIPE_BOOKS_AFTER to its id (txn_…).`,
  );
}

function movementOf(transaction: Transaction): Movement | null {
  const kind = KINDS[transaction.reporting_category];
  if (kind === undefined) return null;
  const { id, amount, fee, currency, created } = transaction;
  return {
    id,
    kind,
    ...sourceOf(transaction),
    amountMinor: fromStripeAmount(amount, currency),
    feeMinor: fromStripeAmount(fee, currency),
    currency: fromStripeCurrency(currency),
    at: new Date(created * 1_000),
  };
}

/** The refund, charge, dispute or transfer that moved the money; of a reversal, the transfer that came back. */
function sourceOf({ source }: Transaction): { ref: string; reference: string } {
  if (source === null || typeof source === 'string') return { ref: source ?? '', reference: '' };
  const transfer = 'transfer' in source && source.object === 'transfer_reversal' ? source.transfer : null;
  if (transfer !== null) return { ref: typeof transfer === 'string' ? transfer : transfer.id, reference: '' };
  const metadata = 'metadata' in source ? source.metadata : null;
  return { ref: source.id, reference: metadata?.[METADATA.reference] ?? '' };
}

function factsOf(dispute: Stripe.Dispute): DisputeFacts {
  const { charge, currency, amount, status, balance_transactions: moved } = dispute;
  const fee = moved.reduce((sum, transaction) => sum + transaction.fee, 0);
  return {
    state: STATES[status] ?? 'OPEN',
    captureRef: typeof charge === 'string' ? charge : charge.id,
    amountMinor: fromStripeAmount(amount, currency),
    feeMinor: fromStripeAmount(fee, currency),
    currency: fromStripeCurrency(currency),
    reference: typeof charge === 'string' ? '' : (charge.metadata[METADATA.reference] ?? ''),
  };
}
