/**
 * Receipts: each completed order has one, with a number.
 *
 * Promise: the numbers of a year are 1, 2, 3 … without a gap, in the order of the commits; none is given twice. The
 * number is given in the commit that completes the order, and goes when that is rolled back.
 * Not here: the PDF and the mail (../consumers/receipt), which may fail and be repeated without touching the number.
 */
import { eq, sql } from 'drizzle-orm';
import type { Db, Tx } from './client.ts';
import { orders, receipts } from './tables/index.ts';

/** Completes orders and numbers their receipts, in one statement; last in its transaction, for it holds the counter. */
export async function completeOrders(tx: Tx, orderIds: readonly string[], now: Date): Promise<void> {
  const year = now.getUTCFullYear();
  await tx.execute(sql`
    with w as materialized (
      select d.id, row_number() over (order by d.id) as n, count(*) over () as total
      from unnest(${sql.param([...orderIds])}::uuid[]) as d(id)
      where not exists (select 1 from receipt r where r.order_id = d.id)),
    done as (
      update "order" set status = 'COMPLETED', updated_at = ${now.toISOString()}::timestamptz
      where id = any(${sql.param([...orderIds])}::uuid[])),
    counted as (
      insert into receipt_counter as c (year, last) select ${year}, count(*) from w
      on conflict (year) do update set last = c.last + excluded.last returning last)
    insert into receipt (order_id, year, number, issued_at)
    select w.id, ${year}, counted.last - w.total + w.n, ${now.toISOString()}::timestamptz from w, counted`);
}

/** As people read it: `2026-000123`. */
export const receiptNumber = ({ year, number }: { year: number; number: number }): string =>
  `${year}-${String(number).padStart(6, '0')}`;

/** Says where the PDFs of receipts are, in one statement. */
export async function fileReceipts(
  tx: Pick<Tx, 'execute'>,
  files: readonly { orderId: string; storageKey: string; sha256: string }[],
): Promise<void> {
  await tx.execute(sql`
    update receipt r set storage_key = d.storage_key, sha256 = d.sha256
    from unnest(
      ${sql.param(files.map(({ orderId }) => orderId))}::uuid[],
      ${sql.param(files.map(({ storageKey }) => storageKey))}::text[],
      ${sql.param(files.map(({ sha256 }) => sha256))}::text[]
    ) as d(order_id, storage_key, sha256)
    where r.order_id = d.order_id`);
}

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
