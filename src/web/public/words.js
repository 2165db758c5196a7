// @ts-check
/** Numbers, dates and languages as people write them. */

/** @typedef {{ amount: string, amountMinor: number, currency: string }} Price */

/** @param {Price} price */
export function priceWords({ amount, amountMinor, currency }) {
  if (amountMinor === 0) return 'Free';
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(
    Number(amount),
  );
}

/** @param {string} currency @returns {number} 2 for EUR, 0 for JPY */
export function decimalsOf(currency) {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/**
 * @param {string} text such as `4.99` or `4,99`
 * @param {string} currency
 * @returns {number | null} minor units; null when it is not an amount of that currency
 */
export function minorUnits(text, currency) {
  const decimals = decimalsOf(currency);
  const found = /^(\d{1,10})(?:[.,](\d*))?$/.exec(text.trim());
  const fraction = found?.[2] ?? '';
  if (!found || fraction.length > decimals) return null;
  return Number(found[1] + fraction.padEnd(decimals, '0'));
}

/** @param {string} iso */
export const dateWords = (iso) => new Date(iso).toLocaleDateString(undefined, { dateStyle: 'long' });

/** @param {string} iso */
export const dateTimeWords = (iso) =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** @param {string} iso */
export const timeWords = (iso) => new Date(iso).toLocaleTimeString(undefined, { timeStyle: 'medium' });

/** @param {number} ms */
export const durationWords = (ms) =>
  ms < 1_000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** @param {number} bytes */
export function sizeWords(bytes) {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(0)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {number} count */
export const numberWords = (count) => count.toLocaleString();

const languageNames = new Intl.DisplayNames(undefined, { type: 'language', fallback: 'code' });
/** @param {string} tag BCP 47 */
export function languageWords(tag) {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** @param {readonly { name: string, role: string }[]} contributors authors first, else everybody */
export function makersOf(contributors) {
  const authors = contributors.filter(({ role }) => role === 'aut');
  const named = (authors.length > 0 ? authors : contributors).map(({ name }) => name);
  if (named.length > 3) return `${named.slice(0, 2).join(', ')} and ${named.length - 2} others`;
  return new Intl.ListFormat('en').format(named);
}

/** `NEEDS_CHANGES` → `Needs changes`. @param {string} status */
export function statusWords(status) {
  const words = status.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
