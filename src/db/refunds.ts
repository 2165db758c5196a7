/**
 * Refunds: asked for, settled, failed; each a change of its own rows, of the order's lines, of the right to read and of
 * the ledger in one commit.
 *
 * Promise: what goes back of a line is never more than was paid for it, however many ask at once: whoever asks holds the
 * order's row, and the database checks the line. A right ends when all of its line is on its way back, and comes back
 * when the refund fails.
 * Ledger: `refund:ID` takes it from author, tax and platform and owes it to the buyer; `refund-settled:ID` pays it by the
 * provider; `refund-failed:ID` is the first the other way round.
 * Not here: asking the provider (../consumers/refund).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Reversal, reverseSale } from '../books/reversal.ts';
import type { Tx } from './client.ts';
import { FieldRefused, NotRefundable, NotThere, WrongState } from './errors.ts';
import { bookedEntries, type LedgerEntry, type LedgerPosting, postLedger, refundEntries, reversed } from './ledger.ts';
import { PROVIDER_CLEARING, REFUNDS } from './ledger-accounts.ts';
import { type OrderLineMoney, readLineMoney } from './line-money.ts';
import { refundLines, refunds } from './tables/index.ts';

export interface RefundRequest {
  id: string;
  orderId: string;
  userId: string;
  /** The shop gives back what it wants; a reader whole lines, within the window, which were not downloaded. */
  isShop: boolean;
  /** Null for everything that is left; `amount` null for all that is left of the line. */
  lines: readonly { position: number; amount: { amountMinor: number; currency: string } | null }[] | null;
  reason: string | null;
}

const orderSchema = z.object({
  status: z.string(),
  currency: z.string(),
  country: z.string().nullable(),
  placedAt: z.coerce.date(),
  dispute: z.string().nullable(),
});
type Order = z.infer<typeof orderSchema>;

/**
 * @returns what was booked of each line
 * @throws NotThere, WrongState, NotRefundable, FieldRefused (`lines.N…`)
 */
export async function requestRefund(
  tx: Tx,
  request: RefundRequest,
  { now, windowMs }: { now: Date; windowMs: number },
): Promise<void> {
  const order = await lockOrder(tx, request);
  const lines = await readLineMoney(tx, request.orderId);
  if (!request.isShop) refuseReader(request, order, lines, { now, windowMs });
  const parts = partsOf(request, order, lines);
  const amountMinor = parts.reduce((sum, part) => sum + part.amountMinor, 0);
  const { id, orderId, userId, reason } = request;
  const at = { createdAt: now, updatedAt: now };
  const key = `refund:${id}`;
  const { currency } = order;
  await tx
    .insert(refunds)
    .values({ id, orderId, amountMinor, currency, requestedBy: userId, reason, idempotencyKey: key, ...at });
  await tx.insert(refundLines).values(
    parts.map(({ position, amountMinor: part, taxMinor, royaltyMinor }) => ({
      refundId: id,
      orderId,
      position,
      amountMinor: part,
      taxMinor,
      royaltyMinor,
    })),
  );
  await moveLines(tx, id, 1);
  await endRights(tx, id);
  await postLedger(tx, [{ key, orderId, entries: refundEntries(parts, order) }], now);
}

/** Whoever asks for a refund of this order waits here for whoever asked before. */
async function lockOrder(tx: Tx, { orderId, userId, isShop }: RefundRequest): Promise<Order> {
  const [row] = await tx.execute(sql`
    select o.status, o.currency, o.country, o.created_at as "placedAt", (select d.status from dispute d where d.order_id = o.id and d.status <> 'WON' limit 1) as dispute
    from "order" o
    where o.id = ${orderId} and (${isShop ? 1 : 0} = 1 or o.buyer_id = ${userId}) for update of o`);
  if (!row) throw new NotThere('order');
  const order = orderSchema.parse(row);
  if (order.status !== 'COMPLETED') {
    throw new WrongState('Only an order that has completed can be refunded.', order.status);
  }
  if (order.dispute !== null) {
    throw new NotRefundable('The payment is in dispute: the buyer’s bank decides about the money.');
  }
  return order;
}

