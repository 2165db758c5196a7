/**
 * What a row of the fault catalogue is, and what it is given.
 *
 * A row injects its faults into real processes and servers, then asks from outside whether the promise held. What it
 * opens it hands to `context.keep`, which ends it when the row is over, however it ends.
 */
import type { Random } from './random.ts';

export interface RowLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface FaultContext {
  readonly seed: number;
  readonly random: Random;
  /** True inside `npm test`: a small load, and bounds of time are told but not judged. */
  readonly isShort: boolean;
  /** A temporary folder that any user may enter; it goes away with the row. */
  readonly folder: string;
  readonly log: RowLog;
  /** Tells the reader what is being done, in plain words. */
  readonly say: (words: string) => void;
  /** Ends `part` when the row is over, newest first. @returns it */
  readonly keep: <Part extends { stop(): Promise<unknown> }>(part: Part) => Part;
}

export interface FaultResult {
  /** The faults that were injected, in words and numbers. */
  readonly injected: string;
  readonly figures: Readonly<Record<string, string | number>>;
  /** Where the promise was broken; empty when it held. */
  readonly violations: readonly string[];
}

export interface FaultRow {
  /** Its number in the catalogue. */
  readonly row: number;
  readonly title: string;
  /** The promises of the README that it proves. */
  readonly promise: readonly number[];
  readonly loadFull: string;
  readonly loadShort: string;
  /** What must hold, in words. */
  readonly invariant: string;
  readonly run: (context: FaultContext) => Promise<FaultResult>;
}
