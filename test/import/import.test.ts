import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImportError } from '../../src/import/errors.ts';
import { importBooks } from '../../src/import/import-books.ts';
import { readCommandLine } from '../../src/import/options.ts';
import { COLUMNS } from '../../src/import/read-rows.ts';
import { findOwner } from '../../src/import/store-books.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const REAL_LIST = process.env['GOODBOOKS_CSV'] ?? join(import.meta.dirname, '../../../shared/data/goodbooks/books.csv');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SOUND = {
  book_id: '1',
  isbn: '0439023483',
  isbn13: '9780439023481',
  authors: 'Suzanne Collins',
  original_publication_year: '2008.0',
  original_title: 'The Hunger Games',
  title: 'The Hunger Games (The Hunger Games, #1)',
  language_code: 'eng',
  average_rating: '4.34',
  ratings_count: '4780653',
};
type Cells = Partial<typeof SOUND>;

const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
const csvOf = (rows: Cells[]) =>
  [COLUMNS.join(','), ...rows.map((row) => COLUMNS.map((name) => quote({ ...SOUND, ...row }[name])).join(','))].join(
    '\n',
  );

async function importText(text: string) {
  const csvPath = join(folder, 'list.csv');
  await writeFile(csvPath, text);
  return importFile(csvPath);
}

async function importFile(csvPath: string) {
  const { db } = database.current;
  const reportPath = join(folder, 'report.jsonl');
  const ownerId = await findOwner(db, null);
  const price = { amountMinor: 499, currency: 'EUR' };
  const summary = await importBooks({ db, ownerId, source: 'test', price, now: new Date(), csvPath, reportPath });
  const report = (await readFile(reportPath, 'utf8')).split('\n').filter((line) => line !== '');
  return { summary, report: report.map((line): unknown => JSON.parse(line)) };
}

const readEditions = async () => [
  ...(await database.current.sql`
    select e.import_key, e.isbn13, e.sale_status, e.rating_average, e.rating_count, r.title, r.language, r.series_name,
           r.series_position, r.publication_year, r.status,
           (select json_agg(c.name order by c.position) from contributor c where c.revision_id = r.id) as names,
           (select jsonb_agg(jsonb_build_array(p.amount_minor, p.currency)) from price p where p.edition_id = e.id) as prices
    from edition e join revision r on r.id = e.live_revision_id order by e.import_key`),
];

describe('a sound row', () => {
  it('becomes a published, priced edition without a report line', async () => {
    const { summary, report } = await importText(csvOf([{}]));
    expect(summary).toEqual({ rows: 1, added: 1, present: 0, skipped: 0, notes: {} });
    expect(report).toEqual([]);
    expect(await readEditions()).toEqual([
      expect.objectContaining({
        import_key: 'test:1',
        isbn13: '9780439023481',
        sale_status: 'PUBLISHED',
        status: 'PUBLISHED',
        title: 'The Hunger Games',
        language: 'en',
        series_name: 'The Hunger Games',
        series_position: 1,
        publication_year: 2008,
        rating_average: 4.34,
        rating_count: 4_780_653,
        names: ['Suzanne Collins'],
        prices: [[499, 'EUR']],
      }),
    ]);
  });

  it('changes nothing when it is imported again', async () => {
    await importText(csvOf([{}]));
    const { summary } = await importText(csvOf([{ title: 'Another title' }, { book_id: '2', isbn: '', isbn13: '' }]));
    expect(summary).toMatchObject({ added: 1, present: 1 });
    expect((await readEditions()).map((row) => row['title'])).toEqual(['The Hunger Games', 'The Hunger Games']);
  });
});

