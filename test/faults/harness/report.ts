/**
 * Tells how a row went, on the terminal and in docs/faults.md.
 *
 * The document holds the latest full run of each row: a run replaces the line of its row and leaves the others alone.
 * What stands above and below the table is not touched. Short runs are never written down.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rowFiles } from './catalogue.ts';
import { recordPromises } from './promises.ts';
import type { RowReport } from './run-row.ts';

export const documentPath = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url));

const BEGIN = '<!-- results: written by npm run faults -->';
const END = '<!-- end of results -->';
const HEAD = '| # | Fault and load | Promise | Result | Figures | Seed | Run |\n|---|---|---|---|---|---|---|';
const INTRODUCTION = `# The fault catalogue

What is broken on purpose, and what was seen. \`npm run faults\` runs all rows, \`npm run faults -- 3 --seed 42\` one of
them again exactly; \`--short\` runs the small loads that are part of \`npm test\`.

`;

export function wordReport(report: RowReport): string {
  const { row } = report;
  const lines = [
    `Row ${row.row}: ${row.title}`,
    `  seed       ${report.seed}`,
    `  load       ${report.isShort ? row.loadShort : row.loadFull}`,
    `  injected   ${report.injected}`,
    `  invariant  ${row.invariant}`,
    ...Object.entries(report.figures).map(([name, figure]) => `  figure     ${name}: ${figure}`),
    `  took       ${(report.tookMs / 1000).toFixed(1)} s`,
    ...report.violations.map((violation) => `  FELL SHORT ${violation}`),
    ...(report.folder === null ? [] : [`  logs       ${report.folder}`]),
    report.violations.length === 0 ? '  held' : `  again      npm run faults -- ${row.row} --seed ${report.seed}`,
  ];
  return lines.join('\n');
}

/** Writes a full run into docs/faults.md, and what it means for the promises into the README. */
export async function recordReport(report: RowReport, today = new Date()): Promise<void> {
  const before = await readFile(documentPath, 'utf8').catch(() => `${INTRODUCTION}${BEGIN}\n${HEAD}\n${END}\n`);
  const at = before.indexOf(BEGIN);
  const until = before.indexOf(END);
  if (at < 0 || until < at) throw new Error(`${documentPath} has lost its marks; put back ${BEGIN} and ${END}`);
  const lines = before
    .slice(at + BEGIN.length, until)
    .split('\n')
    .filter((line) => /^\| \d+ \|/.test(line) && numberOf(line) !== report.row.row);
  const table = [...lines, wordLine(report, today)].sort((a, b) => numberOf(a) - numberOf(b));
  await mkdir(dirname(documentPath), { recursive: true });
  await writeFile(
    documentPath,
    `${before.slice(0, at)}${BEGIN}\n${[HEAD, ...table].join('\n')}\n${before.slice(until)}`,
  );
  await recordPromises(table, await rowFiles());
}

const numberOf = (line: string): number => Number(line.split('|')[1]);

function wordLine(report: RowReport, today: Date): string {
  const { row } = report;
  const figures = Object.entries(report.figures).map(([name, figure]) => `${name} ${figure}`);
  const cells = [
    String(row.row),
    `${row.title}. ${row.loadFull}. Injected: ${report.injected}`,
    row.promise.join(', '),
    report.violations.length === 0 ? 'held' : `**fell short**: ${report.violations.join('. ')}`,
    figures.join('; '),
    String(report.seed),
    `${today.toISOString().slice(0, 10)}, ${availableParallelism()} cores, ${Math.round(report.tookMs / 1000)} s`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
