/**
 * PaymentProvider over Stripe: PaymentIntents with manual capture, refunds, disputes, Connect accounts and transfers.
 *
 * A payment token is the id of a PaymentMethod (`pm_…`) that the buyer's browser got from Stripe. What is proven against a
 * server of our own that behaves as Stripe's documentation says, and what only Stripe itself could prove, is told in
 * docs/money.md.
 */
import type { PaymentProvider } from '../provider.ts';
import { openLine, type StripeOptions } from './connection.ts';
import { createPayments } from './payments.ts';
import { createPayouts } from './payouts.ts';
import { createBooks } from './provider-books.ts';

interface GatewayOptions extends StripeOptions {
  /** For the age of keys. (Default: the system's clock) */
  readonly now?: () => Date;
  /** The transaction behind which Stripe's books begin for us, `txn_…`. (Default: with the first there is) */
  readonly booksAfter?: string | undefined;
}

export function createStripeGateway(options: GatewayOptions): PaymentProvider {
  const line = openLine(options);
  return {
    name: 'stripe',
    ...createPayments(line, options.now ?? (() => new Date())),
    ...createPayouts(line),
    ...createBooks(line, options.booksAfter ?? null),
  };
}
