/**
 * Claims: a gift, or a guest's purchase, becomes its reader's.
 *
 * Promise: until it is claimed the right is held by an account of its own that nobody can sign in to; it is claimed once,
 * by whoever has the token that was mailed, or whose verified e-mail it was bought for; nobody learns from an answer
 * whether an address has an account. What was refunded or taken back cannot be claimed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { AlreadyOwned, NotThere, PurchaseInProgress, WrongState } from './errors.ts';
import { ENDS } from './orders.ts';
import { lockAll, purchaseLock } from './purchase-locks.ts';
import { newId } from './tables/columns.ts';
import { claims, users } from './tables/index.ts';

/** CLAIM makes the order one's own; WATCH lets a guest see how it goes. */
export type OrderTokenUse = 'CLAIM' | 'WATCH';

/** What somebody without an account proves with that an order is theirs; made anew from the secret whenever it is needed. */
export const orderToken = (secret: string, use: OrderTokenUse, orderId: string): string =>
  createHmac('sha256', secret).update(`order:${use}:${orderId}`).digest('base64url');

export function isOrderToken(
  secrets: string | readonly string[],
  use: OrderTokenUse,
  orderId: string,
  token: string,
): boolean {
  const given = Buffer.from(token, 'base64url');
  return [secrets].flat().some((secret) => {
    const expected = Buffer.from(orderToken(secret, use, orderId), 'base64url');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

export interface NewClaim {
  orderId: string;
  kind: 'GIFT' | 'GUEST';
  email: string;
  message: string | null;
  now: Date;
}

/** Makes the account that holds the right until it is claimed. @returns its id */
export async function openHolder(tx: Tx, now: Date): Promise<string> {
  const id = newId();
  // `.invalid` is reserved: no mail leads there, and no sign-up can have it.
  await tx.insert(users).values({ id, name: 'Guest', email: `${id}@guests.invalid`, createdAt: now, updatedAt: now });
  return id;
}

export async function openClaim(tx: Tx, { orderId, kind, email, message }: NewClaim, holderId: string): Promise<void> {
  await tx.insert(claims).values({ orderId, kind, email, message, holderId });
}

const claimSchema = z.object({
  kind: z.enum(['GIFT', 'GUEST']),
  email: z.string(),
  holderId: z.string(),
  isClaimed: z.boolean(),
  status: z.string(),
});

export interface Claimant {
  id: string;
  /** Null while it is not verified. */
  verifiedEmail: string | null;
  hasToken: boolean;
}

/**
 * @returns what kind it was
 * @throws NotThere without the right to it, WrongState when it cannot be claimed (any more), AlreadyOwned, PurchaseInProgress
 */
export async function claimOrder(
  tx: Tx,
  orderId: string,
  claimant: Claimant,
  now: Date,
): Promise<{ orderId: string; kind: 'GIFT' | 'GUEST' }> {
  const claim = await lockClaim(tx, orderId);
  const isTheirs = claim !== null && (claimant.hasToken || claimant.verifiedEmail === claim.email);
  if (!claim || !isTheirs) throw new NotThere('order to claim');
  if (claim.isClaimed) throw new WrongState('This was claimed already.', 'CLAIMED');
  if (claim.status !== 'COMPLETED') throw new WrongState('This order is not completed. Claim it then.', claim.status);
  const rights = await readRights(tx, orderId, claim.holderId);
  if (rights.length === 0) throw new WrongState('This was taken back, so it cannot be claimed any more.', 'ENDED');
  await refuseRivals(tx, rights, claimant.id);
  await tx.execute(sql`
    update entitlement set reader_id = ${claimant.id} where order_id = ${orderId} and reader_id = ${claim.holderId}`);
  if (claim.kind === 'GUEST') {
    await tx.execute(sql`update "order" set buyer_id = ${claimant.id} where id = ${orderId}`);
  }
  await tx.execute(sql`
    update claim set claimed_by = ${claimant.id}, claimed_at = ${now.toISOString()}::timestamptz
    where order_id = ${orderId}`);
  return { orderId, kind: claim.kind };
}

async function lockClaim(tx: Tx, orderId: string): Promise<z.infer<typeof claimSchema> | null> {
  const [row] = await tx.execute(sql`
    select c.kind, c.email, c.holder_id as "holderId", c.claimed_at is not null as "isClaimed", o.status
    from claim c join "order" o on o.id = c.order_id where c.order_id = ${orderId} for update of c`);
  return row ? claimSchema.parse(row) : null;
}

async function readRights(tx: Tx, orderId: string, holderId: string): Promise<string[]> {
  const rows = await tx.execute<{ edition_id: string }>(sql`
    select edition_id from entitlement where order_id = ${orderId} and reader_id = ${holderId} and status = 'ACTIVE'`);
  return [...rows].map((row) => row.edition_id);
}

/** One right and one open purchase per reader and edition, also for what is claimed. */
async function refuseRivals(tx: Tx, editionIds: readonly string[], readerId: string): Promise<void> {
  await lockAll(
    tx,
    editionIds.map((editionId) => purchaseLock({ buyerId: readerId, editionId })),
  );
  const [owned] = await tx.execute<{ edition_id: string }>(sql`
    select edition_id from entitlement
    where reader_id = ${readerId} and edition_id = any(${sql.param([...editionIds])}::uuid[]) limit 1`);
  if (owned) throw new AlreadyOwned(owned.edition_id);
  const [open] = await tx.execute<{ id: string }>(sql`
    select o.id from "order" o join order_line l on l.order_id = o.id
    where o.buyer_id = ${readerId} and l.edition_id = any(${sql.param([...editionIds])}::uuid[])
      and o.status not in (${ENDS}) and not exists (select from claim c where c.order_id = o.id) limit 1`);
  if (open) throw new PurchaseInProgress(open.id);
}
