/**
 * `GET /statements/AUTHOR`: a month's lines as CSV, by a signed link (../schema/links.ts), streamed page by page.
 *
 * Promise: a cell that a spreadsheet would take for a formula is text; memory holds one page, however long the month.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { readStatementLines, type StatementOf } from '../db/statements.ts';
import { verifySignedUrl } from '../ports/storage/signed-url.ts';
import type { SchemaServices } from '../schema/context.ts';
import { isUuid } from '../schema/ids.ts';
import { formatAmount } from '../schema/money.ts';
import { INERT } from './headers.ts';
import { allowMethods, HttpError, type Route } from './http.ts';

const PAGE = 500;
const claimsSchema = z.object({ month: z.string(), currency: z.string() });

export function serveStatements({ db, signing, clock }: Pick<SchemaServices, 'db' | 'signing' | 'clock'>): Route {
  return async (exchange) => {
    allowMethods(exchange, 'GET');
    const { request, response, url } = exchange;
    const verified = verifySignedUrl(signing.secrets, { method: 'GET', url: request.url ?? '' }, clock.now().getTime());
    const authorId = url.pathname.split('/')[2] ?? '';
    const claims = verified.kind === 'VALID' ? claimsSchema.safeParse(verified.claims).data : undefined;
    if (!claims || !isUuid(authorId)) {
      throw new HttpError(403, 'LINK_INVALID', 'This link was not made by us, or its time is over. Ask for a new one.');
    }
    const { month, currency } = claims;
    response.writeHead(200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="statement-${month}-${currency}.csv"`,
      'cache-control': 'private, no-store',
      'content-security-policy': INERT,
    });
    await pipeline(Readable.from(csvOf(db, { authorId, month, currency })), response);
  };
}

async function* csvOf(db: SchemaServices['db'], of: StatementOf): AsyncGenerator<string> {
  yield row(['booked_at', 'kind', 'amount', 'currency', 'order', 'titles']);
  let after: { at: Date; id: string } | null = null;
  for (;;) {
    const lines: Awaited<ReturnType<typeof readStatementLines>> = await readStatementLines(db, of, {
      after,
      limit: PAGE,
    });
    const { currency } = of;
    const page = lines.map(({ at, kind, amountMinor, orderId, titles }) =>
      row([at.toISOString(), kind, { number: formatAmount({ amountMinor, currency }) }, currency, orderId, titles]),
    );
    yield page.join('');
    after = lines.at(-1) ?? null;
    if (lines.length < PAGE) return;
  }
}

type Cell = string | null | { number: string };

const row = (cells: readonly Cell[]): string => `${cells.map((cell) => cellOf(cell)).join(',')}\r\n`;

/** RFC 4180; text that begins like a formula gets an apostrophe before it, which spreadsheets take for text. */
export function cellOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'object') return cell.number;
  const text = /^[\s]*[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
