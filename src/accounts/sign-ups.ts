/**
 * Sign-up by mail: an account is made when its e-mail is proven, and whoever asks is not told whether there is one already.
 *
 * Promise: the answer, its time and what is written are the same for an e-mail that is taken. The code alone makes no
 * account: the password that was chosen has to come with it, so that nobody opens an account that a stranger began with
 * their e-mail, by following a link.
 */
import { hashPassword, verifyPassword } from 'better-auth/crypto';
import type { Db, Tx } from '../db/client.ts';
import { endSignUp, signUpOf, type WaitingSignUp } from '../db/sign-ups.ts';
import { newId } from '../db/tables/columns.ts';
import { accounts, users } from '../db/tables/index.ts';
import { BadCode, WrongCredentials } from './errors.ts';

export interface NewAccount {
  name: string;
  email: string;
  password: string;
}

/** As it may be kept until the code comes. */
export async function waitingSignUp({ password, ...rest }: NewAccount): Promise<WaitingSignUp> {
  return { ...rest, passwordHash: await hashPassword(password) };
}

/**
 * Makes the account.
 * @param alongside what is written with it
 * @throws BadCode, also when an account was made with the e-mail meanwhile; WrongCredentials, and the code stays good
 */
export async function makeSignedUp(
  db: Db,
  { code, password, now }: { code: string; password: string; now: Date },
  alongside: (tx: Tx, userId: string) => Promise<void>,
): Promise<void> {
  const waiting = await signUpOf(db, { code, now });
  if (waiting === null) throw new BadCode();
  if (!(await verifyPassword({ hash: waiting.passwordHash, password }))) throw new WrongCredentials();
  await db.transaction(async (tx) => {
    if (!(await endSignUp(tx, code))) throw new BadCode();
    const { name, email, passwordHash } = waiting;
    const userId = newId();
    const at = { createdAt: now, updatedAt: now };
    const made = await tx
      .insert(users)
      .values({ id: userId, name, email, emailVerified: true, ...at })
      .onConflictDoNothing({ target: users.email })
      .returning({ id: users.id });
    if (made.length === 0) throw new BadCode();
    const login = { id: newId(), userId, providerId: 'credential', accountId: userId, password: passwordHash };
    await tx.insert(accounts).values({ ...login, ...at });
    await alongside(tx, userId);
  });
}
