/** The table in docs/authorization.md: read, written, and compared with what was seen. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { OUTCOMES } from './outcome.ts';
import { COLUMNS, type Column } from './people.ts';

/** Row → what each caller gets. */
export type Matrix = ReadonlyMap<string, Readonly<Record<Column, string>>>;

const path = fileURLToPath(new URL('../../docs/authorization.md', import.meta.url));
const BEGIN = '<!-- table: written by npm run matrix, and reviewed -->';
const END = '<!-- end of table -->';

const legend = Object.entries(OUTCOMES).map(([word, meaning]) => `- \`${word}\`: ${meaning}`);
const INTRODUCTION = `# Who may see and do what

Every field of every type, every query, mutation and subscription, and every link, as each caller gets it. All things
belong to the owner, who is an author and a reader; the other author is the one who sold the owner a book. Row 25 of the
[fault catalogue](faults.md) asks the running program all of it over HTTP and compares; a field without a row fails the
tests. Written by \`npm run matrix\` when a field is new: read the difference before you commit it.

${legend.join('\n')}

Errors of mutations (types that implement \`Error\`) are words about the caller's own request; they carry no data of others.

`;

export async function readTable(): Promise<Matrix> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.slice(text.indexOf(BEGIN), text.indexOf(END)).split('\n');
  const rows = lines.filter((line) => line.startsWith('| `')).map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(rows.map(([, name = '', ...cells]) => [name.replaceAll('`', ''), toRow(cells)]));
}

export async function writeTable(matrix: Matrix): Promise<void> {
  const head = [`| | ${COLUMNS.join(' | ')} |`, `|---|${COLUMNS.map(() => '---').join('|')}|`];
  const rows = [...matrix]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, row]) => `| \`${name}\` | ${COLUMNS.map((column) => row[column]).join(' | ')} |`);
  await writeFile(path, `${INTRODUCTION}${BEGIN}\n${[...head, ...rows].join('\n')}\n${END}\n`);
}

/** @returns where what was seen is not what the table says, or the table says nothing; empty when they agree */
export function differences(table: Matrix, seen: Matrix): string[] {
  const told: string[] = [];
  for (const [name, row] of seen) {
    const expected = table.get(name);
    if (!expected) {
      told.push(`${name} has no row in docs/authorization.md: npm run matrix, then review it`);
      continue;
    }
    for (const column of COLUMNS) {
      if (row[column] !== expected[column]) told.push(`${name}, ${column}: ${row[column]}, not ${expected[column]}`);
    }
  }
  for (const name of table.keys())
    if (!seen.has(name)) told.push(`${name} is in docs/authorization.md and nowhere else`);
  return told;
}

function toRow(cells: readonly string[]): Record<Column, string> {
  const [anonymous = '', buyer = '', owner = '', author = '', admin = '', without = '', all = ''] = cells;
  return {
    anonymous,
    'other buyer': buyer,
    owner,
    'other author': author,
    admin,
    'key without the scope': without,
    'key with all scopes': all,
  };
}
