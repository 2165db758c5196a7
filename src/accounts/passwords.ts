/**
 * New passwords: by a code that was mailed, or by the present one.
 *
 * Promise: a new password ends every other session of the account in the same commit, and every code that is out; the
 * hash (better-auth's scrypt) is made outside of the transaction.
 */
import { verifyPassword, hashPassword } from 'better-auth/crypto';
import { and, eq, ne, like } from 'drizzle-orm';
import type { Db, Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { useMailedCode } from '../db/mailed-codes.ts';
import { accounts, sessions, twoFactors, verifications } from '../db/tables/index.ts';
import { revokeApiKeys } from './api-keys.ts';
import { BadCode, WrongCredentials } from './errors.ts';
import { endChallenges } from './sign-in-challenges.ts';

const ofPassword = (userId: string) => and(eq(accounts.userId, userId), eq(accounts.providerId, 'credential'));

/** Ends all sessions; all API keys and two-factor codes too if the e-mail was never proven before. @throws BadCode; then the password is what it was */
export async function resetPassword(db: Db, reset: { code: string; newPassword: string; now: Date }): Promise<void> {
  const { code, newPassword, now } = reset;
  const hash = await hashPassword(newPassword);
  await db.transaction(async (tx) => {
    const used = await useMailedCode(tx, { purpose: 'RESET_PASSWORD', code, now });
    if (used === null) throw new BadCode();
    const { userId, wasVerified } = used;
    // Somebody else may have signed up with this e-mail, to wait inside for its owner.
    if (!wasVerified) {
      await revokeApiKeys(tx, { userId, now });
      await tx.delete(twoFactors).where(eq(twoFactors.userId, userId));
    }
    await setPassword(tx, { userId, hash, now });
    await endSessions(tx, { userId });
  });
}

/** Ends all sessions but the one with `token`. @throws WrongCredentials when `password` is not the present one */
export async function changePassword(
  db: Db,
  change: { userId: string; token: string | null; password: string; newPassword: string; now: Date },
): Promise<void> {
  const { userId, token, password, newPassword, now } = change;
  const present = await checkPassword(db, { userId, password });
  const hash = await hashPassword(newPassword);
  await db.transaction(async (tx) => {
    // Whoever reset it meanwhile did so against whoever knew the old one.
    if (!(await setPassword(tx, { userId, hash, now, present }))) throw new WrongCredentials();
    await endSessions(tx, { userId, exceptToken: token });
  });
}

/** @returns the hash of the present password @throws WrongCredentials when `password` is not it */
export async function checkPassword(
  db: Db,
  { userId, password }: { userId: string; password: string },
): Promise<string> {
  const [row] = await db.select({ hash: accounts.password }).from(accounts).where(ofPassword(userId));
  const present = row?.hash;
  if (present == null || !(await verifyPassword({ hash: present, password }))) throw new WrongCredentials();
  return present;
}

/** @returns how many were ended */
export async function endSessions(
  tx: Tx,
  { userId, exceptToken = null }: { userId: string; exceptToken?: string | null },
): Promise<number> {
  const others = exceptToken === null ? undefined : ne(sessions.token, exceptToken);
  const ended = await tx
    .delete(sessions)
    .where(and(eq(sessions.userId, userId), others))
    .returning({ id: sessions.id });
  return ended.length;
}

/**
 * An account that was made by an identity provider has no password before the first one is set.
 * @param present only when the hash is still this one
 * @returns whether it was set
 */
async function setPassword(
  tx: Tx,
  { userId, hash, now, present }: { userId: string; hash: string; now: Date; present?: string },
): Promise<boolean> {
  const unchanged = present === undefined ? undefined : eq(accounts.password, present);
  const set = await tx
    .update(accounts)
    .set({ password: hash, updatedAt: now })
    .where(and(ofPassword(userId), unchanged))
    .returning({ id: accounts.id });
  if (set.length === 0 && present !== undefined) return false;
  if (set.length === 0) {
    const first = { id: newId(), userId, providerId: 'credential', accountId: userId, password: hash };
    await tx.insert(accounts).values({ ...first, createdAt: now, updatedAt: now });
  }
  await tx
    .delete(verifications)
    .where(and(like(verifications.identifier, 'RESET_PASSWORD:%'), like(verifications.value, `${userId} %`)));
  await endChallenges(tx, userId);
  return true;
}
