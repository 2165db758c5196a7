/**
 * Keyset pages: `first` (1 to 100) and `after`, forwards only, over columns that end in a unique one.
 *
 * Promise: no row is skipped or shown twice while rows come and go. A cursor carries the sort columns' values; instants
 * go in as milliseconds, which is all that our columns keep.
 *
 *     const EditionConnection = builder.connectionObject({ type: Edition, name: 'EditionConnection' }, { name: 'EditionEdge' });
 *     t.field({ type: EditionConnection, args: pageArgs(t), resolve: async (_root, { first, after }, { db }) => {
 *       const from = decodeCursor(after, z.tuple([instantMs, z.uuid()]));
 *       const rows = await db.query.editions.findMany({
 *         where: { RAW: (e) => afterKey([[e.publishedAt, 'desc'], [e.id, 'desc']], from && [new Date(from[0]), from[1]]) },
 *         orderBy: { publishedAt: 'desc', id: 'desc' }, limit: first + 1 });
 *       return pageOf(rows, first, after, (row) => [row.publishedAt.getTime(), row.id]);
 *     } })
 */
import { Column, is, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { builder } from './builder.ts';
import { BadIdError } from './errors.ts';

const PAGE_SIZE_MAX = 100;
const CURSOR_CHARS_MAX = 2_000;
const pageSize = z
  .number()
  .min(1, 'Ask for at least 1.')
  .max(PAGE_SIZE_MAX, `Ask for ${PAGE_SIZE_MAX} at most, then go on with \`after\`.`);

/** An instant in a cursor, in ms since 1970: from the year 1 to 9999, all that PostgreSQL and JavaScript both hold. */
export const instantMs = z.int().min(-62_135_596_800_000).max(253_402_300_799_999);

type CursorPart = string | number | null;
type ArgBuilder = Parameters<Parameters<typeof builder.queryField>[1]>[0]['arg'];

/** `first: Int!` and `after: String`, for a field that gives pages. */
export function pageArgs(t: { arg: ArgBuilder }) {
  return {
    first: t.arg.int({ required: true, description: 'How many at most, from 1 to 100.', validate: pageSize }),
    after: t.arg.string({ required: false, description: 'Go on behind this cursor.' }),
  };
}

export function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * @returns the values in the cursor; null when there is no cursor
 * @throws BadIdError when it is not a cursor of this list
 */
export function decodeCursor<T>(cursor: string | null | undefined, schema: z.ZodType<T>): T | null {
  if (cursor === null || cursor === undefined) return null;
  const parsed = schema.safeParse(parseJson(cursor));
  if (parsed.success) return parsed.data;
  throw new BadIdError('This is not a cursor of this list. Use `pageInfo.endCursor` of the page before.');
}

/** SQL that is true for the rows behind `values` in the order of `keys`; for all rows when there are no values. */
export function afterKey(
  keys: readonly (readonly [column: SQLWrapper, direction: 'asc' | 'desc'])[],
  values: readonly unknown[] | null,
): SQL {
  if (!values) return sql`true`;
  const alternatives = keys.map(([column, direction], index) => {
    const before = keys.slice(0, index).map(([earlier], at) => sql`${earlier} = ${param(earlier, values[at])}`);
    const last = param(column, values[index]);
    return sql`(${sql.join([...before, direction === 'asc' ? sql`${column} > ${last}` : sql`${column} < ${last}`], sql` and `)})`;
  });
  return sql`(${sql.join(alternatives, sql` or `)})`;
}

export interface Page<Node> {
  edges: { cursor: string; node: Node }[];
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

/**
 * @param rows up to `first + 1`: the one too many tells that there is more
 * @param cursorOf the values of the sort columns
 */
export function pageOf<Row>(
  rows: readonly Row[],
  first: number,
  after: string | null | undefined,
  cursorOf: (row: Row) => readonly CursorPart[],
): Page<Row> {
  const nodes = rows.slice(0, first);
  const edges = nodes.map((node) => ({ cursor: encodeCursor(cursorOf(node)), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: after !== null && after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** A value in the form its column is stored in: a Date for an instant. */
const param = (column: SQLWrapper, value: unknown) => (is(column, Column) ? sql.param(value, column) : sql`${value}`);

function parseJson(cursor: string): unknown {
  if (cursor.length > CURSOR_CHARS_MAX) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
