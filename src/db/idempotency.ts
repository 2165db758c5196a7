/**
 * Idempotency keys: the same request, sent any number of times, is done once and answered alike.
 *
 * Promise: a key is bound to its user, operation and body; of many at once one works, the others wait for its commit and
 * are given its result. A request that failed leaves no key, so that it may be sent again.
 * Not here: forgetting keys; where money moved they are kept for ever.
 */
import { createHash } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import type { Tx } from './client.ts';
import { KeyReused } from './errors.ts';
import { idempotencyKeys } from './tables/index.ts';

export interface IdempotentRequest {
  userId: string;
  /** The mutation's name. */
  operation: string;
  key: string;
  /** The whole input but the key. */
  body: unknown;
  /** The id that the result will have if this request is the first. */
  resultId: string;
  now: Date;
}

export interface IdempotentResult {
  resultId: string;
  /** The work was done before; this is its result. */
  replayed: boolean;
}

/**
 * Does `work` unless the key has been used for the same body.
 * @throws KeyReused when the key was used for another body
 */
export async function once(
  tx: Tx,
  request: IdempotentRequest,
  work: () => Promise<unknown>,
): Promise<IdempotentResult> {
  const { userId, operation, key, resultId, now } = request;
  const bodyHash = hashBody(request.body);
  // Waits here for a rival's open transaction on the same key, and goes on as the first if that one fails.
  const [first] = await tx
    .insert(idempotencyKeys)
    .values({ userId, operation, key, bodyHash, resultId, createdAt: now })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  if (first) {
    await work();
    return { resultId, replayed: false };
  }
  const [before] = await tx
    .select({ bodyHash: idempotencyKeys.bodyHash, resultId: idempotencyKeys.resultId })
    .from(idempotencyKeys)
    .where(
      and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.operation, operation), eq(idempotencyKeys.key, key)),
    );
  if (!before || before.bodyHash !== bodyHash) throw new KeyReused();
  return { resultId: before.resultId, replayed: true };
}

/** SHA-256, in hex, of the body as JSON with sorted keys: what means the same has the same hash. */
export function hashBody(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(body)) ?? 'null')
    .digest('hex');
}

/** A field that is absent and one that is null mean the same in an input. */
function sorted(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
