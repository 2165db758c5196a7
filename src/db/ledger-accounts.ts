/**
 * The accounts of the ledger. Debits are positive: what an account owes others is a negative balance.
 *
 * docs/money.md tells what each is for, with examples.
 */

/** What the payment provider holds for us. */
export const PROVIDER_CLEARING = 'provider-clearing';
/** What the marketplace has earned. */
export const PLATFORM_FEE = 'platform-fee';
/** What buyers are owed by refunds that the provider has not settled yet; 0 at rest. */
export const REFUNDS = 'refunds';

/** What authors are owed by payouts that the provider has not made yet; 0 at rest. */
export const PAYOUTS = 'payouts';

/** What the provider took for its service. */
export const PROVIDER_FEE = 'provider-fee';

/** What an author has earned and was not paid yet; above 0 when more went back than was left. */
export const authorPayable = (userId: string): string => `author-payable:${userId}`;

/** What is owed to a country's tax office. */
export const taxPayable = (country: string): string => `tax-payable:${country}`;
