/**
 * Sign-ups that wait for the code that was mailed to their e-mail.
 *
 * Promise: until then nothing but this is kept, for a day, and no account is touched; the password is kept as its hash. A
 * code is kept only as its hash too, holds for an hour, and each new one of a sign-up ends the one before.
 * Not here: who may ask and how often (../accounts/accounts.ts), the account itself (../accounts/sign-ups.ts).
 */
import { and, eq, gt } from 'drizzle-orm';
import { z } from 'zod';
import type { Db, Tx } from './client.ts';
import { CODE_MS, dropExpiredCodes, hashOfCode, newCode } from './mailed-codes.ts';
import { users, verifications } from './tables/index.ts';

/** How long a sign-up waits for the worker that mails its code. */
const ASKED_MS = 24 * 3_600_000;

const signUpSchema = z.object({ name: z.string(), email: z.string(), passwordHash: z.string() });
export type WaitingSignUp = z.output<typeof signUpSchema>;

const identifierOf = (code: string) => `SIGN_UP:${hashOfCode(code)}`;

/** @param askId what the event that asks for the mail says */
export async function keepSignUp(tx: Tx, { askId, now, ...signUp }: WaitingSignUp & { askId: string; now: Date }) {
  await tx.insert(verifications).values({
    id: askId,
    identifier: `SIGN_UP_ASKED:${askId}`,
    value: JSON.stringify(signUpSchema.parse({ ...signUp, email: signUp.email.toLowerCase() })),
    expiresAt: new Date(now.getTime() + ASKED_MS),
  });
}

/**
 * Makes the code of a sign-up.
 * @returns `code`; or `ownerId`, whose account has this e-mail already; or null when the sign-up is over
 */
export async function makeSignUpCode(
  db: Db,
  { askId, email, now }: { askId: string; email: string; now: Date },
): Promise<{ code: string } | { ownerId: string } | null> {
  const [owner] = await db.select({ id: users.id }).from(users).where(eq(users.email, email.toLowerCase()));
  await dropExpiredCodes(db, now);
  if (owner) {
    await db.delete(verifications).where(eq(verifications.id, askId));
    return { ownerId: owner.id };
  }
  const code = newCode();
  const made = await db
    .update(verifications)
    .set({ identifier: identifierOf(code), expiresAt: new Date(now.getTime() + CODE_MS), updatedAt: now })
    .where(and(eq(verifications.id, askId), gt(verifications.expiresAt, now)))
    .returning({ id: verifications.id });
  return made.length > 0 ? { code } : null;
}

/** @returns null when the code is unknown, used, replaced or expired */
export async function signUpOf(db: Db, { code, now }: { code: string; now: Date }): Promise<WaitingSignUp | null> {
  const [row] = await db
    .select({ value: verifications.value })
    .from(verifications)
    .where(and(eq(verifications.identifier, identifierOf(code)), gt(verifications.expiresAt, now)));
  return row ? signUpSchema.parse(JSON.parse(row.value)) : null;
}

/** Uses the code up. @returns false when somebody was faster */
export async function endSignUp(tx: Tx, code: string): Promise<boolean> {
  const used = await tx
    .delete(verifications)
    .where(eq(verifications.identifier, identifierOf(code)))
    .returning({ id: verifications.id });
  return used.length > 0;
}
