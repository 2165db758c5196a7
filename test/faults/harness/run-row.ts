/**
 * Runs one row of the catalogue: a folder and a seed for it, then everything it opened is ended, newest first.
 *
 * A row that throws has fallen short as much as one that tells of violations.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quiet } from './log.ts';
import { seededRandom } from './random.ts';
import type { FaultContext, FaultResult, FaultRow } from './row.ts';

export interface RunOptions {
  readonly seed: number;
  readonly isShort: boolean;
  /** (Default: says nothing) */
  readonly say?: (words: string) => void;
  /** Keeps the folder with the logs when the row falls short. (Default: true) */
  readonly keepsLogs?: boolean;
}

export interface RowReport extends FaultResult {
  readonly row: FaultRow;
  readonly seed: number;
  readonly isShort: boolean;
  readonly tookMs: number;
  /** Where the logs are, when the row fell short. */
  readonly folder: string | null;
}

export async function runRow(row: FaultRow, options: RunOptions): Promise<RowReport> {
  const folder = await mkdtemp(join(tmpdir(), `booky-hub-faults-${row.row}-`));
  // As root the servers run as another user, who must be able to enter.
  await chmod(folder, 0o711);
  const kept: { stop(): Promise<unknown> }[] = [];
  const context: FaultContext = {
    seed: options.seed,
    random: seededRandom(options.seed),
    isShort: options.isShort,
    folder,
    log: quiet,
    say: options.say ?? (() => {}),
    keep: (part) => {
      kept.push(part);
      return part;
    },
  };
  const startedAt = performance.now();
  const result = await row.run(context).catch((error: unknown) => thrown(error));
  const tookMs = Math.round(performance.now() - startedAt);
  const endings: string[] = [];
  for (const part of kept.reverse()) {
    await part.stop().catch((error: unknown) => endings.push(`a part did not end: ${String(error)}`));
  }
  const violations = [...result.violations, ...endings];
  const keepsFolder = violations.length > 0 && options.keepsLogs !== false;
  if (!keepsFolder) await rm(folder, { recursive: true, force: true });
  return {
    ...result,
    violations,
    row,
    seed: options.seed,
    isShort: options.isShort,
    tookMs,
    folder: keepsFolder ? folder : null,
  };
}

function thrown(error: unknown): FaultResult {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { injected: 'broken off', figures: {}, violations: [`the row was broken off: ${words}`] };
}
