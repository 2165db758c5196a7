/**
 * Receipts: each completed order has one, with a number.
 *
 * Promise: the numbers of a year are 1, 2, 3 … without a gap, in the order of the commits; none is given twice. The
 * number is given in the commit that completes the order, and goes when that is rolled back.
 * Not here: the PDF and the mail (../consumers/receipt), which may fail and be repeated without touching the number.
 */
import { eq, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { isDone, type Parts } from './parts.ts';
import { orders, receipts } from './tables/index.ts';

/**
 * Completes orders and numbers their receipts; in the last statement of its transaction, for it holds the counter, for which
 * all others wait.
 * @param before parts that return rows and may have to wait for somebody: they are done before the counter is taken
 */
export function completedOrders(orderIds: readonly string[], now: Date, before: readonly string[] = []): Parts {
  const year = now.getUTCFullYear();
  const ids = sql.param([...orderIds]);
  const at = now.toISOString();
  return {
    unnumbered: sql`
      select u.id, row_number() over (order by u.id) as n, count(*) over () as total
      from unnest(${ids}::uuid[]) as u(id)
      where not exists (select 1 from receipt r where r.order_id = u.id)`,
    order_completed: sql`
      update "order" set status = 'COMPLETED', updated_at = ${at}::timestamptz where id = any(${ids}::uuid[]) returning 1`,
    counted: sql`
      insert into receipt_counter as c (year, last) select ${year}, count(*) from unnumbered
      where ${sql.join([...before, 'order_completed'].map(isDone), sql` and `)}
      on conflict (year) do update set last = c.last + excluded.last returning last`,
    numbered: sql`
      insert into receipt (order_id, year, number, issued_at)
      select u.id, ${year}, counted.last - u.total + u.n, ${at}::timestamptz from unnumbered u, counted`,
  };
}

/** As people read it: `2026-000123`. */
export const receiptNumber = ({ year, number }: { year: number; number: number }): string =>
  `${year}-${String(number).padStart(6, '0')}`;

/** Says where the PDFs of receipts are. */
export const filedReceipts = (files: readonly { orderId: string; storageKey: string; sha256: string }[]): Parts => ({
  receipt_filed: sql`
    update receipt r set storage_key = f.storage_key, sha256 = f.sha256
    from unnest(
      ${sql.param(files.map(({ orderId }) => orderId))}::uuid[],
      ${sql.param(files.map(({ storageKey }) => storageKey))}::text[],
      ${sql.param(files.map(({ sha256 }) => sha256))}::text[]
    ) as f(order_id, storage_key, sha256)
    where r.order_id = f.order_id`,
});

/** Where the PDF of an order's receipt is, and whose it is; null while there is none. */
export async function receiptFile(db: Pick<Db, 'select'>, orderId: string) {
  const [row] = await db
    .select({
      buyerId: orders.buyerId,
      storageKey: receipts.storageKey,
      year: receipts.year,
      number: receipts.number,
    })
    .from(receipts)
    .innerJoin(orders, eq(orders.id, receipts.orderId))
    .where(eq(receipts.orderId, orderId));
  return row?.storageKey ? { ...row, storageKey: row.storageKey } : null;
}
