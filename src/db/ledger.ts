/**
 * Ledger: every cent, append-only, double entry.
 *
 * Promise: each transaction sums to zero per currency; the database refuses a statement that leaves one unbalanced, and
 * any change to what is there. Booking a key again changes nothing.
 * Accounts: `provider-clearing` (what the gateway holds for us), `platform-fee`, `author-payable:USER`,
 * `tax-payable:COUNTRY` (what is owed to a country's tax office).
 */
import { sql } from 'drizzle-orm';
import { feeMinor } from '../books/sale-split.ts';
import type { Tx } from './client.ts';
import { newId } from './tables/columns.ts';

export interface LedgerEntry {
  account: string;
  currency: string;
  /** Debits positive, credits negative, in minor units of `currency`; never 0. */
  amountMinor: number;
}

export interface LedgerPosting {
  /** What is booked, such as `capture:ORDER`. */
  key: string;
  orderId: string | null;
  /** 2 to 100 entries. */
  entries: readonly LedgerEntry[];
}

/** Debits and credits of a posting differ; nothing was booked. */
export class UnbalancedError extends Error {
  override readonly name = 'UnbalancedError';
  readonly code = 'LEDGER_UNBALANCED';
}

export const PROVIDER_CLEARING = 'provider-clearing';
export const PLATFORM_FEE = 'platform-fee';
export const authorPayable = (userId: string): string => `author-payable:${userId}`;

export const taxPayable = (country: string): string => `tax-payable:${country}`;

/**
 * Posts balanced transactions, all in two statements.
 * @returns how many were new; those whose key is booked already are left as they are
 * @throws UnbalancedError when the entries of one do not sum to zero in each currency
 */
export async function postLedger(tx: Tx, postings: readonly LedgerPosting[], now: Date): Promise<number> {
  for (const posting of postings) refuseUnbalanced(posting);
  if (postings.length === 0) return 0;
  const booked = await tx.execute<{ id: string; key: string }>(sql`
    insert into ledger_transaction (id, key, order_id, created_at)
    select d.id, d.key, d.order_id, ${now.toISOString()}::timestamptz
    from unnest(
      ${sql.param(postings.map(() => newId()))}::uuid[],
      ${sql.param(postings.map(({ key }) => key))}::text[],
      ${sql.param(postings.map(({ orderId }) => orderId))}::uuid[]
    ) as d(id, key, order_id)
    on conflict do nothing
    returning id, key`);
  const entriesByKey = new Map(postings.map((posting) => [posting.key, posting.entries]));
  const rows = booked.flatMap(({ id, key }) =>
    (entriesByKey.get(key) ?? []).map((entry, position) => ({ transactionId: id, position, ...entry })),
  );
  if (rows.length === 0) return 0;
  await tx.execute(sql`
    insert into ledger_entry (transaction_id, position, account, currency, amount_minor)
    select * from unnest(
      ${sql.param(rows.map(({ transactionId }) => transactionId))}::uuid[],
      ${sql.param(rows.map(({ position }) => position))}::smallint[],
      ${sql.param(rows.map(({ account }) => account))}::text[],
      ${sql.param(rows.map(({ currency }) => currency))}::text[],
      ${sql.param(rows.map(({ amountMinor }) => amountMinor))}::bigint[])`);
  return booked.length;
}

function refuseUnbalanced({ key, entries }: LedgerPosting): void {
  if (entries.length < 2 || entries.length > 100) {
    throw new UnbalancedError(`posting '${key}' has ${entries.length} entries; 2 to 100 are possible`);
  }
  const sums = new Map<string, number>();
  for (const { currency, amountMinor } of entries) sums.set(currency, (sums.get(currency) ?? 0) + amountMinor);
  for (const [currency, sum] of sums) {
    if (sum !== 0) throw new UnbalancedError(`posting '${key}' is off by ${sum} minor units of ${currency}`);
  }
}

/** A line's money as it was frozen when it was ordered, in minor units. */
export interface Sale {
  authorId: string;
  amountMinor: number;
  taxMinor: number;
  royaltyMinor: number;
}

/**
 * The entries of an order's capture: what the provider holds for us, split between authors, tax office and platform. One
 * entry for each account; none when nothing was paid.
 * @throws TypeError when there is tax, but no country to owe it to
 */
export function saleEntries(
  sales: readonly Sale[],
  { currency, country }: { currency: string; country: string | null },
): LedgerEntry[] {
  const sums = new Map<string, number>();
  const add = (account: string, amountMinor: number) => sums.set(account, (sums.get(account) ?? 0) + amountMinor);
  for (const sale of sales) {
    add(PROVIDER_CLEARING, sale.amountMinor);
    add(authorPayable(sale.authorId), -sale.royaltyMinor);
    if (sale.taxMinor > 0) add(taxPayable(countryOf(country)), -sale.taxMinor);
    add(PLATFORM_FEE, -feeMinor(sale));
  }
  const entries = [...sums].map(([account, amountMinor]) => ({ account, currency, amountMinor }));
  return entries.filter(({ amountMinor }) => amountMinor !== 0);
}

function countryOf(country: string | null): string {
  if (country === null) throw new TypeError('a sale has tax, but no country');
  return country;
}

/** The sum of all entries per currency; anything but 0 is a fault of ours. */
export async function ledgerSums(db: Pick<Tx, 'execute'>): Promise<{ currency: string; sumMinor: number }[]> {
  const rows = await db.execute<{ currency: string; sum: string }>(
    sql`select currency, sum(amount_minor) as sum from ledger_entry group by currency order by currency`,
  );
  return [...rows].map((row) => ({ currency: row.currency, sumMinor: Number(row.sum) }));
}
