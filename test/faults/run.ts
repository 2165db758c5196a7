/**
 * `npm run faults -- [ROW…] [--seed N] [--short]`: runs the fault catalogue, or some rows of it.
 *
 * Each row prints its seed, load, faults, invariant and figures. Full runs are written into docs/faults.md.
 * Ends with 1 when a row falls short, 2 when the command was not understood.
 */
import { parseArgs } from 'node:util';
import { readCatalogue } from './harness/catalogue.ts';
import { recordReport, wordReport } from './harness/report.ts';
import type { FaultRow } from './harness/row.ts';
import { runRow } from './harness/run-row.ts';

const USAGE = 'npm run faults -- [ROW…] [--seed N] [--short]';
const SEED_MAX = 2 ** 32;

const say = (words: string): void => {
  process.stdout.write(`${words}\n`);
};

function refuse(words: string): never {
  process.stderr.write(`${words}\n${USAGE}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seed: { type: 'string' }, short: { type: 'boolean', default: false } },
    });
    const seed = values.seed === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(values.seed);
    if (!Number.isInteger(seed) || seed < 0 || seed >= SEED_MAX) refuse('--seed is a whole number below 4294967296.');
    return { seed, isShort: values.short, wanted: positionals.map(Number) };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function choose(catalogue: readonly FaultRow[], wanted: readonly number[]): readonly FaultRow[] {
  if (wanted.length === 0) return catalogue;
  return wanted.map((number) => {
    const row = catalogue.find((candidate) => candidate.row === number);
    return row ?? refuse(`There is no row ${number}; there are ${catalogue.map((one) => one.row).join(', ')}.`);
  });
}

const { seed, isShort, wanted } = readArguments();
const fallenShort: number[] = [];
for (const row of choose(await readCatalogue(), wanted)) {
  say(`\nRow ${row.row}: ${row.title} (seed ${seed}) …`);
  const report = await runRow(row, { seed, isShort, say: (words) => say(`  … ${words}`) });
  say(wordReport(report));
  if (!isShort) await recordReport(report);
  if (report.violations.length > 0) fallenShort.push(row.row);
}
if (fallenShort.length > 0) say(`\nFell short: ${fallenShort.join(', ')}`);
process.exit(fallenShort.length > 0 ? 1 : 0);
