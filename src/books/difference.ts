/** In what the provider's books and ours can differ about one movement of money. Pure. */

export const DIFFERENCE_KINDS = [
  'MISSING_HERE',
  'MISSING_THERE',
  'DUPLICATE',
  'CURRENCY',
  'AMOUNT',
  'FEE',
  'STATE',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** What the provider says. */
export interface TheirSide {
  amountMinor: number;
  feeMinor: number;
  currency: string;
  /** The same money was moved before by another of their movements. */
  isRepeated: boolean;
}

/** What we have of the same money. */
export interface OurSide {
  amountMinor: number;
  currency: string;
  /** Where we book the fee ourselves; null where theirs is taken as it is. */
  feeMinor: number | null;
  /** Whether it has moved, as far as we know. */
  hasMoved: boolean;
}

/** @param ours null when we know nothing of it. @returns none when both agree */
export function differencesOf(theirs: TheirSide, ours: OurSide | null): DifferenceKind[] {
  if (ours === null) return ['MISSING_HERE'];
  if (theirs.isRepeated) return ['DUPLICATE'];
  // Amounts of two currencies say nothing about each other.
  if (theirs.currency !== ours.currency) return ['CURRENCY'];
  return [
    ...(theirs.amountMinor === ours.amountMinor ? [] : ['AMOUNT' as const]),
    ...(ours.feeMinor === null || ours.feeMinor === theirs.feeMinor ? [] : ['FEE' as const]),
    ...(ours.hasMoved ? [] : ['STATE' as const]),
  ];
}
