/**
 * Ledger: every cent, append-only, double entry.
 *
 * Promise: each transaction sums to zero per currency; the database refuses a statement that leaves one unbalanced, and
 * any change to what is there. Booking a key again changes nothing.
 * Not here: the accounts (ledger-accounts.ts), what a refund, a dispute or a payout books (the file of each).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { feeMinor } from '../books/sale-split.ts';
import type { Tx } from './client.ts';
import { authorPayable, PLATFORM_FEE, PROVIDER_CLEARING, REFUNDS, taxPayable } from './ledger-accounts.ts';
import { type Parts, storeParts } from './parts.ts';
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

/**
 * Posts balanced transactions, all in one statement; those whose key is booked already are left as they are.
 * @throws UnbalancedError when the entries of one do not sum to zero in each currency
 */
export const postLedger = (tx: Tx, postings: readonly LedgerPosting[], now: Date): Promise<void> =>
  storeParts(tx, bookedPostings(postings.map((posting) => ({ ...posting, at: now }))));

/**
 * The same, for a statement that does more.
 * @param postings `at`: when it was booked
 */
export function bookedPostings(postings: readonly (LedgerPosting & { at: Date })[]): Parts {
  for (const posting of postings) refuseUnbalanced(posting);
  if (postings.length === 0) return {};
  const transactions = postings.map((posting) => ({ ...posting, id: newId() }));
  const rows = transactions.flatMap(({ id, entries }) =>
    entries.map((entry, position) => ({ id, position, ...entry })),
  );
  return {
    booked: sql`
      insert into ledger_transaction (id, key, order_id, created_at)
      select * from unnest(
        ${sql.param(transactions.map(({ id }) => id))}::uuid[],
        ${sql.param(transactions.map(({ key }) => key))}::text[],
        ${sql.param(transactions.map(({ orderId }) => orderId))}::uuid[],
        ${sql.param(transactions.map(({ at }) => at.toISOString()))}::timestamptz[])
      on conflict do nothing
      returning id`,
    entered: sql`
      insert into ledger_entry (transaction_id, position, account, currency, amount_minor)
      select e.* from unnest(
        ${sql.param(rows.map(({ id }) => id))}::uuid[],
        ${sql.param(rows.map(({ position }) => position))}::smallint[],
        ${sql.param(rows.map(({ account }) => account))}::text[],
        ${sql.param(rows.map(({ currency }) => currency))}::text[],
        ${sql.param(rows.map(({ amountMinor }) => amountMinor))}::bigint[]
      ) as e(transaction_id, position, account, currency, amount_minor)
      join booked b on b.id = e.transaction_id`,
  };
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

/** The entries that add up to the same account are one; what adds up to nothing is none. */
export function gathered(entries: readonly LedgerEntry[]): LedgerEntry[] {
  const sums = new Map<string, LedgerEntry>();
  for (const entry of entries) {
    const name = `${entry.account} ${entry.currency}`;
    sums.set(name, { ...entry, amountMinor: entry.amountMinor + (sums.get(name)?.amountMinor ?? 0) });
  }
  return [...sums.values()].filter(({ amountMinor }) => amountMinor !== 0);
}

/** The same entries the other way round. */
export const reversed = (entries: readonly LedgerEntry[]): LedgerEntry[] =>
  entries.map((entry) => ({ ...entry, amountMinor: -entry.amountMinor }));

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
  return splitEntries(PROVIDER_CLEARING, sales, { currency, country });
}

/**
 * The entries of what goes back of an order: taken from authors, tax offices and platform in proportion, and owed to the
 * buyer in `refunds` until the provider has paid it.
 */
export const refundEntries = (sales: readonly Sale[], order: { currency: string; country: string | null }) =>
  reversed(splitEntries(REFUNDS, sales, order));

/** `account` against what it is split between. */
export function splitEntries(
  account: string,
  sales: readonly Sale[],
  { currency, country }: { currency: string; country: string | null },
): LedgerEntry[] {
  const entry = (name: string, amountMinor: number): LedgerEntry => ({ account: name, currency, amountMinor });
  return gathered(
    sales.flatMap((sale) => [
      entry(account, sale.amountMinor),
      entry(authorPayable(sale.authorId), -sale.royaltyMinor),
      ...(sale.taxMinor === 0 ? [] : [entry(taxPayable(countryOf(country)), -sale.taxMinor)]),
      entry(PLATFORM_FEE, -feeMinor(sale)),
    ]),
  );
}

function countryOf(country: string | null): string {
  if (country === null) throw new TypeError('a sale has tax, but no country');
  return country;
}

const entriesSchema = z.array(z.object({ account: z.string(), currency: z.string(), amountMinor: z.coerce.number() }));

/** What was booked under a key; none when nothing was. */
export async function bookedEntries(tx: Pick<Tx, 'execute'>, key: string): Promise<LedgerEntry[]> {
  const rows = await tx.execute(sql`
    select e.account, e.currency, e.amount_minor as "amountMinor" from ledger_entry e
    join ledger_transaction t on t.id = e.transaction_id where t.key = ${key} order by e.position`);
  return entriesSchema.parse([...rows]);
}

/** The sum of all entries per currency; anything but 0 is a fault of ours. */
export async function ledgerSums(db: Pick<Tx, 'execute'>): Promise<{ currency: string; sumMinor: number }[]> {
  const rows = await db.execute<{ currency: string; sum: string }>(
    sql`select currency, sum(amount_minor) as sum from ledger_entry group by currency order by currency`,
  );
  return [...rows].map((row) => ({ currency: row.currency, sumMinor: Number(row.sum) }));
}
