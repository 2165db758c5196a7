/**
 * Amounts as Stripe writes them: minor units of ISO 4217, but for currencies without minor units that Stripe counts in
 * hundredths all the same. Currency codes are lower case there.
 * Source: https://docs.stripe.com/currencies#special-cases
 */
const HUNDREDTHS = new Set(['isk', 'ugx']);

export const toStripeCurrency = (currency: string): string => currency.toLowerCase();
export const fromStripeCurrency = (currency: string): string => currency.toUpperCase();

/** @param amountMinor in minor units of ISO 4217 */
export const toStripeAmount = (amountMinor: number, currency: string): number =>
  HUNDREDTHS.has(currency.toLowerCase()) ? amountMinor * 100 : amountMinor;

/** @returns minor units of ISO 4217, never negative: which way it went is told elsewhere */
export function fromStripeAmount(amount: number, currency: string): number {
  const size = Math.abs(amount);
  return HUNDREDTHS.has(currency.toLowerCase()) ? Math.round(size / 100) : size;
}