/** @throws NotRefundable, FieldRefused */
function refuseReader(
  request: RefundRequest,
  order: Order,
  lines: readonly OrderLineMoney[],
  { now, windowMs }: { now: Date; windowMs: number },
): void {
  if (now.getTime() - order.placedAt.getTime() > windowMs) {
    throw new NotRefundable('The time in which a book can be given back is over. Ask the shop.');
  }
  for (const [at, { amount }] of (request.lines ?? []).entries()) {
    if (amount !== null) throw new FieldRefused(`lines.${at}.amount`, 'Only the shop gives back a part of a line.');
  }
  const asked = new Set((request.lines ?? lines).map(({ position }) => position));
  if (lines.some(({ position, downloadedAt }) => asked.has(position) && downloadedAt !== null)) {
    throw new NotRefundable('A book that was downloaded cannot be given back. Ask the shop.');
  }
}

type Part = Reversal & Pick<OrderLineMoney, 'position' | 'authorId'>;

/** @throws FieldRefused, NotRefundable */
function partsOf({ lines: asked }: RefundRequest, { currency }: Order, lines: readonly OrderLineMoney[]): Part[] {
  const wanted = asked ?? lines.map(({ position }) => ({ position, amount: null }));
  const parts = wanted.flatMap(({ position, amount }, at): Part[] => {
    const line = lines.find((one) => one.position === position);
    if (!line) throw new FieldRefused(`lines.${at}.position`, 'The order has no such line.');
    if (amount !== null && amount.currency !== currency) {
      throw new FieldRefused(`lines.${at}.amount.currency`, `The order was paid in ${currency}.`);
    }
    const amountMinor = amount?.amountMinor ?? null;
    const left = line.amountMinor - line.reversedMinor;
    if (left === 0 && asked === null) return [];
    if (left === 0) throw new NotRefundable('All of this was given back, or is on its way back, already.');
    if (amountMinor !== null && amountMinor > left) {
      throw new FieldRefused(`lines.${at}.amount`, `At most ${left} minor units are left of this line.`);
    }
    return [{ position, authorId: line.authorId, ...reverseSale(line, amountMinor ?? left) }];
  });
  if (parts.length === 0) throw new NotRefundable('Nothing is left of this order that could be given back.');
  return parts;
}

/** @param direction 1 when it goes back, -1 when it does not after all */
const moveLines = (tx: Tx, refundId: string, direction: 1 | -1) =>
  tx.execute(sql`
    update order_line l
    set reversed_minor = l.reversed_minor + r.amount_minor * ${direction}::int,
        reversed_tax_minor = l.reversed_tax_minor + r.tax_minor * ${direction}::int,
        reversed_royalty_minor = l.reversed_royalty_minor + r.royalty_minor * ${direction}::int
    from refund_line r where r.refund_id = ${refundId} and l.order_id = r.order_id and l.position = r.position`);

const endRights = (tx: Tx, refundId: string) =>
  tx.execute(sql`
    update entitlement t set status = 'REFUNDED'
    from refund_line r join order_line l on l.order_id = r.order_id and l.position = r.position
    where r.refund_id = ${refundId} and l.reversed_minor = l.amount_minor
      and t.order_id = l.order_id and t.edition_id = l.edition_id and t.status in ('ACTIVE', 'SUSPENDED')`);

const restoreRights = (tx: Tx, refundId: string) =>
  tx.execute(sql`
    update entitlement t set status = case
      when exists (select from dispute d where d.order_id = r.order_id and d.status = 'OPEN') then 'SUSPENDED'
      when exists (select from dispute d where d.order_id = r.order_id and d.status = 'LOST') then 'REVOKED'
      else 'ACTIVE' end::entitlement_status
    from refund_line r join order_line l on l.order_id = r.order_id and l.position = r.position
    where r.refund_id = ${refundId}
      and t.order_id = l.order_id and t.edition_id = l.edition_id and t.status = 'REFUNDED'`);

