/** What readers of live status have seen, against what was appended. */
import type { Database } from '../../../src/db/client.ts';
import type { ReaderReport } from './protocol.ts';

/** The number below which `share` of the values lie, by the nearest rank; 0 when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The last seq of each subject, as PostgreSQL has it. */
export async function lastSeqs(
  { sql }: Pick<Database, 'sql'>,
  subjects: readonly string[],
): Promise<Map<string, number>> {
  const rows = await sql<{ subject: string; last: number }[]>`
    select subject, max(seq)::int as last from event where subject = any(${[...subjects]}) group by subject`;
  return new Map(rows.map(({ subject, last }) => [subject, last]));
}

export interface Judgement {
  readonly missed: number;
  /** Out of turn, or seen twice. */
  readonly disordered: number;
  readonly ended: number;
  readonly faults: readonly string[];
}

/** @param lasts the last seq of each subject; a subject without events is missing */
export function judge(readers: readonly ReaderReport[], lasts: ReadonlyMap<string, number>): Judgement {
  return {
    missed: readers.reduce((sum, reader) => sum + Math.max(0, (lasts.get(reader.name) ?? 0) - reader.last), 0),
    disordered: readers.reduce((sum, reader) => sum + reader.outOfTurn, 0),
    ended: readers.filter(({ ended }) => ended).length,
    faults: readers.flatMap(({ fault }) => fault ?? []),
  };
}
