/** The command line of `npm run import`. */
import { parseArgs } from 'node:util';
import { isCurrency, toAmountMinor } from '../books/currency.ts';
import type { Price } from '../db/books.ts';
import { ImportError } from './errors.ts';

export const USAGE = `npm run import -- FILE.csv [--price 4.99] [--currency EUR] [--owner EMAIL] [--source NAME] [--report FILE]

  FILE.csv      columns book_id, isbn, isbn13, authors, original_publication_year, original_title, title,
                language_code, average_rating, ratings_count; others are ignored
  --price       price of every book, as a decimal number (default 4.99)
  --currency    ISO 4217 code of that price (default EUR)
  --owner       e-mail of the account that the books belong to (default: one that nobody can sign in to)
  --source      name of the list, for telling its books from those of others (default goodbooks)
  --report      where to write what was not taken as it stood, one JSON object a line (default FILE.csv.report.jsonl,
                in the present folder)`;

export interface CommandLine {
  csvPath: string;
  reportPath: string;
  price: Price;
  source: string;
  owner: string | null;
}

/** @throws ImportError IMPORT_OPTIONS */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const [csvPath, ...others] = positionals;
  if (csvPath === undefined || others.length > 0) throw fault('Name one CSV file.');
  const currency = values.currency.toUpperCase();
  if (!isCurrency(currency)) throw fault(`"${values.currency}" is not a currency code of ISO 4217, such as EUR.`);
  const amountMinor = toAmountMinor(values.price, currency);
  if (amountMinor === null) throw fault(`"${values.price}" is not a price in ${currency}, such as 4.99.`);
  if (!/^[a-z\d-]{1,40}$/.test(values.source)) throw fault('A source has 1 to 40 small letters, digits and hyphens.');
  const reportPath = values.report ?? `${csvPath.split(/[/\\]/).at(-1)}.report.jsonl`;
  return { csvPath, reportPath, price: { amountMinor, currency }, source: values.source, owner: values.owner ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        price: { type: 'string', default: '4.99' },
        currency: { type: 'string', default: 'EUR' },
        owner: { type: 'string' },
        source: { type: 'string', default: 'goodbooks' },
        report: { type: 'string' },
      },
    });
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error));
  }
}

const fault = (message: string) => new ImportError('IMPORT_OPTIONS', `${message}\n\n${USAGE}`);