describe('a bad cell', () => {
  const cases: [string, Cells, object, object][] = [
    [
      'puts lost zeros of an ISBN back',
      { isbn: '439023483', isbn13: '9.78043902348e+12' },
      { isbn13: '9780439023481' },
      { column: 'isbn', action: 'REPAIRED' },
    ],
    [
      'drops an ISBN whose check digit is wrong',
      { isbn: '439023484', isbn13: '' },
      { isbn13: null },
      { column: 'isbn', action: 'DROPPED' },
    ],
    [
      'drops an ISBN-13 that lost its digits',
      { isbn: '', isbn13: '9.78043902348e+12' },
      { isbn13: null },
      { column: 'isbn13', action: 'DROPPED' },
    ],
    [
      'tells when the two ISBN contradict each other',
      { isbn13: '9.78143902348e+12' },
      { isbn13: '9780439023481' },
      { column: 'isbn13', action: 'DROPPED' },
    ],
    [
      'leaves a missing language unknown',
      { language_code: '' },
      { language: null },
      { column: 'language_code', action: 'LEFT_EMPTY' },
    ],
    [
      'drops a language that is several',
      { language_code: 'mul' },
      { language: null },
      { column: 'language_code', action: 'DROPPED' },
    ],
    [
      'leaves brackets in the title that name several books',
      { title: 'Boxset (Saga, #1-3)' },
      { title: 'Boxset (Saga, #1-3)', series_name: null },
      { column: 'title', action: 'KEPT' },
    ],
    [
      'drops a year that is none',
      { original_publication_year: '19x7' },
      { publication_year: null },
      { column: 'original_publication_year', action: 'DROPPED' },
    ],
    [
      'drops a rating above 5',
      { average_rating: '43.4' },
      { rating_average: null, rating_count: 0 },
      { column: 'average_rating', action: 'DROPPED' },
    ],
    [
      'puts "Jr." to the name before it',
      { authors: 'Martin Luther King, Jr., Clayborne Carson' },
      { names: ['Martin Luther King, Jr.', 'Clayborne Carson'] },
      { column: 'authors', action: 'REPAIRED' },
    ],
  ];
  it.each(cases)('%s, and says so with its row', async (_rule, cells, stored, note) => {
    const { report } = await importText(csvOf([cells]));
    expect(await readEditions()).toEqual([expect.objectContaining(stored)]);
    expect(report).toEqual([expect.objectContaining({ row: 2, ...note })]);
  });

  it('keeps a year before our era', async () => {
    const { report } = await importText(csvOf([{ original_publication_year: '-720.0' }]));
    expect(await readEditions()).toEqual([expect.objectContaining({ publication_year: -720 })]);
    expect(report).toEqual([]);
  });

  it('gives an ISBN to the first edition on sale only', async () => {
    const { report } = await importText(csvOf([{}, { book_id: '2' }]));
    expect((await readEditions()).map((row) => row['isbn13'])).toEqual(['9780439023481', null]);
    expect(report).toEqual([expect.objectContaining({ row: 3, column: 'isbn', value: '9780439023481' })]);
  });

  it('skips a row without a title or with a book_id that was there', async () => {
    const { summary, report } = await importText(csvOf([{}, { book_id: '2', title: ' ' }, {}]));
    expect(summary).toMatchObject({ rows: 3, added: 1, skipped: 2 });
    expect(report).toHaveLength(2);
  });
});

describe('a file that is no list of books', () => {
  it.each([
    ['broken quotes', `${COLUMNS.join(',')}\n1,"x,y\n`, 'CSV_BROKEN'],
    ['a row with too few cells', `${csvOf([{}])}\n1,2,3`, 'CSV_BROKEN'],
    ['other columns', 'a,b\n1,2\n', 'CSV_COLUMNS'],
    ['nothing', '', 'CSV_COLUMNS'],
  ])('is refused for %s before anything is stored', async (_what, text, code) => {
    await expect(importText(text)).rejects.toMatchObject({ name: 'ImportError', code });
    expect(await readEditions()).toEqual([]);
  });

  it('is refused when it is not there', async () => {
    await expect(importFile(join(folder, 'nowhere.csv'))).rejects.toMatchObject({ code: 'CSV_UNREADABLE' });
  });
});

it('goes on where it broke off', async () => {
  const csvPath = join(folder, 'long.csv');
  await writeFile(
    csvPath,
    csvOf(Array.from({ length: 1_200 }, (_, index) => ({ book_id: `${index + 1}`, isbn: '', isbn13: '' }))),
  );
  const { db } = database.current;
  const ownerId = await findOwner(db, null);
  const price = { amountMinor: 0, currency: 'EUR' };
  const options = { db, ownerId, source: 'test', price, now: new Date(), csvPath, reportPath: join(folder, 'r.jsonl') };
  const onProgress = () => {
    throw new Error('the cable was pulled');
  };
  await expect(importBooks({ ...options, onProgress })).rejects.toThrow('the cable was pulled');
  expect(await importBooks(options)).toMatchObject({ added: 700, present: 500 });
});

it('refuses a command line that says no file, price or currency', () => {
  for (const args of [
    [],
    ['a.csv', 'b.csv'],
    ['a.csv', '--price', 'x'],
    ['a.csv', '--currency', 'EURO'],
    ['a.csv', '--colour'],
  ]) {
    expect(() => readCommandLine(args)).toThrow(ImportError);
  }
  expect(readCommandLine(['x/a.csv', '--price', '3', '--currency', 'jpy'])).toMatchObject({
    price: { amountMinor: 3, currency: 'JPY' },
    reportPath: 'a.csv.report.jsonl',
  });
});

it.skipIf(!existsSync(REAL_LIST))('imports a real list of 10,000 with each of its known faults reported', async () => {
  const { summary } = await importFile(REAL_LIST);
  expect(summary).toMatchObject({ rows: 10_000, added: 10_000, skipped: 0 });
  expect(summary.notes).toMatchObject({
    'isbn REPAIRED': 6_587,
    'isbn DROPPED': 24,
    'language_code LEFT_EMPTY': 1_084,
  });
  const [years] = await database.current.db.execute(
    sql`select count(*)::int as n from revision where publication_year < 0`,
  );
  expect(years).toEqual({ n: 31 });
});
