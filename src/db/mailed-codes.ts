/**
 * Codes that are mailed to prove that an e-mail is somebody's: to verify it, or to set a new password.
 *
 * Promise: a code has 256 random bits, is kept only as its hash, holds for an hour, works once, and each new one ends the
 * older ones of its purpose.
 * Not here: who may ask for one and how often (../schema/mailed-codes.ts), and the mail (../consumers/notify).
 */
import { createHash, randomBytes } from 'node:crypto';
import { and, eq, gt, inArray, like, lte } from 'drizzle-orm';
import type { Db, Tx } from './client.ts';
import { newId } from './tables/columns.ts';
import { users, verifications } from './tables/index.ts';

export const CODE_MS = 3_600_000;
export const mailedCodePurposes = ['VERIFY_EMAIL', 'RESET_PASSWORD'] as const;
export type MailedCodePurpose = (typeof mailedCodePurposes)[number];

const CODE_BYTES = 32;
/** Each code that is made takes this many with it whose time is over: so that none stay for ever. */
const EXPIRED_DROPPED = 10;
export const newCode = () => randomBytes(CODE_BYTES).toString('base64url');
export const hashOfCode = (code: string) => createHash('sha256').update(code).digest('base64url');
/** The value holds whose it is and the address it was mailed to, which may have changed since. */
const valueOf = (userId: string, email: string) => `${userId} ${email}`;

/** @returns null when no account has this e-mail, or when it is verified already and that was all to prove */
export async function makeMailedCode(
  db: Db,
  { purpose, email, now }: { purpose: MailedCodePurpose; email: string; now: Date },
): Promise<{ code: string; userId: string } | null> {
  const [user] = await db
    .select({ id: users.id, email: users.email, isVerified: users.emailVerified })
    .from(users)
    .where(eq(users.email, email.toLowerCase()));
  if (!user || (purpose === 'VERIFY_EMAIL' && user.isVerified)) return null;
  const code = newCode();
  const value = valueOf(user.id, user.email);
  await dropExpiredCodes(db, now);
  await db.transaction(async (tx) => {
    await endMailedCodes(tx, purpose, value);
    await tx.insert(verifications).values({
      id: newId(),
      identifier: `${purpose}:${hashOfCode(code)}`,
      value,
      expiresAt: new Date(now.getTime() + CODE_MS),
    });
  });
  return { code, userId: user.id };
}

export interface UsedCode {
  userId: string;
  /** Whether the e-mail had been proven before: if not, anybody may have made the account. */
  wasVerified: boolean;
}

/**
 * Uses a code up.
 * @param ownerId nobody else's code is used. (Default: whoever sends it)
 * @returns null when it is unknown, used, replaced, expired, another's or for an earlier e-mail
 */
export async function useMailedCode(
  tx: Tx,
  use: { purpose: MailedCodePurpose; code: string; now: Date; ownerId?: string },
): Promise<UsedCode | null> {
  const { purpose, code, now, ownerId } = use;
  const owned = ownerId === undefined ? undefined : like(verifications.value, `${ownerId} %`);
  const [used] = await tx
    .delete(verifications)
    .where(and(eq(verifications.identifier, `${purpose}:${hashOfCode(code)}`), gt(verifications.expiresAt, now), owned))
    .returning({ value: verifications.value });
  const [userId, email] = used?.value.split(' ') ?? [];
  if (userId === undefined || email === undefined) return null;
  const isSame = and(eq(users.id, userId), eq(users.email, email));
  const [user] = await tx.select({ wasVerified: users.emailVerified }).from(users).where(isSame).for('update');
  if (!user) return null;
  // Whoever was mailed the code reads that mail: the address is theirs, whatever the code was for.
  await tx.update(users).set({ emailVerified: true, updatedAt: now }).where(eq(users.id, userId));
  return { userId, wasVerified: user.wasVerified };
}

export async function dropExpiredCodes(db: Db, now: Date): Promise<void> {
  const expired = db
    .select({ id: verifications.id })
    .from(verifications)
    .where(lte(verifications.expiresAt, now))
    .orderBy(verifications.expiresAt)
    .limit(EXPIRED_DROPPED)
    .for('update', { skipLocked: true });
  await db.delete(verifications).where(inArray(verifications.id, expired));
}

async function endMailedCodes(tx: Tx, purpose: MailedCodePurpose, value: string): Promise<void> {
  await tx
    .delete(verifications)
    .where(and(like(verifications.identifier, `${purpose}:%`), eq(verifications.value, value)));
}
