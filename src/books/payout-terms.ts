/** When authors are paid what they earned. */

export interface PayoutTerms {
  /** A sale becomes payable so long after its capture: most refunds and disputes come before. */
  readonly holdMs: number;
  /** The least that is paid out, in minor units by currency; what is not named is paid from the first minor unit on. */
  readonly thresholds: ReadonlyMap<string, number>;
}

/** The least that is paid out in this currency, in minor units. */
export const thresholdOf = ({ thresholds }: Pick<PayoutTerms, 'thresholds'>, currency: string): number =>
  Math.max(1, thresholds.get(currency) ?? 1);
