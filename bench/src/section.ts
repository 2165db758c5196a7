/** A section: one measurement with contestants of its own, which writes its own part of docs/performance.md. */
import type { BenchOptions } from './options.ts';

export interface Section {
  /** Lower-case; typed on the command line. */
  readonly name: string;
  /** What it answers, in a sentence. */
  readonly question: string;
  /** Measures, prints, and records its part of the page unless the run is quick or partial (`mayRecord`). */
  run(options: BenchOptions): Promise<void>;
}

/** Only a whole and unhurried run may change the page. */
export const mayRecord = (options: BenchOptions): boolean =>
  !options.isQuick && !options.isProfiling && options.only.length === 0;
