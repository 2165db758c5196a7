/**
 * Disputes: opened, won, lost; each a change of its own rows, of the order's lines, of the rights to read and of the ledger
 * in one commit.
 *
 * Promise: what the bank took back is taken from author, tax and platform as a refund would be, and given back to them when
 * the dispute is won; a dispute is booked once, however often its notice comes. While it is open nobody reads the books of
 * the order; they come back when it is won, and are revoked when it is lost.
 * Ledger: `dispute:ID` is what the bank took, `dispute-fee:ID` the provider's own fee, which is never given back;
 * `dispute-won:ID` is the first the other way round. What refunds had given back before is the platform's loss.
 * Not here: asking the provider (../consumers/dispute).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Reversal, reverseSale } from '../books/reversal.ts';
import { shareOut } from '../books/share-out.ts';
import type { Tx } from './client.ts';
import { bookedEntries, gathered, type LedgerEntry, postLedger, reversed, splitEntries } from './ledger.ts';
import { PLATFORM_FEE, PROVIDER_CLEARING, PROVIDER_FEE } from './ledger-accounts.ts';
import { type OrderLineMoney, readLineMoney } from './line-money.ts';
import { disputeLines, disputes } from './tables/index.ts';

export type DisputeStatus = (typeof disputes.$inferSelect)['status'];

/** What the provider says. */
export interface DisputeTold {
  disputeRef: string;
  orderId: string;
  state: DisputeStatus;
  amountMinor: number;
  feeMinor: number;
  currency: string;
}

/** How a dispute stands here; null when it is not known yet. */
export async function readDisputeStatus(db: Pick<Tx, 'query'>, disputeRef: string): Promise<DisputeStatus | null> {
  const dispute = await db.query.disputes.findFirst({ where: { disputeRef }, columns: { status: true } });
  return dispute?.status ?? null;
}

/**
 * Books what has changed.
 * @param before how it stood when the provider was asked
 * @throws Error when it stands otherwise by now: the stage then reads it anew
 */
export async function followDispute(
  tx: Tx,
  told: DisputeTold,
  { id, before, now }: { id: string; before: DisputeStatus | null; now: Date },
): Promise<void> {
  const order = await lockOrder(tx, told.orderId);
  const known = await tx.query.disputes.findFirst({ where: { disputeRef: told.disputeRef } });
  if ((known?.status ?? null) !== before) throw new Error(`dispute ${told.disputeRef} has moved on meanwhile`);
  const disputeId = known?.id ?? id;
  if (!known) await open(tx, disputeId, { told, order, now });
  if (told.state !== 'OPEN') await close(tx, disputeId, { told, now });
}

const orderSchema = z.object({ currency: z.string(), country: z.string().nullable() });
type Order = z.infer<typeof orderSchema>;

async function lockOrder(tx: Tx, orderId: string): Promise<Order> {
  const [row] = await tx.execute(sql`select currency, country from "order" where id = ${orderId} for update`);
  return orderSchema.parse(row);
}

async function open(
  tx: Tx,
  disputeId: string,
  { told, order, now }: { told: DisputeTold; order: Order; now: Date },
): Promise<void> {
  const { orderId, disputeRef, amountMinor, feeMinor, currency } = told;
  const facts = { orderId, disputeRef, amountMinor, feeMinor, currency };
  await tx.insert(disputes).values({ id: disputeId, ...facts, status: 'OPEN', createdAt: now, updatedAt: now });
  const parts = partsOf(await readLineMoney(tx, orderId), amountMinor);
  if (parts.length > 0) {
    const rows = parts.map(({ position, amountMinor: part, taxMinor, royaltyMinor }) => {
      return { disputeId, orderId, position, amountMinor: part, taxMinor, royaltyMinor };
    });
    await tx.insert(disputeLines).values(rows);
    await moveLines(tx, disputeId, 1);
  }
  await tx.execute(sql`update entitlement set status = 'SUSPENDED' where order_id = ${orderId} and status = 'ACTIVE'`);
  const excessMinor = amountMinor - parts.reduce((sum, part) => sum + part.amountMinor, 0);
  const taken = gathered([
    ...reversed(splitEntries(PROVIDER_CLEARING, parts, order)),
    ...pair(PLATFORM_FEE, excessMinor, currency),
  ]);
  await postLedger(
    tx,
    [
      { key: `dispute:${disputeId}`, orderId, entries: taken },
      ...(feeMinor > 0
        ? [{ key: `dispute-fee:${disputeId}`, orderId, entries: pair(PROVIDER_FEE, feeMinor, currency) }]
        : []),
    ],
    now,
  );
}

async function close(tx: Tx, disputeId: string, { told, now }: { told: DisputeTold; now: Date }): Promise<void> {
  const { orderId, state } = told;
  const isWon = state === 'WON';
  await tx.execute(sql`
    update dispute set status = ${state}::dispute_status, updated_at = ${now.toISOString()}::timestamptz
    where id = ${disputeId}`);
  await tx.execute(sql`
    update entitlement set status = ${isWon ? 'ACTIVE' : 'REVOKED'}::entitlement_status
    where order_id = ${orderId} and status = 'SUSPENDED'`);
  if (!isWon) return;
  await moveLines(tx, disputeId, -1);
  const back = reversed(await bookedEntries(tx, `dispute:${disputeId}`));
  await postLedger(tx, [{ key: `dispute-won:${disputeId}`, orderId, entries: back }], now);
}

/** A loss of ours, which the provider has taken. */
const pair = (account: string, amountMinor: number, currency: string): LedgerEntry[] =>
  amountMinor === 0
    ? []
    : [
        { account, currency, amountMinor },
        { account: PROVIDER_CLEARING, currency, amountMinor: -amountMinor },
      ];

type Part = Reversal & Pick<OrderLineMoney, 'position' | 'authorId'>;

/** The lines bear it in proportion to what is left of each. */
function partsOf(lines: readonly OrderLineMoney[], amountMinor: number): Part[] {
  const left = lines.map((line) => line.amountMinor - line.reversedMinor);
  const total = left.reduce((sum, one) => sum + one, 0);
  const shares = shareOut(Math.min(amountMinor, total), left);
  return lines.flatMap((line, at) => {
    const share = shares[at] ?? 0;
    return share === 0 ? [] : [{ position: line.position, authorId: line.authorId, ...reverseSale(line, share) }];
  });
}

const moveLines = (tx: Tx, disputeId: string, direction: 1 | -1) =>
  tx.execute(sql`
    update order_line l
    set reversed_minor = l.reversed_minor + d.amount_minor * ${direction}::int,
        reversed_tax_minor = l.reversed_tax_minor + d.tax_minor * ${direction}::int,
        reversed_royalty_minor = l.reversed_royalty_minor + d.royalty_minor * ${direction}::int
    from dispute_line d where d.dispute_id = ${disputeId} and l.order_id = d.order_id and l.position = d.position`);