const refundSchema = z.object({
  id: z.string(),
  orderId: z.string(),
  status: z.enum(['REQUESTED', 'SUBMITTED', 'SETTLED', 'FAILED']),
  amountMinor: z.coerce.number(),
  currency: z.string(),
  idempotencyKey: z.string(),
  refundRef: z.string().nullable(),
  createdAt: z.coerce.date(),
  gateway: z.string(),
  captureRef: z.string().nullable(),
  authorizationRef: z.string().nullable(),
});
export type KnownRefund = z.infer<typeof refundSchema>;

/** With what the provider must be told of the payment. */
export async function readRefunds(
  db: Pick<Tx, 'execute'>,
  by: { refundId: string } | { orderId: string },
): Promise<KnownRefund[]> {
  const where = 'refundId' in by ? sql`r.id = ${by.refundId}` : sql`r.order_id = ${by.orderId}`;
  const rows = await db.execute(sql`
    select r.id, r.order_id as "orderId", r.status, r.amount_minor as "amountMinor", r.currency,
           r.idempotency_key as "idempotencyKey", r.refund_ref as "refundRef", r.created_at as "createdAt",
           p.gateway, p.capture_ref as "captureRef", p.authorization_ref as "authorizationRef"
    from refund r join payment p on p.order_id = r.order_id where ${where} order by r.created_at, r.id`);
  return z.array(refundSchema).parse([...rows]);
}

/** The provider has taken it on. */
export async function submitRefund(tx: Tx, refundId: string, refundRef: string, now: Date): Promise<void> {
  await tx.execute(sql`
    update refund set status = 'SUBMITTED', refund_ref = ${refundRef}, updated_at = ${now.toISOString()}::timestamptz
    where id = ${refundId} and status = 'REQUESTED'`);
}

/** The money is with the buyer. */
export async function settleRefund(tx: Tx, refund: KnownRefund, now: Date): Promise<void> {
  await changeStatus(tx, refund, { status: 'SETTLED', failure: null, now });
  await tx.execute(sql`
    update payment p set status = 'REFUNDED', updated_at = ${now.toISOString()}::timestamptz
    where p.order_id = ${refund.orderId}
      and not exists (select from order_line l where l.order_id = p.order_id and l.reversed_minor < l.amount_minor)
      and not exists (select from refund r where r.order_id = p.order_id and r.status in ('REQUESTED', 'SUBMITTED'))`);
  await postLedger(tx, [{ key: `refund-settled:${refund.id}`, orderId: refund.orderId, entries: paid(refund) }], now);
}

/** It will not reach the buyer: all is as it was before it was asked for. One that had settled came back. */
export async function failRefund(tx: Tx, refund: KnownRefund, failure: string, now: Date): Promise<void> {
  await changeStatus(tx, refund, { status: 'FAILED', failure, now });
  await moveLines(tx, refund.id, -1);
  await restoreRights(tx, refund.id);
  const { id, orderId } = refund;
  const postings: LedgerPosting[] = [
    { key: `refund-failed:${id}`, orderId, entries: reversed(await bookedEntries(tx, `refund:${id}`)) },
  ];
  if (refund.status === 'SETTLED') {
    await tx.execute(sql`update payment set status = 'CAPTURED' where order_id = ${orderId} and status = 'REFUNDED'`);
    postings.push({ key: `refund-returned:${id}`, orderId, entries: reversed(paid(refund)) });
  }
  await postLedger(tx, postings, now);
}

/** @throws Error when it has moved on since it was read: the stage then reads it anew */
async function changeStatus(
  tx: Tx,
  refund: KnownRefund,
  to: { status: 'SETTLED' | 'FAILED'; failure: string | null; now: Date },
): Promise<void> {
  // The order first, as whoever asks for a refund does.
  await tx.execute(sql`select from "order" where id = ${refund.orderId} for update`);
  const changed = await tx.execute(sql`
    update refund set status = ${to.status}::refund_status, failure = ${to.failure},
      updated_at = ${to.now.toISOString()}::timestamptz
    where id = ${refund.id} and status = ${refund.status}::refund_status returning id`);
  if (changed.length === 0) throw new Error(`refund ${refund.id} is not ${refund.status} any more`);
}

const paid = ({ currency, amountMinor }: KnownRefund): LedgerEntry[] => [
  { account: REFUNDS, currency, amountMinor },
  { account: PROVIDER_CLEARING, currency, amountMinor: -amountMinor },
];
