/** What a receipt says: read from what was frozen when the order was placed and completed. */
import { asc, eq, sql } from 'drizzle-orm';
import { batched } from '../../db/batched.ts';
import type { Db } from '../../db/client.ts';
import { receiptNumber } from '../../db/receipts.ts';
import { claims, editions, orderLines, orders, receipts, revisions, users } from '../../db/tables/index.ts';
import { TerminalError } from '../../streams/index.ts';

export interface ReceiptLine {
  title: string;
  listAmountMinor: number;
  discountMinor: number;
  /** What was paid, tax included. */
  amountMinor: number;
  taxMinor: number;
  taxRateBps: number;
}

export interface ReceiptContent {
  orderId: string;
  /** `2026-000123`. */
  number: string;
  issuedAt: Date;
  orderedAt: Date;
  currency: string;
  totalMinor: number;
  /** Whose tax is in it (ISO 3166-1); null when no country was known. */
  country: string | null;
  /** `id` is null for a guest. */
  buyer: { id: string | null; email: string; name: string };
  /** What somebody has to claim; null for what is the buyer's own. */
  claim: { kind: 'GIFT' | 'GUEST'; email: string; message: string | null } | null;
  lines: readonly ReceiptLine[];
}

const receiptOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select({
      orderId: receipts.orderId,
      year: receipts.year,
      number: receipts.number,
      issuedAt: receipts.issuedAt,
      orderedAt: orders.createdAt,
      currency: orders.currency,
      totalMinor: orders.amountMinor,
      country: orders.country,
      buyer: { id: users.id, email: users.email, name: users.name },
      claim: { kind: claims.kind, email: claims.email, message: claims.message },
    })
    .from(orders)
    .innerJoin(receipts, eq(receipts.orderId, orders.id))
    .innerJoin(users, eq(users.id, orders.buyerId))
    .leftJoin(claims, eq(claims.orderId, orders.id))
    .where(sql`${orders.id} = any(${sql.param(orderIds)}::uuid[])`);
  return new Map(rows.map((row) => [row.orderId, row]));
});

/** With the titles that were on sale when it was ordered. */
const linesOf = batched(async (db: Db, orderIds) => {
  const rows = await db
    .select({
      orderId: orderLines.orderId,
      title: revisions.title,
      listAmountMinor: orderLines.listAmountMinor,
      discountMinor: orderLines.discountMinor,
      amountMinor: orderLines.amountMinor,
      taxMinor: orderLines.taxMinor,
      taxRateBps: orderLines.taxRateBps,
    })
    .from(orderLines)
    .innerJoin(editions, eq(editions.id, orderLines.editionId))
    .innerJoin(revisions, sql`${revisions.id} = coalesce(${orderLines.revisionId}, ${editions.liveRevisionId})`)
    .where(sql`${orderLines.orderId} = any(${sql.param(orderIds)}::uuid[])`)
    .orderBy(asc(orderLines.position));
  return Map.groupBy(rows, ({ orderId }) => orderId);
});

/** @throws TerminalError when the order has no receipt: no retry will make one */
export async function readReceipt(db: Db, orderId: string): Promise<ReceiptContent> {
  const [row, lines = []] = await Promise.all([receiptOf(db, orderId), linesOf(db, orderId)]);
  if (!row) throw new TerminalError(`there is no receipt of order ${orderId}`);
  const { claim } = row;
  const buyer = claim?.kind === 'GUEST' ? { id: null, email: claim.email, name: 'Guest' } : row.buyer;
  return { ...row, buyer, number: receiptNumber(row), lines };
}
