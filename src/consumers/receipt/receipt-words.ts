/** How a receipt words its lines and taxes, for the mail and the PDF alike. */
import { countryName } from '../../books/country.ts';
import { exponentOf } from '../../books/currency.ts';
import type { ReceiptContent, ReceiptLine } from './receipt-content.ts';

/** Who sells, and on what licence: the shop's own words. */
export interface Seller {
  /** Name, address and tax number, line by line. */
  lines: readonly string[];
  licence: string;
}

/** Making one takes longer than all that it formats for a receipt. At most one for each currency there is. */
const formats = new Map<string, Intl.NumberFormat>();

export function formatMoney(amountMinor: number, currency: string): string {
  const format = formats.get(currency) ?? new Intl.NumberFormat('en', { style: 'currency', currency });
  formats.set(currency, format);
  return format.format(amountMinor / 10 ** exponentOf(currency));
}

/** `7 %`, `5.5 %`. */
export const formatRate = (rateBps: number): string => `${rateBps / 100} %`;

export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** A line for each rate: `Net 9.34, tax 7 % (Germany) 0.65`. */
export function taxLines({ lines, currency, country }: ReceiptContent): string[] {
  if (country === null) return ['No tax was charged.'];
  return [...Map.groupBy(lines, ({ taxRateBps }) => taxRateBps)].map(([rateBps, group]) => {
    const tax = sum(group, ({ taxMinor }) => taxMinor);
    const net = sum(group, ({ amountMinor }) => amountMinor) - tax;
    const rate = `Tax ${formatRate(rateBps)} (${countryName(country)})`;
    return `Net ${formatMoney(net, currency)}, ${rate} ${formatMoney(tax, currency)}`;
  });
}

const sum = (lines: readonly ReceiptLine[], of: (line: ReceiptLine) => number): number =>
  lines.reduce((total, line) => total + of(line), 0);
