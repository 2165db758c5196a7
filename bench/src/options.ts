/** The command line of `npm run bench -- …`: which sections, how many rounds, how much work. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of the sections to run; all when empty. */
  readonly sections: readonly string[];
  /** Names of the contestants, or parts, to run within a section; all when empty. */
  readonly only: readonly string[];
  /** Interleaved rounds, each of all contestants. (Default: 3) */
  readonly rounds: number;
  /** Purchases in the backlog. (Default: 5,000) */
  readonly purchases: number;
  /** A look at whether everything runs, not a measurement: small loads, one round, nothing written to docs. */
  readonly isQuick: boolean;
  /** Also tells which statements took the time; they are slower for it, and docs/performance.md stays as it is. */
  readonly isProfiling: boolean;
}

const ROUNDS_MAX = 100;
const PURCHASES_MAX = 1_000_000;

export const USAGE = `npm run bench -- [SECTION …] [options]

Measures, and writes docs/performance.md; the purchases take about 20 minutes.
Without a SECTION all of them are measured.

  --only A,B         these contestants or parts only; docs/performance.md stays as it is
  --rounds N         interleaved rounds (default 3)
  --purchases N      purchases in the backlog (default 5000)
  --quick            does everything run? small loads, one round; docs/performance.md stays as it is
  --profile          tell which statements took the time and the WAL; docs/performance.md stays as it is
  --help             this
`;

export class OptionError extends Error {
  readonly code = 'BENCH_OPTION';
}

/** @throws OptionError in plain words */
export function readOptions(args: readonly string[], sectionNames: readonly string[]): BenchOptions | 'HELP' {
  const { values, positionals } = parse(args);
  if (values.help) return 'HELP';
  for (const name of positionals) {
    if (!sectionNames.includes(name))
      throw new OptionError(`There is no section '${name}'; there are ${sectionNames.join(', ')}.`);
  }
  const isQuick = values.quick ?? false;
  return {
    sections: positionals,
    only: (values.only ?? '').split(',').filter((name) => name !== ''),
    rounds: whole('--rounds', values.rounds, isQuick ? 1 : 3, ROUNDS_MAX),
    purchases: whole('--purchases', values.purchases, isQuick ? 1_000 : 5_000, PURCHASES_MAX),
    isQuick,
    isProfiling: values.profile ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        purchases: { type: 'string' },
        quick: { type: 'boolean' },
        profile: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function whole(option: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new OptionError(`${option} must be a whole number from 1 to ${max}, not '${text}'.`);
}
