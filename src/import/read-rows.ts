/**
 * Rows of a CSV file of books, as text; what a cell means is clean-book.ts.
 *
 * Promise: a file that is broken anywhere is refused before a row of it is given out, so that none is imported in part.
 */
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { ImportError } from './errors.ts';

export const COLUMNS = [
  'book_id',
  'isbn',
  'isbn13',
  'authors',
  'original_publication_year',
  'original_title',
  'title',
  'language_code',
  'average_rating',
  'ratings_count',
] as const;

export type Column = (typeof COLUMNS)[number];
export type Cells = Record<Column, string>;

export interface Row {
  /** As a spreadsheet counts: the header is row 1. */
  row: number;
  cells: Cells;
}

const RECORD_BYTES_MAX = 1024 * 1024;
const headerSchema = z.array(z.string());
const cellsSchema = z.object({
  book_id: z.string(),
  isbn: z.string(),
  isbn13: z.string(),
  authors: z.string(),
  original_publication_year: z.string(),
  original_title: z.string(),
  title: z.string(),
  language_code: z.string(),
  average_rating: z.string(),
  ratings_count: z.string(),
}) satisfies z.ZodType<Cells>;

/**
 * Reads the file to its end.
 * @returns how many rows it has, without the header
 * @throws ImportError CSV_UNREADABLE, CSV_BROKEN or CSV_COLUMNS
 */
export async function countRows(path: string): Promise<number> {
  let count = 0;
  for await (const _row of readRows(path)) count++;
  return count;
}

/** @throws ImportError, in the middle of the file too: call countRows first */
export async function* readRows(path: string): AsyncGenerator<Row> {
  const source = createReadStream(path);
  let hasHeader = false;
  const columns = (header: unknown) => {
    hasHeader = true;
    return checkHeader(header);
  };
  const parser = parse({ bom: true, columns, max_record_size: RECORD_BYTES_MAX, skip_empty_lines: true });
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let row = 1;
  try {
    for await (const record of parser) {
      row++;
      yield { row, cells: cellsSchema.parse(record) };
    }
    if (!hasHeader) throw new ImportError('CSV_COLUMNS', `The file ${path} is empty.`);
  } catch (error) {
    throw tell(error, path);
  } finally {
    source.destroy();
  }
}

function checkHeader(header: unknown): string[] {
  const names = headerSchema.parse(header).map((name) => name.trim());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new ImportError(
      'CSV_COLUMNS',
      `The first line does not name the columns ${missing.join(', ')}. It must be comma-separated and name ${COLUMNS.join(', ')}.`,
    );
  }
  const doubled = COLUMNS.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (doubled.length > 0) throw new ImportError('CSV_COLUMNS', `The first line names ${doubled.join(', ')} twice.`);
  return names;
}

function tell(error: unknown, path: string): unknown {
  if (error instanceof ImportError) return error;
  if (error instanceof CsvError) {
    return new ImportError('CSV_BROKEN', `${path} is not a sound CSV file: ${error.message}. Nothing was imported.`, {
      cause: error,
    });
  }
  if (error instanceof Error && 'syscall' in error) {
    return new ImportError('CSV_UNREADABLE', `${path} cannot be read: ${error.message}.`, { cause: error });
  }
  return error;
}
