/**
 * The audit of the ledger: every balance computed anew from the entries, beside what orders, refunds, disputes and payouts
 * say that it must be.
 *
 * Promise: one statement, so one moment: what is being booked meanwhile is seen whole or not at all. Reads all of it.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';

const balanceSchema = z.object({
  /** Without what follows the colon: all authors together, all countries together. */
  account: z.string(),
  currency: z.string(),
  /** From the entries; debits positive, minor units. */
  bookedMinor: z.coerce.number(),
  /** From the orders and what has become of them. */
  expectedMinor: z.coerce.number(),
});
export type AuditedBalance = z.infer<typeof balanceSchema>;

export interface LedgerAudit {
  balances: AuditedBalance[];
  /** Transactions whose entries do not sum to zero; the database refuses them. */
  unbalanced: number;
  isSound: boolean;
}

/** Money that was taken and not given back in the same breath. */
const SOLD = sql`
  sold as (
    select o.currency, l.* from order_line l join "order" o on o.id = l.order_id
    where o.status in ('PAID', 'FULFILLING', 'COMPLETED'))`;

const EXPECTED = sql`
  expected as (
    select 'provider-clearing' as account, currency, amount_minor as minor from sold
    union all select 'author-payable', currency, reversed_royalty_minor - royalty_minor from sold
    union all select 'tax-payable', currency, reversed_tax_minor - tax_minor from sold
    union all select 'platform-fee', currency,
      (reversed_minor - reversed_tax_minor - reversed_royalty_minor) - (amount_minor - tax_minor - royalty_minor) from sold
    union all select 'provider-clearing', currency, -amount_minor from refund where status = 'SETTLED'
    union all select 'provider-clearing', currency, -fee_minor from dispute
    union all select 'provider-fee', currency, fee_minor from dispute
    union all select 'provider-clearing', currency, -amount_minor from dispute where status <> 'WON'
    union all select 'platform-fee', d.currency,
      d.amount_minor - coalesce((select sum(l.amount_minor) from dispute_line l where l.dispute_id = d.id), 0)
      from dispute d where d.status <> 'WON'
    union all select 'author-payable', currency, amount_minor from payout where status <> 'FAILED'
    union all select 'payouts', currency, -amount_minor from payout where status in ('REQUESTED', 'PROCESSING')
    union all select 'provider-clearing', currency, -amount_minor from payout where status = 'PAID'
    union all select 'provider-fee', currency, fee_minor from provider_movement where fee_minor <> 0 and kind not in ('DISPUTE', 'DISPUTE_REVERSED')
    union all select 'provider-clearing', currency, -fee_minor from provider_movement where fee_minor <> 0 and kind not in ('DISPUTE', 'DISPUTE_REVERSED')
    union all select 'refunds', currency, -amount_minor from refund where status in ('REQUESTED', 'SUBMITTED'))`;

export async function auditLedger(db: Pick<Tx, 'execute'>): Promise<LedgerAudit> {
  const rows = await db.execute(sql`
    with ${SOLD}, ${EXPECTED},
    should as (select account, currency, sum(minor) as minor from expected group by 1, 2),
    booked as (
      select split_part(account, ':', 1) as account, currency, sum(amount_minor) as minor from ledger_entry group by 1, 2)
    select coalesce(b.account, s.account) as account, coalesce(b.currency, s.currency) as currency,
           coalesce(b.minor, 0) as "bookedMinor", coalesce(s.minor, 0) as "expectedMinor"
    from booked b full join should s on s.account = b.account and s.currency = b.currency
    order by 1, 2`);
  const balances = z.array(balanceSchema).parse([...rows]);
  const [row] = await db.execute<{ unbalanced: number }>(sql`
    select count(*)::int as unbalanced from (
      select from ledger_entry group by transaction_id, currency having sum(amount_minor) <> 0) off`);
  const unbalanced = row?.unbalanced ?? 0;
  const agrees = balances.every(({ bookedMinor, expectedMinor }) => bookedMinor === expectedMinor);
  return { balances, unbalanced, isSound: unbalanced === 0 && agrees };
}
