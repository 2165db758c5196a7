/**
 * Coupons: what they take off, and how often they may.
 *
 * Promise: `usesMax` and `usesPerReaderMax` hold under any concurrency. A use is an order that carries the coupon and has
 * not ended unpaid, so that it is given back by the very commit in which the order expires, is declined or cancelled;
 * whoever takes one holds the coupon's row until its commit.
 */
import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { type Discount, discountsOf } from '../books/discount.ts';
import type { Db, Tx } from './client.ts';
import { Contradiction, CouponRefused, NotThere } from './errors.ts';
import { UNPAID } from './orders.ts';
import { newId } from './tables/columns.ts';
import { coupons, editions } from './tables/index.ts';

const amountsSchema = z.record(z.string(), z.int().positive());

export interface NewCoupon {
  createdBy: string;
  code: string;
  /** Exactly one of the two. */
  percentBps: number | null;
  amounts: Record<string, number> | null;
  validFrom: Date;
  validUntil: Date | null;
  usesMax: number | null;
  usesPerReaderMax: number | null;
  editionIds: readonly string[];
  authorIds: readonly string[];
  now: Date;
}

/**
 * @param owner whose editions it may be for; null for any
 * @throws Contradiction when the code is taken, NotThere for an edition that is not the owner's
 */
export async function createCoupon(tx: Tx, coupon: NewCoupon, owner: string | null): Promise<{ couponId: string }> {
  const { now, editionIds, authorIds, ...columns } = coupon;
  await checkEditions(tx, editionIds, owner);
  const id = newId();
  const [made] = await tx
    .insert(coupons)
    .values({ id, ...columns, editionIds: [...editionIds], authorIds: [...authorIds], createdAt: now })
    .onConflictDoNothing({ target: coupons.code })
    .returning({ id: coupons.id });
  if (!made) throw new Contradiction('This code is taken. Choose another.');
  return { couponId: id };
}

async function checkEditions(tx: Tx, editionIds: readonly string[], owner: string | null): Promise<void> {
  if (editionIds.length === 0) return;
  const found = await tx
    .select({ id: editions.id })
    .from(editions)
    .where(
      and(
        sql`${editions.id} = any(${sql.param([...editionIds])}::uuid[])`,
        owner === null ? undefined : eq(editions.ownerId, owner),
      ),
    );
  if (found.length < new Set(editionIds).size) throw new NotThere('edition');
}

/** Ends a coupon: no new quote has it. @param createdBy null for any. @throws NotThere */
export async function endCoupon(tx: Tx, couponId: string, createdBy: string | null): Promise<{ couponId: string }> {
  const [ended] = await tx
    .update(coupons)
    .set({ isEnded: true })
    .where(and(eq(coupons.id, couponId), createdBy === null ? undefined : eq(coupons.createdBy, createdBy)))
    .returning({ id: coupons.id });
  if (!ended) throw new NotThere('coupon');
  return { couponId };
}

export interface CouponLine {
  editionId: string;
  authorId: string;
  listAmountMinor: number;
}

/** Who buys, for whom uses are counted. */
export interface CouponUser {
  buyerId: string | null;
  /** Of somebody without an account. */
  guestEmail: string | null;
}

/**
 * What a code takes off these lines now.
 * @returns the coupon, and the discount of each line in minor units
 * @throws CouponRefused
 */
export async function applyCoupon(
  tx: Pick<Db, 'select' | 'execute'>,
  request: { code: string; currency: string; lines: readonly CouponLine[]; user: CouponUser; now: Date },
): Promise<{ couponId: string; discounts: number[] }> {
  const { code, currency, lines, user, now } = request;
  const [coupon] = await tx.select().from(coupons).where(eq(coupons.code, code));
  if (!coupon) throw new CouponRefused('UNKNOWN');
  if (now < coupon.validFrom) throw new CouponRefused('NOT_YET');
  if (coupon.isEnded || (coupon.validUntil !== null && now >= coupon.validUntil)) throw new CouponRefused('OVER');
  const judged = lines.map((line) => ({ ...line, isEligible: isFor(coupon, line) }));
  if (!judged.some(({ isEligible }) => isEligible)) throw new CouponRefused('NOT_FOR_THESE');
  const discounts = discountsOf(judged, discountOf(coupon, currency));
  await refuseUsedUp(tx, coupon, user);
  return { couponId: coupon.id, discounts };
}

/**
 * Takes a use for an order that is inserted in the same transaction; the coupon's row is held until its end.
 * @throws CouponRefused
 */
export async function takeUse(tx: Tx, couponId: string, user: CouponUser): Promise<void> {
  const [coupon] = await tx.select().from(coupons).where(eq(coupons.id, couponId)).for('no key update');
  if (!coupon) throw new CouponRefused('UNKNOWN');
  await refuseUsedUp(tx, coupon, user);
}

type Coupon = typeof coupons.$inferSelect;

const isFor = ({ editionIds, authorIds }: Coupon, { editionId, authorId }: CouponLine): boolean =>
  (editionIds.length === 0 && authorIds.length === 0) || editionIds.includes(editionId) || authorIds.includes(authorId);

function discountOf({ percentBps, amounts }: Coupon, currency: string): Discount {
  if (percentBps !== null) return { kind: 'PERCENT', percentBps };
  const amountMinor = amountsSchema.parse(amounts)[currency];
  if (amountMinor === undefined) throw new CouponRefused('NOT_FOR_CURRENCY');
  return { kind: 'AMOUNT', amountMinor };
}

async function refuseUsedUp(tx: Pick<Db, 'execute'>, coupon: Coupon, user: CouponUser): Promise<void> {
  const { id, usesMax, usesPerReaderMax } = coupon;
  if (usesMax === null && usesPerReaderMax === null) return;
  const [row] = await tx.execute<{ uses: number; own: number }>(sql`
    select count(*)::int as uses,
           count(*) filter (where o.buyer_id = ${user.buyerId}::uuid or c.email = ${user.guestEmail})::int as own
    from "order" o left join claim c on c.order_id = o.id and c.kind = 'GUEST'
    where o.coupon_id = ${id} and o.status not in (${UNPAID})`);
  if (usesMax !== null && (row?.uses ?? 0) >= usesMax) throw new CouponRefused('USED_UP');
  if (usesPerReaderMax !== null && (row?.own ?? 0) >= usesPerReaderMax) throw new CouponRefused('USED_BY_YOU');
}
