/**
 * The orders that requests have just placed, read back together: hundreds of them a second are answered at the same time.
 *
 * Promise: each is as fresh as if it had been read alone. What asks for more than columns of the order is read alone.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { batched } from '../db/batched.ts';
import type { Db } from '../db/client.ts';
import type { orders } from '../db/tables/index.ts';

type OrderRow = typeof orders.$inferSelect;
type Columns = { readonly [Name in keyof OrderRow]?: boolean | undefined };
type Part = Pick<OrderRow, 'id' | 'buyerId'> & Partial<OrderRow>;
type ReadColumns = (db: Db, orderId: string) => Promise<Part | undefined>;

const selectionSchema = z.object({
  columns: z.record(z.string(), z.boolean().optional()),
  with: z.object({}).loose().optional(),
  extras: z.object({}).loose().optional(),
});

/** Selections of columns that are remembered; a client has a few. */
const SELECTIONS_MAX = 64;
const readers = new Map<string, ReadColumns>();

/**
 * @param columns what is asked of an order
 * @returns those columns of it; undefined when there is no such order
 */
export function readTogether(db: Db, columns: Columns, orderId: string): Promise<Part | undefined> {
  const selection = Object.keys(columns).toSorted().join(' ');
  const reader = readers.get(selection) ?? readerOf(columns);
  readers.delete(selection);
  readers.set(selection, reader);
  if (readers.size > SELECTIONS_MAX) forgetOldest();
  return reader(db, orderId);
}

function forgetOldest(): void {
  const [oldest] = readers.keys();
  if (oldest !== undefined) readers.delete(oldest);
}

/** The columns that a selection asks for; null when it asks for more than columns. */
export function columnsAlone(selection: object): Columns | null {
  const { columns, with: relations, extras } = selectionSchema.parse(selection);
  return isEmpty(relations) && isEmpty(extras) ? columns : null;
}

const isEmpty = (part: object | undefined): boolean => Object.keys(part ?? {}).length === 0;

function readerOf(columns: Columns): ReadColumns {
  return batched(async (db: Db, ids) => {
    const rows = await db.query.orders.findMany({
      columns: { ...columns, id: true, buyerId: true },
      // One parameter, however many there are: connections keep the statement.
      where: { RAW: (order) => sql`${order.id} = any(${sql.param(ids)}::uuid[])` },
    });
    return new Map(rows.map((row) => [row.id, row]));
  });
}
