/**
 * What stands between the right password and the session of an account with two-factor codes.
 *
 * Promise: a challenge has 256 random bits, is kept only as its hash, is bound to its account, holds for five minutes
 * and opens one session. A new password ends it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { and, eq, gt, like, lte } from 'drizzle-orm';
import type { Db, Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { verifications } from '../db/tables/index.ts';

export const CHALLENGE_MS = 5 * 60_000;
const CHALLENGE_BYTES = 32;
const PREFIX = 'SIGN_IN:';
const identifierOf = (challenge: string) => PREFIX + createHash('sha256').update(challenge).digest('base64url');
const valueOf = (userId: string) => `${userId} sign-in`;

export async function makeChallenge(
  db: Db,
  { userId, now }: { userId: string; now: Date },
): Promise<{ challenge: string; expiresAt: Date }> {
  const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
  const expiresAt = new Date(now.getTime() + CHALLENGE_MS);
  await db.transaction(async (tx) => {
    const isOver = lte(verifications.expiresAt, now);
    await tx.delete(verifications).where(and(ofSignIn, eq(verifications.value, valueOf(userId)), isOver));
    await tx
      .insert(verifications)
      .values({ id: newId(), identifier: identifierOf(challenge), value: valueOf(userId), expiresAt });
  });
  return { challenge, expiresAt };
}

/** @returns whose sign-in it is; null when it is unknown, used or too old */
export async function ownerOfChallenge(
  db: Db,
  { challenge, now }: { challenge: string; now: Date },
): Promise<string | null> {
  const [row] = await db
    .select({ value: verifications.value })
    .from(verifications)
    .where(and(eq(verifications.identifier, identifierOf(challenge)), gt(verifications.expiresAt, now)));
  return row?.value.split(' ')[0] ?? null;
}

/** @returns whether it was still there: one of many who send it gets true */
export async function useChallenge(tx: Tx, { challenge, now }: { challenge: string; now: Date }): Promise<boolean> {
  const used = await tx
    .delete(verifications)
    .where(and(eq(verifications.identifier, identifierOf(challenge)), gt(verifications.expiresAt, now)))
    .returning({ id: verifications.id });
  return used.length > 0;
}

export async function endChallenges(tx: Tx, userId: string): Promise<void> {
  await tx.delete(verifications).where(and(ofSignIn, eq(verifications.value, valueOf(userId))));
}

const ofSignIn = like(verifications.identifier, `${PREFIX}%`);
