/**
 * Endpoints of webhooks and what is sent to them again by hand. What is sent by itself is the workflows'
 * (../consumers/webhooks).
 */
import { and, count, eq, sql } from 'drizzle-orm';
import type { Tx } from './client.ts';
import { webhookDeliveries, webhookEndpoints } from './tables/index.ts';

export const ENDPOINTS_MAX = 50;
/** How long the secret before still signs beside the new one. */
const ROTATION_MS = 24 * 3_600_000;

export interface NewEndpoint {
  readonly id: string;
  readonly ownerId: string;
  readonly url: string;
  readonly description: string;
  readonly eventTypes: readonly string[];
  readonly secret: string;
  readonly now: Date;
}

/** There are as many endpoints as there may be. */
export class TooManyEndpoints extends Error {
  override readonly name = 'TooManyEndpoints';
  readonly code = 'TOO_MANY_ENDPOINTS';
  constructor() {
    super(`There are ${ENDPOINTS_MAX} endpoints, the most there may be. Delete one first.`);
  }
}

/** @throws TooManyEndpoints */
export async function createEndpoint(tx: Tx, { now, eventTypes, ...endpoint }: NewEndpoint): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('webhook endpoints', 0))`);
  const [all] = await tx.select({ count: count() }).from(webhookEndpoints);
  if ((all?.count ?? 0) >= ENDPOINTS_MAX) throw new TooManyEndpoints();
  await tx
    .insert(webhookEndpoints)
    .values({ ...endpoint, eventTypes: [...eventTypes], createdAt: now, updatedAt: now });
}

/** @returns false when there is no such endpoint */
export async function changeEndpoint(
  tx: Tx,
  id: string,
  change: { url?: string; description?: string; eventTypes?: string[] },
  now: Date,
): Promise<boolean> {
  const changed = await tx
    .update(webhookEndpoints)
    .set({ ...change, updatedAt: now })
    .where(eq(webhookEndpoints.id, id))
    .returning({ id: webhookEndpoints.id });
  return changed.length > 0;
}

/** The new secret signs at once, the old one beside it for a day. @returns false when there is no such endpoint */
export async function rotateSecret(tx: Tx, id: string, secret: string, now: Date): Promise<boolean> {
  const rotated = await tx
    .update(webhookEndpoints)
    .set({
      secret,
      previousSecret: sql`${webhookEndpoints.secret}`,
      previousSecretUntil: new Date(now.getTime() + ROTATION_MS),
      updatedAt: now,
    })
    .where(eq(webhookEndpoints.id, id))
    .returning({ id: webhookEndpoints.id });
  return rotated.length > 0;
}

/** @returns false when there is no such endpoint, or it is in that state already */
export async function setEndpointPaused(tx: Tx, id: string, isPaused: boolean, now: Date): Promise<boolean> {
  const paused = { status: 'PAUSED' as const, pausedReason: 'You paused it.', pausedAt: now };
  const active = { status: 'ACTIVE' as const, pausedReason: null, pausedAt: null, failingSince: null };
  const changed = await tx
    .update(webhookEndpoints)
    .set({ ...(isPaused ? paused : active), updatedAt: now })
    .where(and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.status, isPaused ? 'ACTIVE' : 'PAUSED')))
    .returning({ id: webhookEndpoints.id });
  return changed.length > 0;
}

/** Its deliveries go with it. @returns false when there is no such endpoint */
export async function deleteEndpoint(tx: Tx, id: string): Promise<boolean> {
  const deleted = await tx
    .delete(webhookEndpoints)
    .where(eq(webhookEndpoints.id, id))
    .returning({ id: webhookEndpoints.id });
  return deleted.length > 0;
}

export type Resend = 'UNKNOWN' | 'PAUSED' | 'WAITING' | 'DUE';

/**
 * Makes a delivery wait to be sent again, with a fresh count of attempts.
 * @returns DUE when a run must be started for it, WAITING when one waits already
 */
export async function markForResend(tx: Tx, deliveryId: string, now: Date): Promise<Resend> {
  const [found] = await tx
    .select({ status: webhookDeliveries.status, endpoint: webhookEndpoints.status })
    .from(webhookDeliveries)
    .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId))
    .where(eq(webhookDeliveries.id, deliveryId))
    .for('update', { of: webhookDeliveries });
  if (!found) return 'UNKNOWN';
  if (found.endpoint === 'PAUSED') return 'PAUSED';
  await tx
    .update(webhookDeliveries)
    .set({ status: 'PENDING', roundCount: 0, nextAttemptAt: now, updatedAt: now })
    .where(eq(webhookDeliveries.id, deliveryId));
  return found.status === 'PENDING' ? 'WAITING' : 'DUE';
}
