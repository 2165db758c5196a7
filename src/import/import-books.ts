/**
 * Import: a CSV file of books becomes published, priced editions.
 *
 * Life: the whole file is read and checked → batches are cleaned and stored, one commit each → every cell that was not
 * taken as it stood is a line of the report. Broken off at any point, the same call goes on where it stopped.
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { type Action, cleanBook, type CleanBook, type Note } from './clean-book.ts';
import { ImportError } from './errors.ts';
import { countRows, readRows } from './read-rows.ts';
import { storeBooks, type Target } from './store-books.ts';

const BATCH_ROWS = 500;

export interface ImportOptions extends Target {
  csvPath: string;
  /** Where the report is written: one JSON object a line. It replaces what was there. */
  reportPath: string;
  onProgress?: (rowsDone: number, rowsTotal: number) => void;
}

export interface ImportSummary {
  rows: number;
  added: number;
  /** Were there from an earlier import. */
  present: number;
  skipped: number;
  /** Lines of the report, by column and action: `isbn REPAIRED`. */
  notes: Record<string, number>;
}

/** @throws ImportError when the file as a whole cannot be read; then nothing was imported */
export async function importBooks(options: ImportOptions): Promise<ImportSummary> {
  const { csvPath, onProgress } = options;
  const total = await countRows(csvPath);
  const summary: ImportSummary = { rows: 0, added: 0, present: 0, skipped: 0, notes: {} };
  const report = await openReport(options.reportPath);
  const seen = new Set<string>();
  let batch: CleanBook[] = [];
  const flush = async () => {
    const stored = batch.length > 0 ? await storeBooks(options, batch) : { added: 0, present: 0, notes: [] };
    summary.added += stored.added;
    summary.present += stored.present;
    await report.write(stored.notes, summary);
    batch = [];
    onProgress?.(summary.rows, total);
  };
  try {
    for await (const row of readRows(csvPath)) {
      const { book, notes } = cleanBook(row);
      summary.rows++;
      await report.write(notes, summary);
      if (book === null || seen.has(book.bookId)) {
        if (book) await report.write([seenBefore(book)], summary);
        summary.skipped++;
      } else {
        seen.add(book.bookId);
        batch.push(book);
      }
      if (summary.rows % BATCH_ROWS === 0) await flush();
    }
    await flush();
  } finally {
    await report.close();
  }
  return summary;
}

function seenBefore({ row, bookId }: CleanBook): Note {
  const action: Action = 'ROW_SKIPPED';
  return { row, column: 'book_id', value: bookId, action, reason: 'a row above has this book_id; that one was taken' };
}

async function openReport(path: string) {
  const stream = createWriteStream(path);
  await once(stream, 'open').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ImportError(
      'IMPORT_OPTIONS',
      `The report cannot be written to ${path}: ${why}. Name another with --report.`,
    );
  });
  return {
    write: async (notes: readonly Note[], summary: ImportSummary) => {
      for (const note of notes) {
        const kind = `${note.column} ${note.action}`;
        summary.notes[kind] = (summary.notes[kind] ?? 0) + 1;
        await writeLine(stream, JSON.stringify(note));
      }
    },
    close: async () => {
      stream.end();
      await once(stream, 'close');
    },
  };
}

async function writeLine(stream: WriteStream, line: string): Promise<void> {
  if (!stream.write(`${line}\n`)) await once(stream, 'drain');
}
