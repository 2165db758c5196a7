/**
 * How a part of a sold line goes back: what of it was tax, what the author's, what the marketplace's.
 *
 * Promise: exact in integers: `tax + royalty + fee = amount` for each part, and when all of a line has gone back, in
 * however many parts, its tax, royalty and fee have gone back to the minor unit.
 * Rounding: the tax and the royalty that have gone back so far are each in proportion, half up; the fee is the rest, so
 * that a part of a few minor units may take one from it or leave one with it, which the next part evens out.
 */

/** A line as it was frozen when it was ordered, and what of it has gone back; in minor units. */
export interface ReversibleLine {
  /** More than 0. */
  amountMinor: number;
  taxMinor: number;
  royaltyMinor: number;
  reversedMinor: number;
  reversedTaxMinor: number;
  reversedRoyaltyMinor: number;
}

/** A part of a line that goes back. */
export interface Reversal {
  amountMinor: number;
  taxMinor: number;
  royaltyMinor: number;
}

/** @throws RangeError when it is nothing, or more than is left of the line */
export function reverseSale(line: ReversibleLine, amountMinor: number): Reversal {
  const after = line.reversedMinor + amountMinor;
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0 || after > line.amountMinor) {
    throw new RangeError('what goes back is more than 0, and at most what is left of the line');
  }
  const share = (partMinor: number) => Math.floor((2 * partMinor * after + line.amountMinor) / (2 * line.amountMinor));
  return {
    amountMinor,
    taxMinor: share(line.taxMinor) - line.reversedTaxMinor,
    royaltyMinor: share(line.royaltyMinor) - line.reversedRoyaltyMinor,
  };
}
