/**
 * Ledger: every cent, append-only, double entry.
 *
 * Promise: each transaction sums to zero per currency; the database refuses a statement that leaves one unbalanced, and
 * any change to what is there. Booking a key again changes nothing.
 * Accounts: `provider-clearing` (what the gateway holds for us), `platform-fee`, `author-payable:USER`.
 */
import { sql } from 'drizzle-orm';
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

/** What an author gets of a sale, in basis points. */
export const ROYALTY_BPS = 7_000;

/** The author's part of an amount, rounded down to a whole minor unit; the rest is the platform's. */
export const royaltyMinor = (amountMinor: number, royaltyBps = ROYALTY_BPS): number =>
  Math.floor((amountMinor * royaltyBps) / 10_000);

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

/** The entries of a captured sale: what the provider holds for us, split between the author and the platform. */
function captureEntries(sale: { authorId: string; amountMinor: number; currency: string }): LedgerEntry[] {
  const { authorId, amountMinor, currency } = sale;
  const royalty = royaltyMinor(amountMinor);
  return [
    { account: PROVIDER_CLEARING, currency, amountMinor },
    { account: authorPayable(authorId), currency, amountMinor: -royalty },
    { account: PLATFORM_FEE, currency, amountMinor: -(amountMinor - royalty) },
  ].filter((entry) => entry.amountMinor !== 0);
}

/** The entries of an order's capture: those of each sale that costs something. */
export const saleEntries = (
  sales: readonly { authorId: string; amountMinor: number }[],
  currency: string,
): LedgerEntry[] =>
  sales.filter((sale) => sale.amountMinor > 0).flatMap((sale) => captureEntries({ ...sale, currency }));

/** The sum of all entries per currency; anything but 0 is a fault of ours. */
export async function ledgerSums(db: Pick<Tx, 'execute'>): Promise<{ currency: string; sumMinor: number }[]> {
  const rows = await db.execute<{ currency: string; sum: string }>(
    sql`select currency, sum(amount_minor) as sum from ledger_entry group by currency order by currency`,
  );
  return [...rows].map((row) => ({ currency: row.currency, sumMinor: Number(row.sum) }));
}
