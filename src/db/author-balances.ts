/**
 * What authors have earned and may be paid: from the ledger's entries, less the sales that are held back for a time.
 *
 * Promise: payable + on hold is what the ledger owes the author. What goes back is taken at once, from what is on hold if
 * the sale still is; so `payableMinor` may be below zero, and later sales fill it up.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { authorPayable } from './ledger-accounts.ts';

const balanceSchema = z.object({
  authorId: z.string(),
  currency: z.string(),
  /** May be paid out now; below 0 when more went back than was left. */
  payableMinor: z.coerce.number(),
  /** Of sales that are too young. */
  onHoldMinor: z.coerce.number(),
  /** On its way to the author. */
  processingMinor: z.coerce.number(),
});
export type AuthorBalance = z.infer<typeof balanceSchema>;

/**
 * One statement, so one moment.
 * @param heldSince what was captured after it is on hold
 */
export async function readBalances(
  db: Pick<Tx, 'execute'>,
  authorIds: readonly string[],
  heldSince: Date,
): Promise<AuthorBalance[]> {
  if (authorIds.length === 0) return [];
  const rows = await db.execute(sql`
    with author as (
      select id, ${authorPayable('')} || id as account from unnest(${sql.param([...authorIds])}::uuid[]) as a(id)),
    entry as (
      select a.id as author_id, e.currency, e.amount_minor, t.key, t.order_id, t.created_at
      from author a join ledger_entry e on e.account = a.account join ledger_transaction t on t.id = e.transaction_id),
    booked as (select author_id, currency, -sum(amount_minor) as minor from entry group by 1, 2),
    held as (
      select e.author_id, e.currency, sum(l.royalty_minor - l.reversed_royalty_minor) as minor
      from entry e
      join order_line l on l.order_id = e.order_id and l.author_id = e.author_id
      join "order" o on o.id = e.order_id and o.status in ('PAID', 'FULFILLING', 'COMPLETED')
      where e.created_at > ${heldSince.toISOString()}::timestamptz and e.key = 'capture:' || e.order_id
      group by 1, 2),
    under_way as (
      select p.author_id, p.currency, sum(p.amount_minor) as minor from payout p join author a on a.id = p.author_id
      where p.status in ('REQUESTED', 'PROCESSING') group by 1, 2)
    select b.author_id as "authorId", b.currency, b.minor - coalesce(h.minor, 0) as "payableMinor",
           coalesce(h.minor, 0) as "onHoldMinor", coalesce(u.minor, 0) as "processingMinor"
    from booked b
    left join held h on h.author_id = b.author_id and h.currency = b.currency
    left join under_way u on u.author_id = b.author_id and u.currency = b.currency
    order by 1, 2`);
  return z.array(balanceSchema).parse([...rows]);
}
