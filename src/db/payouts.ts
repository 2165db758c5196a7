/**
 * Payouts: begun, submitted, paid, failed; each a change of its own row and of the ledger in one commit.
 *
 * Promise: an author is never paid more than is payable, however many ask at once: whoever begins a payout holds the
 * payee's row, and of an author and currency one payout is under way at most. One that fails, also long after it was
 * paid, is back in the balance in the same commit.
 * Ledger: `payout:ID` takes it from the author and owes it to `payouts`; `payout-paid:ID` pays it by the provider;
 * `payout-failed:ID` is the first the other way round, and `payout-returned:ID` the second.
 * Not here: asking the provider (../consumers/payout); what is payable (author-balances.ts).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type PayoutTerms, thresholdOf } from '../books/payout-terms.ts';
import { type AuthorBalance, readBalances } from './author-balances.ts';
import type { Tx } from './client.ts';
import { NotPayable } from './errors.ts';
import { type LedgerEntry, type LedgerPosting, postLedger, reversed } from './ledger.ts';
import { authorPayable, PAYOUTS, PROVIDER_CLEARING } from './ledger-accounts.ts';
import { newId } from './tables/columns.ts';
import { payeeStatus, payouts, payoutStatus } from './tables/index.ts';

interface Payable {
  payeeId: string;
  payeeRef: string;
  gateway: string;
  balance: AuthorBalance;
}

/**
 * Pays an author what is payable in a currency.
 * @throws NotPayable
 */
export async function requestPayout(
  tx: Tx,
  { id, authorId, currency, gateway }: { id: string; authorId: string; currency: string; gateway: string },
  { now, ...terms }: PayoutTerms & { now: Date },
): Promise<void> {
  const [row] = await tx.execute(sql`
    select id, payee_ref as "payeeRef", gateway, status from payee where author_id = ${authorId} for update`);
  const payee = row ? lockedSchema.parse(row) : null;
  const isReady = payee?.status === 'READY' && payee.gateway === gateway;
  if (!isReady || payee.payeeRef === null) throw NotPayable.byPayee(payee?.status ?? null);
  const balances = await readBalances(tx, [authorId], new Date(now.getTime() - terms.holdMs));
  const balance = balances.find((one) => one.currency === currency);
  if (balance && balance.processingMinor > 0) throw NotPayable.underWay(currency);
  const thresholdMinor = thresholdOf(terms, currency);
  if (!balance || balance.payableMinor < thresholdMinor) {
    throw NotPayable.belowThreshold({ payableMinor: balance?.payableMinor ?? 0, thresholdMinor, currency });
  }
  await begin(tx, [{ id, payeeId: payee.id, payeeRef: payee.payeeRef, gateway: payee.gateway, balance }], now);
}

const lockedSchema = z.object({
  id: z.string(),
  payeeRef: z.string().nullable(),
  gateway: z.string(),
  status: z.enum(payeeStatus.enumValues),
});
const readySchema = z.array(
  z.object({ id: z.string(), authorId: z.string(), payeeRef: z.string(), gateway: z.string() }),
);

/**
 * Begins a payout for each of the next payees and each of their currencies that has reached its threshold.
 * @param after the payee up to which all were dealt with; null for the beginning
 * @param limit payees that are looked at
 * @returns the ids of the payouts, and the last payee that was looked at; null when there are no more
 */
export async function beginPayouts(
  tx: Tx,
  { after, limit, gateway }: { after: string | null; limit: number; gateway: string },
  { now, ...terms }: PayoutTerms & { now: Date },
): Promise<{ payoutIds: string[]; last: string | null }> {
  const rows = await tx.execute(sql`
    select id, author_id as "authorId", payee_ref as "payeeRef", gateway from payee
    where status = 'READY' and payee_ref is not null and gateway = ${gateway}
      and (${after}::uuid is null or id > ${after}::uuid)
    order by id limit ${limit} for update`);
  const ready = readySchema.parse([...rows]);
  const authorIds = ready.map(({ authorId }) => authorId);
  const balances = await readBalances(tx, authorIds, new Date(now.getTime() - terms.holdMs));
  const payable = balances.flatMap((balance): (Payable & { id: string })[] => {
    const payee = ready.find(({ authorId }) => authorId === balance.authorId);
    const isDue = balance.processingMinor === 0 && balance.payableMinor >= thresholdOf(terms, balance.currency);
    return payee && isDue ? [{ ...payee, id: newId(), payeeId: payee.id, balance }] : [];
  });
  await begin(tx, payable, now);
  const last = ready.length === limit ? (ready.at(-1)?.id ?? null) : null;
  return { payoutIds: payable.map(({ id }) => id), last };
}

