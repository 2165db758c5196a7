/**
 * Writes the table of mutations into docs/faults.md, between two marks; the rest of the file belongs to the rows, whose
 * full run must have written it before.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { documentPath } from '../harness/report.ts';
import type { MutationReport } from './run.ts';

const BEGIN = '<!-- mutations -->';
const END = '<!-- /mutations -->';

export async function recordMutations(reports: readonly MutationReport[]): Promise<void> {
  const known = await readFile(documentPath, 'utf8');
  const section = [BEGIN, '', ...wordTable(reports), '', END].join('\n');
  const [before, rest] = known.split(BEGIN);
  const after = rest?.split(END)[1] ?? '\n';
  await writeFile(documentPath, `${(before ?? '').trimEnd()}\n\n${section}${after}`);
}

function wordTable(reports: readonly MutationReport[]): string[] {
  return [
    '## The tests are tested',
    '',
    'Each line is the engine broken on purpose (`npm run faults:mutations`), and the row that caught it.',
    '',
    '| Mutation | What it breaks | Caught by row |',
    '|---|---|---|',
    ...reports.map(
      ({ mutation, caught }) => `| ${mutation.name} | ${mutation.breaks} | ${caught ? caught.row : '**none**'} |`,
    ),
  ];
}
