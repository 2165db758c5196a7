/**
 * How the price of one line is split: tax, royalty, and the fee that stays with the marketplace.
 *
 * Promise: exact in integers, and nothing is lost or made: `tax + royalty + fee = amount`, `tax + net = amount`,
 * `amount = list - discount`. Prices contain the tax: it is taken out of what the buyer pays, never put on top.
 * Rounding: the tax half up to a whole minor unit; the royalty down, so that the rest is the fee.
 */

/** What a basis point is a part of: 10,000 are the whole. */
const WHOLE_BPS = 10_000;

/** What an author gets of a sale without its tax, in basis points, unless the shop says otherwise. */
export const ROYALTY_BPS = 7_000;

export interface SaleTerms {
  /** The price before any discount, tax included, in minor units. */
  listAmountMinor: number;
  /** 0 to `listAmountMinor`. */
  discountMinor: number;
  /** 700 is 7 %. */
  taxRateBps: number;
  /** Of the amount without tax. */
  royaltyBps: number;
}

/** A line's money, as it is frozen when it is ordered; all in minor units. */
export interface SaleSplit extends SaleTerms {
  /** What the buyer pays, tax included. */
  amountMinor: number;
  taxMinor: number;
  /** The author's. */
  royaltyMinor: number;
}

/** @throws RangeError for a discount that is negative or more than the price */
export function splitSale(terms: SaleTerms): SaleSplit {
  const { listAmountMinor, discountMinor, taxRateBps, royaltyBps } = terms;
  if (discountMinor < 0 || discountMinor > listAmountMinor) throw new RangeError('a discount is from 0 to the price');
  const amountMinor = listAmountMinor - discountMinor;
  const taxMinor = includedTax(amountMinor, taxRateBps);
  const royaltyMinor = Math.floor(((amountMinor - taxMinor) * royaltyBps) / WHOLE_BPS);
  return { listAmountMinor, discountMinor, taxRateBps, royaltyBps, amountMinor, taxMinor, royaltyMinor };
}

/** The tax inside an amount, half up: 107 at 700 bps holds 7. */
function includedTax(amountMinor: number, taxRateBps: number): number {
  const gross = WHOLE_BPS + taxRateBps;
  // Doubled, so that the half is a whole number as well.
  return Math.floor((2 * amountMinor * taxRateBps + gross) / (2 * gross));
}

/** What stays with the marketplace. */
export const feeMinor = (line: Pick<SaleSplit, 'amountMinor' | 'taxMinor' | 'royaltyMinor'>): number =>
  line.amountMinor - line.taxMinor - line.royaltyMinor;
