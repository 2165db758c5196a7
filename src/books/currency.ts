/**
 * Currencies and their minor units, from the data that the runtime carries (ISO 4217).
 *
 * Promise: an amount written as decimal text becomes minor units exactly, or is refused; no floating point on the way.
 */
const currencies = new Set(Intl.supportedValuesOf('currency'));

/** The most one price may be, in minor units: 10 million. */
export const AMOUNT_MINOR_MAX = 10_000_000;

export const isCurrency = (code: string): boolean => currencies.has(code);

const exponents = new Map<string, number>();

/** How many decimal digits the currency has: 2 for EUR, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  const known = exponents.get(currency);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const exponent = format.resolvedOptions().maximumFractionDigits ?? 2;
  exponents.set(currency, exponent);
  return exponent;
}

/**
 * @param text such as `4.99`
 * @returns 499 for EUR; null when it is no amount of that currency, or more than AMOUNT_MINOR_MAX
 */
export function toAmountMinor(text: string, currency: string): number | null {
  const match = /^(\d{1,12})(?:\.(\d{1,4}))?$/.exec(text.trim());
  if (!match || !isCurrency(currency)) return null;
  const [, whole = '', fraction = ''] = match;
  const exponent = exponentOf(currency);
  if (fraction.length > exponent) return null;
  const amountMinor = Number(whole + fraction.padEnd(exponent, '0'));
  return amountMinor <= AMOUNT_MINOR_MAX ? amountMinor : null;
}
