/** Prices, dates and languages as people write them. */
export { numberWords } from '../shared/words.ts';

export interface Price {
  amount: string;
  amountMinor: number;
  currency: string;
}

export function priceWords({ amount, amountMinor, currency }: Price): string {
  if (amountMinor === 0) return 'Free';
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(
    Number(amount),
  );
}

/** @returns 2 for EUR, 0 for JPY */
export function decimalsOf(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/**
 * @param text such as `4.99` or `4,99`
 * @returns minor units; null when it is not an amount of that currency
 */
export function minorUnits(text: string, currency: string): number | null {
  const decimals = decimalsOf(currency);
  const found = /^(\d{1,10})(?:[.,](\d*))?$/.exec(text.trim());
  const fraction = found?.[2] ?? '';
  if (!found || fraction.length > decimals) return null;
  return Number(found[1] + fraction.padEnd(decimals, '0'));
}

export const dateWords = (iso: string): string => new Date(iso).toLocaleDateString(undefined, { dateStyle: 'long' });

export const dateTimeWords = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const timeWords = (iso: string): string => new Date(iso).toLocaleTimeString(undefined, { timeStyle: 'medium' });

export function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(0)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const languageNames = new Intl.DisplayNames(undefined, { type: 'language', fallback: 'code' });
/** @param tag BCP 47 */
export function languageWords(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** Authors first, else everybody. */
export function makersOf(contributors: readonly { name: string; role: string }[]): string {
  const authors = contributors.filter(({ role }) => role === 'aut');
  const named = (authors.length > 0 ? authors : contributors).map(({ name }) => name);
  if (named.length > 3) return `${named.slice(0, 2).join(', ')} and ${named.length - 2} others`;
  return new Intl.ListFormat('en').format(named);
}

/** `NEEDS_CHANGES` → `Needs changes`. */
export function statusWords(status: string): string {
  const words = status.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
