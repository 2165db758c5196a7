/**
 * What a coupon takes off the lines of an order.
 *
 * Promise: never more than a line costs, never less than nothing; a fixed amount is taken off whole, or as far as the
 * lines go. Rounding: a percentage is rounded down line by line; a fixed amount is shared in proportion to the prices,
 * and what is left of it goes, a minor unit each, to the lines that lost most by rounding, the first first.
 */

export type Discount = { kind: 'PERCENT'; percentBps: number } | { kind: 'AMOUNT'; amountMinor: number };

const WHOLE_BPS = 10_000;

export interface DiscountedLine {
  listAmountMinor: number;
  /** The coupon holds for it. */
  isEligible: boolean;
}

/** @returns what each line gets off, in minor units, in the order of the lines */
export function discountsOf(lines: readonly DiscountedLine[], discount: Discount | null): number[] {
  if (discount === null) return lines.map(() => 0);
  const bases = lines.map(({ listAmountMinor, isEligible }) => (isEligible ? listAmountMinor : 0));
  if (discount.kind === 'PERCENT') return bases.map((base) => Math.floor((base * discount.percentBps) / WHOLE_BPS));
  return shareOut(discount.amountMinor, bases);
}

/** Shares an amount in proportion to `bases`, by the largest remainder. Exact: products go beyond what a double holds. */
function shareOut(amountMinor: number, bases: readonly number[]): number[] {
  const whole = bases.reduce((sum, base) => sum + base, 0);
  const shared = Math.min(amountMinor, whole);
  if (shared === 0) return bases.map(() => 0);
  const parts = bases.map((base, at) => {
    const product = BigInt(base) * BigInt(shared);
    return { at, share: Number(product / BigInt(whole)), remainder: product % BigInt(whole) };
  });
  const rest = shared - parts.reduce((sum, { share }) => sum + share, 0);
  const first = parts.toSorted(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || a.at - b.at,
  );
  const luckier = new Set(first.slice(0, rest).map(({ at }) => at));
  return parts.map(({ at, share }) => share + (luckier.has(at) ? 1 : 0));
}
