/** Statistics: medians, percentiles and spreads of a handful of rounds or of many latencies. */

/** What several rounds said of one measure. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/**
 * The value below which `share` of the values lie, by the nearest rank.
 * @param share from 0 to 1, such as 0.99
 * @returns NaN when there are no values
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** @returns NaN when there are no values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

export const summarize = (values: readonly number[]): Summary => ({
  median: median(values),
  min: values.length === 0 ? Number.NaN : Math.min(...values),
  max: values.length === 0 ? Number.NaN : Math.max(...values),
  rounds: values.length,
});

/** Half of what lies between the least and the greatest round, as a share of the median: 0.05 reads "± 5 %". */
export const spread = ({ median, min, max }: Summary): number => (max === min ? 0 : (max - min) / 2 / median);

/** With thousands apart, and as many digits as a reader can use: 12,345; 98.7; 0.12. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

/** "1,234 ± 5 %"; a share of nothing is none, so a median of 0 stands alone. */
export function formatSummary(summary: Summary): string {
  if (!Number.isFinite(summary.median)) return '–';
  const share = Math.round(spread(summary) * 100);
  return summary.rounds > 1 && summary.median > 0
    ? `${formatNumber(summary.median)} ± ${share} %`
    : formatNumber(summary.median);
}
