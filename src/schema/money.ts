/**
 * Money: integer minor units and a currency, never a floating-point number.
 *
 * The exponent is the currency's own: 2 for EUR, 0 for JPY, 3 for KWD.
 */
import { z } from 'zod';
import { AMOUNT_MINOR_MAX, exponentOf, isCurrency } from '../books/currency.ts';
import { builder } from './builder.ts';

export interface MoneyShape {
  /** In minor units of `currency`. */
  amountMinor: number;
  /** ISO 4217. */
  currency: string;
}

/** The amount as a decimal text without a symbol: 999 EUR is `9.99`, 999 JPY is `999`. */
export function formatAmount({ amountMinor, currency }: MoneyShape): string {
  const exponent = exponentOf(currency);
  const digits = Math.abs(amountMinor)
    .toString()
    .padStart(exponent + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

export const Money = builder.objectRef<MoneyShape>('Money').implement({
  carried: true,
  description: 'An amount of money, exact.',
  fields: (t) => ({
    amountMinor: t.expose('amountMinor', {
      type: 'SafeInt',
      description: 'In minor units: 999 is 9.99 EUR and 999 JPY.',
    }),
    amount: t.string({ description: 'As a decimal text without a symbol: `9.99`.', resolve: formatAmount }),
    currency: t.exposeString('currency', { description: 'ISO 4217 code, such as `EUR`.' }),
  }),
});

export const currencySchema = z.string().refine(isCurrency, 'This is not a currency code of ISO 4217, such as EUR.');

export const MoneyInput = builder.inputType('MoneyInput', {
  description: 'An amount of money, exact.',
  fields: (t) => ({
    amountMinor: t.field({
      type: 'SafeInt',
      required: true,
      description: 'In minor units: 999 is 9.99 EUR and 999 JPY. From 0 to 10,000,000.',
      validate: z.number().min(0, 'It cannot be negative.').max(AMOUNT_MINOR_MAX, 'It is at most 10,000,000.'),
    }),
    currency: t.string({ required: true, description: 'ISO 4217 code, such as `EUR`.', validate: currencySchema }),
  }),
});