async function begin(tx: Tx, begun: readonly (Payable & { id: string })[], now: Date): Promise<void> {
  if (begun.length === 0) return;
  await tx.insert(payouts).values(
    begun.map(({ id, payeeId, payeeRef, gateway, balance: { authorId, currency, payableMinor } }) => ({
      id,
      payeeId,
      authorId,
      amountMinor: payableMinor,
      currency,
      gateway,
      payeeRef,
      idempotencyKey: `payout:${id}`,
      createdAt: now,
      updatedAt: now,
    })),
  );
  const postings = begun.map(({ id, balance: { authorId, currency, payableMinor: amountMinor } }) => {
    return { key: `payout:${id}`, orderId: null, entries: payoutEntries({ authorId, currency, amountMinor }) };
  });
  await postLedger(tx, postings, now);
}

interface Amount {
  authorId: string;
  currency: string;
  amountMinor: number;
}

/** When it is begun: taken from the author, and owed until the provider has paid it. */
export const payoutEntries = ({ authorId, currency, amountMinor }: Amount): LedgerEntry[] => [
  { account: authorPayable(authorId), currency, amountMinor },
  { account: PAYOUTS, currency, amountMinor: -amountMinor },
];
/** When the provider has paid it. */
export const paidEntries = ({ currency, amountMinor }: Amount): LedgerEntry[] => [
  { account: PAYOUTS, currency, amountMinor },
  { account: PROVIDER_CLEARING, currency, amountMinor: -amountMinor },
];

const payoutSchema = z.object({
  id: z.string(),
  payeeId: z.string(),
  authorId: z.string(),
  status: z.enum(payoutStatus.enumValues),
  amountMinor: z.coerce.number(),
  currency: z.string(),
  gateway: z.string(),
  payeeRef: z.string(),
  idempotencyKey: z.string(),
  payoutRef: z.string().nullable(),
  createdAt: z.coerce.date(),
});
export type KnownPayout = z.infer<typeof payoutSchema>;

/** By our id, or by the provider's name for it. */
export async function readPayout(
  db: Pick<Tx, 'execute'>,
  by: { payoutId: string } | { payoutRef: string; gateway: string },
): Promise<KnownPayout | null> {
  const where =
    'payoutId' in by ? sql`id = ${by.payoutId}` : sql`payout_ref = ${by.payoutRef} and gateway = ${by.gateway}`;
  const [row] = await db.execute(sql`
    select id, payee_id as "payeeId", author_id as "authorId", status, amount_minor as "amountMinor", currency, gateway,
           payee_ref as "payeeRef", idempotency_key as "idempotencyKey", payout_ref as "payoutRef", created_at as "createdAt"
    from payout where ${where} order by created_at limit 1`);
  return row ? payoutSchema.parse(row) : null;
}

/** The provider has taken it on. */
export const submitPayout = (tx: Tx, payout: KnownPayout, payoutRef: string, now: Date): Promise<void> =>
  changeStatus(tx, payout, { status: 'PROCESSING', payoutRef, failure: null, now });

/** The money is with the author. */
export async function settlePayout(tx: Tx, payout: KnownPayout, now: Date): Promise<void> {
  await changeStatus(tx, payout, { status: 'PAID', payoutRef: payout.payoutRef, failure: null, now });
  await postLedger(tx, [{ key: `payout-paid:${payout.id}`, orderId: null, entries: paidEntries(payout) }], now);
}

/** It did not reach the author, or came back: it is in the balance again. */
export async function failPayout(tx: Tx, payout: KnownPayout, failure: string, now: Date): Promise<void> {
  await changeStatus(tx, payout, { status: 'FAILED', payoutRef: payout.payoutRef, failure, now });
  const { id } = payout;
  const postings: LedgerPosting[] = [
    { key: `payout-failed:${id}`, orderId: null, entries: reversed(payoutEntries(payout)) },
  ];
  if (payout.status === 'PAID') {
    postings.push({ key: `payout-returned:${id}`, orderId: null, entries: reversed(paidEntries(payout)) });
  }
  await postLedger(tx, postings, now);
}

interface PayoutChange {
  status: KnownPayout['status'];
  payoutRef: string | null;
  failure: string | null;
  now: Date;
}

/** @throws Error when it has moved on since it was read: the stage then reads it anew */
async function changeStatus(tx: Tx, payout: KnownPayout, to: PayoutChange): Promise<void> {
  const changed = await tx.execute(sql`
    update payout set status = ${to.status}::payout_status, payout_ref = ${to.payoutRef}, failure = ${to.failure},
      updated_at = ${to.now.toISOString()}::timestamptz
    where id = ${payout.id} and status = ${payout.status}::payout_status returning id`);
  if (changed.length === 0) throw new Error(`payout ${payout.id} is not ${payout.status} any more`);
}
