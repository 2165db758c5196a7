/**
 * Two-factor codes (TOTP, RFC 6238: SHA-1, six digits, 30 s), and backup codes for when the device is lost.
 *
 * Promise: the secret is kept sealed, backup codes only as their hashes (80 random bits each); a code is good in its own
 * 30 s and the 30 s beside them, and once: no code of that step or an earlier one is taken after it. A backup code works
 * once. One statement decides among many who send the same.
 * Not here: how often codes may be tried (accounts.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import { and, eq, isNotNull, isNull, lt, or } from 'drizzle-orm';
import { Secret, TOTP } from 'otpauth';
import type { Db, Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { twoFactorBackupCodes, twoFactors, users } from '../db/tables/index.ts';
import { TwoFactorAlreadyOn, TwoFactorNotBegun, WrongTwoFactorCode } from './errors.ts';
import { endSessions } from './passwords.ts';
import { seal, type SealedFor, unseal } from './sealing.ts';

const ISSUER = 'Booky Hub';
const STEP_S = 30;
const DIGITS = 6;
const SECRET_BYTES = 20;
export const BACKUP_CODES = 10;
const BACKUP_CODE_BYTES = 10;

export interface TwoFactorKit {
  /** Base32, to be typed into an authenticator. */
  secret: string;
  /** `otpauth://totp/…`, to be shown as a QR code. */
  uri: string;
  /** `XXXX-XXXX-XXXX-XXXX`, each good once. */
  backupCodes: string[];
}

const totpOf = (secret: Secret, label: string) =>
  new TOTP({ issuer: ISSUER, label, secret, algorithm: 'SHA1', digits: DIGITS, period: STEP_S });
const sealedFor = (ownerId: string): SealedFor => ({ purpose: 'two-factor secret', ownerId });
const hashOf = (backupCode: string) =>
  createHash('sha256').update(backupCode.toUpperCase().replaceAll(/[\s-]/g, '')).digest('base64url');

/** Begins, or begins anew; nothing is asked at sign-in before it is confirmed. @throws TwoFactorAlreadyOn */
export async function beginTwoFactor(
  db: Db,
  { userId, secrets, now }: { userId: string; secrets: readonly [string, ...string[]]; now: Date },
): Promise<TwoFactorKit> {
  const secret = new Secret({ size: SECRET_BYTES });
  const backupCodes = Array.from({ length: BACKUP_CODES }, makeBackupCode);
  const email = await db.transaction(async (tx) => {
    const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId)).for('update');
    const sealed = seal(secrets[0], sealedFor(userId), secret.base32);
    const [begun] = await tx
      .insert(twoFactors)
      .values({ userId, secret: sealed, createdAt: now })
      .onConflictDoUpdate({
        target: twoFactors.userId,
        set: { secret: sealed, createdAt: now },
        setWhere: isNull(twoFactors.confirmedAt),
      })
      .returning({ userId: twoFactors.userId });
    if (!user || !begun) throw new TwoFactorAlreadyOn();
    await tx.delete(twoFactorBackupCodes).where(eq(twoFactorBackupCodes.userId, userId));
    await tx
      .insert(twoFactorBackupCodes)
      .values(backupCodes.map((code) => ({ id: newId(), userId, hash: hashOf(code) })));
    return user.email;
  });
  return { secret: secret.base32, uri: totpOf(secret, email).toString(), backupCodes };
}

/** Switches it on, and ends all sessions but that of `token`. @throws TwoFactorNotBegun, TwoFactorAlreadyOn, WrongTwoFactorCode */
export async function confirmTwoFactor(
  db: Db,
  confirm: { userId: string; token: string | null; code: string; secrets: readonly string[]; now: Date },
): Promise<void> {
  const { userId, token, now } = confirm;
  await db.transaction(async (tx) => {
    // A sign-in that makes its session meanwhile waits for this lock, and then sees that a code is needed.
    await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
    const [row] = await tx
      .select({ confirmedAt: twoFactors.confirmedAt })
      .from(twoFactors)
      .where(eq(twoFactors.userId, userId));
    if (!row) throw new TwoFactorNotBegun();
    if (row.confirmedAt !== null) throw new TwoFactorAlreadyOn();
    if (!(await takeStep(tx, confirm))) throw new WrongTwoFactorCode();
    await tx.update(twoFactors).set({ confirmedAt: now }).where(eq(twoFactors.userId, userId));
    await endSessions(tx, { userId, exceptToken: token });
  });
}

/** Uses up a code of the authenticator or a backup code. @returns whether it was good */
export async function useTwoFactorCode(
  tx: Tx,
  use: { userId: string; code: string; secrets: readonly string[]; now: Date },
): Promise<boolean> {
  if (/^\s*(\d\s*){6}$/.test(use.code)) return takeStep(tx, use);
  const used = await tx
    .delete(twoFactorBackupCodes)
    .where(and(eq(twoFactorBackupCodes.userId, use.userId), eq(twoFactorBackupCodes.hash, hashOf(use.code))))
    .returning({ id: twoFactorBackupCodes.id });
  return used.length > 0;
}

export async function hasTwoFactor(db: Db | Tx, userId: string): Promise<boolean> {
  const rows = await db
    .select({ userId: twoFactors.userId })
    .from(twoFactors)
    .where(and(eq(twoFactors.userId, userId), isNotNull(twoFactors.confirmedAt)));
  return rows.length > 0;
}

/** Its backup codes go with it. */
export async function removeTwoFactor(tx: Tx, userId: string): Promise<void> {
  await tx.delete(twoFactors).where(eq(twoFactors.userId, userId));
}

async function takeStep(
  tx: Tx,
  { userId, code, secrets, now }: { userId: string; code: string; secrets: readonly string[]; now: Date },
): Promise<boolean> {
  const [row] = await tx.select({ sealed: twoFactors.secret }).from(twoFactors).where(eq(twoFactors.userId, userId));
  if (!row) return false;
  const secret = unseal(secrets, sealedFor(userId), row.sealed);
  const timestamp = now.getTime();
  const token = code.replaceAll(/\s/g, '');
  const offset = totpOf(Secret.fromBase32(secret), userId).validate({ token, timestamp, window: 1 });
  if (offset === null) return false;
  const step = TOTP.counter({ period: STEP_S, timestamp }) + offset;
  const [present] = secrets;
  const taken = await tx
    .update(twoFactors)
    // Sealed anew by the present secret, so that the one before can be forgotten some day.
    .set({ lastStep: step, ...(present !== undefined && { secret: seal(present, sealedFor(userId), secret) }) })
    .where(
      and(
        eq(twoFactors.userId, userId),
        eq(twoFactors.secret, row.sealed),
        or(isNull(twoFactors.lastStep), lt(twoFactors.lastStep, step)),
      ),
    )
    .returning({ userId: twoFactors.userId });
  return taken.length > 0;
}

function makeBackupCode(): string {
  const letters = new Secret({ buffer: new Uint8Array(randomBytes(BACKUP_CODE_BYTES)).buffer }).base32;
  return letters.match(/.{4}/g)?.join('-') ?? letters;
}
