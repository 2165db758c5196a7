/**
 * An author's statement: what was earned, went back and was paid out in a month, from the ledger's entries alone.
 *
 * Promise: opening + sales + refunds + disputes + payouts = closing, and the closing balance of a month is the opening one
 * of the next. Amounts are as the author sees them: what is owed to the author is positive. A month is one of UTC.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { authorPayable } from './ledger-accounts.ts';

export interface StatementOf {
  authorId: string;
  /** `2026-11` */
  month: string;
  currency: string;
}

/** In minor units. */
export interface Statement extends StatementOf {
  openingMinor: number;
  salesMinor: number;
  refundsMinor: number;
  disputesMinor: number;
  payoutsMinor: number;
  closingMinor: number;
}

const STATEMENT_KINDS = ['SALE', 'REFUND', 'DISPUTE', 'PAYOUT'] as const;

const lineSchema = z.object({
  /** Of the ledger's transaction. */
  id: z.string(),
  at: z.coerce.date(),
  kind: z.enum(STATEMENT_KINDS),
  amountMinor: z.coerce.number(),
  orderId: z.string().nullable(),
  /** Of the author's editions in the order; null when there is no order. */
  titles: z.string().nullable(),
});
export type StatementLine = z.infer<typeof lineSchema>;

/** A sale that was undone at once by the purchase itself is one and its reversal, both of the kind SALE. */
const KIND = sql`
  case when t.key like 'dispute%' then 'DISPUTE' when t.key like 'payout%' then 'PAYOUT'
       when t.key like 'refund%' and t.key <> 'refund:' || t.order_id then 'REFUND' else 'SALE' end`;

const beginning = (month: string) => sql`(${`${month}-01T00:00:00Z`}::timestamptz)`;
const end = (month: string) => sql`(${`${month}-01T00:00:00Z`}::timestamptz + interval '1 month')`;

const sumsSchema = z.object({
  opening: z.coerce.number(),
  sales: z.coerce.number(),
  refunds: z.coerce.number(),
  disputes: z.coerce.number(),
  payouts: z.coerce.number(),
});

export async function readStatement(db: Pick<Tx, 'execute'>, of: StatementOf): Promise<Statement> {
  const { month, currency } = of;
  const [row] = await db.execute(sql`
    with line as (
      select -e.amount_minor as minor, t.created_at >= ${beginning(month)} as is_now, ${KIND} as kind
      from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
      where e.account = ${authorPayable(of.authorId)} and e.currency = ${currency} and t.created_at < ${end(month)})
    select coalesce(sum(minor) filter (where not is_now), 0) as opening,
           coalesce(sum(minor) filter (where is_now and kind = 'SALE'), 0) as sales,
           coalesce(sum(minor) filter (where is_now and kind = 'REFUND'), 0) as refunds,
           coalesce(sum(minor) filter (where is_now and kind = 'DISPUTE'), 0) as disputes,
           coalesce(sum(minor) filter (where is_now and kind = 'PAYOUT'), 0) as payouts
    from line`);
  const sums = sumsSchema.parse(row);
  return {
    ...of,
    openingMinor: sums.opening,
    salesMinor: sums.sales,
    refundsMinor: sums.refunds,
    disputesMinor: sums.disputes,
    payoutsMinor: sums.payouts,
    closingMinor: sums.opening + sums.sales + sums.refunds + sums.disputes + sums.payouts,
  };
}

/** The oldest first. @param after the last line seen; null for the beginning. @param limit 1 to 1,000 */
export async function readStatementLines(
  db: Pick<Tx, 'execute'>,
  { authorId, month, currency }: StatementOf,
  { after, limit }: { after: { at: Date; id: string } | null; limit: number },
): Promise<StatementLine[]> {
  const behind = after
    ? sql`and (t.created_at, t.id) > (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`
    : sql``;
  const rows = await db.execute(sql`
    select t.id, t.created_at as at, ${KIND} as kind, -e.amount_minor as "amountMinor", t.order_id as "orderId",
      (select string_agg(r.title, '; ' order by l.position) from order_line l
         join edition n on n.id = l.edition_id
         join revision r on r.id = coalesce(l.revision_id, n.live_revision_id, n.working_revision_id)
         where l.order_id = t.order_id and l.author_id = ${authorId}::uuid) as titles
    from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
    where e.account = ${authorPayable(authorId)} and e.currency = ${currency}
      and t.created_at >= ${beginning(month)} and t.created_at < ${end(month)} ${behind}
    order by t.created_at, t.id limit ${limit}`);
  return z.array(lineSchema).parse([...rows]);
}
