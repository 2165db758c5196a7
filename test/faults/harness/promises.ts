/**
 * The promises of the README, each with the rows that prove it and what they last showed.
 *
 * The sentences and rows stand here and in the rows themselves (`promise`); results are read from docs/faults.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const readmePath = fileURLToPath(new URL('../../../README.md', import.meta.url));
const BEGIN = '<!-- promises: written by npm run faults -->';
const END = '<!-- end of promises -->';

interface Promised {
  readonly sentence: string;
  /** Figures of the rows to add up, by their name there. */
  readonly sums: readonly string[];
  /** Figures of which the greatest counts. */
  readonly worst?: readonly string[];
  /** What shows it beside the rows. */
  readonly beside?: string;
}

const PROMISES: readonly Promised[] = [
  {
    sentence:
      'If we answered "accepted", your publish or purchase survives the crash of any process and the total loss of Redis.',
    sums: ['acknowledged', 'lost'],
  },
  {
    sentence:
      'A buyer is charged at most once per purchase, however often they, we or the network retry; keys never expire.',
    sums: ['captures at the gateway', 'charged twice'],
  },
  {
    sentence: 'Every purchase ends in "book delivered" or "money returned", within a published time.',
    sums: ['completed', 'declined', 'lost'],
    worst: ['seconds from the last kill to rest', 'seconds from healing to rest'],
  },
  {
    sentence: 'An unknown payment outcome is shown as unknown and settled with the provider, never guessed.',
    sums: ['unknown when it healed', 'unknown in the end'],
  },
  {
    sentence:
      'Every cent is in an append-only double-entry ledger that sums to zero after every commit, open to audit.',
    sums: ['ledger sum (minor units)'],
    beside: '[triggers of the database](test/consumers/purchase.test.ts)',
  },
  {
    sentence:
      'Status updates arrive in order, without gaps or repeats, resumable from the last one seen, across Redis loss too.',
    sums: ['updates seen', 'missed', 'repeated'],
  },
  {
    sentence: 'Nobody sees, downloads or subscribes to what is not theirs, proven field by field on every build.',
    sums: ['questions asked', 'leaks'],
    beside: '[who gets what](docs/authorization.md)',
  },
  {
    sentence: 'Every sentence above has a seeded test that one command runs, with its latest result published.',
    sums: [],
    beside: '`npm run faults`, [docs/faults.md](docs/faults.md)',
  },
];

interface RowLine {
  readonly row: number;
  readonly promises: readonly number[];
  readonly hasHeld: boolean;
  readonly figures: ReadonlyMap<string, number>;
}

/** Writes the table of promises into the README. @param results the table of docs/faults.md, line by line */
export async function recordPromises(results: readonly string[], files: ReadonlyMap<number, string>): Promise<void> {
  const readme = await readFile(readmePath, 'utf8');
  const at = readme.indexOf(BEGIN);
  const until = readme.indexOf(END);
  if (at < 0 || until < at) throw new Error(`README.md has lost its marks; put back ${BEGIN} and ${END}`);
  const rows = results.map(parseLine);
  const lines = PROMISES.map((promised, index) => wordPromise(index + 1, promised, rows, files));
  const table = ['| # | Promise | Shown by | Latest |', '|---|---|---|---|', ...lines].join('\n');
  await writeFile(readmePath, `${readme.slice(0, at)}${BEGIN}\n${table}\n${readme.slice(until)}`);
}

function parseLine(line: string): RowLine {
  const [, row = '', , promises = '', result = '', figures = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  return {
    row: Number(row),
    promises: promises.split(',').map(Number),
    hasHeld: result === 'held',
    figures: new Map(
      figures.split('; ').flatMap((figure) => {
        const [, name = '', value = ''] = /^(.*) (-?[\d.]+)$/.exec(figure) ?? [];
        return value === '' ? [] : [[name, Number(value)] as const];
      }),
    ),
  };
}

function wordPromise(
  number: number,
  { sentence, sums, worst = [], beside }: Promised,
  all: readonly RowLine[],
  files: ReadonlyMap<number, string>,
): string {
  const rows = all.filter(({ promises }) => promises.includes(number));
  const links = rows.map(({ row }) => `[${row}](${files.get(row) ?? 'docs/faults.md'})`);
  const shownBy = [...(links.length > 0 ? [`rows ${links.join(', ')}`] : []), ...(beside ? [beside] : [])];
  const found = (name: string) => rows.flatMap(({ figures }) => figures.get(name) ?? []);
  const told = [
    ...sums.map(
      (name) =>
        `${name} ${found(name)
          .reduce((total, figure) => total + figure, 0)
          .toLocaleString('en')}`,
    ),
    ...worst.map((name) => `${name} ≤ ${Math.max(...found(name))}`),
  ];
  const held = rows.filter(({ hasHeld }) => hasHeld).length;
  const latest = rows.length === 0 ? '' : [`${held} of ${rows.length} held`, ...told].join('; ');
  return `| ${number} | ${sentence} | ${shownBy.join('; ')} | ${latest} |`;
}
