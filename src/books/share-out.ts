/** An amount shared out over parts in proportion, with nothing lost: what rounding leaves goes to the first that have room. */

/**
 * @param amountMinor at most the sum of `weights`
 * @param weights 0 or more each
 * @returns one share per weight, none above it; they sum to `amountMinor`
 */
export function shareOut(amountMinor: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (amountMinor < 0 || amountMinor > total) throw new RangeError('more is shared out than there is');
  if (total === 0) return weights.map(() => 0);
  // In whole numbers of any size: the product of two amounts may be beyond what a number holds exactly.
  const shares = weights.map((weight) => Number((BigInt(amountMinor) * BigInt(weight)) / BigInt(total)));
  let rest = amountMinor - shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share, at) => {
    if (rest === 0 || share >= (weights[at] ?? 0)) return share;
    rest -= 1;
    return share + 1;
  });
}
