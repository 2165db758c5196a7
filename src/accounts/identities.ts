/**
 * Identities: whose account it is that a provider vouches for.
 *
 * Promise: an account is opened to an identity that was linked to it before, or whose e-mail both the provider and we hold
 * for proven; never on the word of one of the two. One identity is linked to one account, one e-mail has one account.
 */
import { and, eq } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { accounts, users } from '../db/tables/index.ts';
import { IdentityEmailTaken, IdentityEmailUnproven } from './errors.ts';

export interface VouchedIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly name: string | null;
}

const NAME_CHARS_MAX = 100;

/** Finds the account, links the identity to it, or makes one. @returns its id @throws IdentityEmailTaken, IdentityEmailUnproven */
export async function userOfIdentity(tx: Tx, identity: VouchedIdentity, now: Date): Promise<string> {
  const known = await linkedUser(tx, identity);
  if (known !== null) return known;
  const email = identity.email?.trim().toLowerCase() ?? '';
  if (email === '' || !identity.isEmailVerified) throw new IdentityEmailUnproven();
  const name = identity.name?.replaceAll(/\s+/g, ' ').trim().slice(0, NAME_CHARS_MAX) ?? '';
  const made = await tx
    .insert(users)
    .values({
      id: newId(),
      email,
      name: name === '' ? email.slice(0, email.indexOf('@')) : name,
      emailVerified: true,
      createdAt: now,
      updatedAt: now,
    })
    .onConflictDoNothing({ target: users.email })
    .returning({ id: users.id });
  const userId = made[0]?.id ?? (await provenUser(tx, email));
  const link = { id: newId(), userId, providerId: identity.issuer, accountId: identity.subject };
  await tx
    .insert(accounts)
    .values({ ...link, createdAt: now, updatedAt: now })
    .onConflictDoNothing();
  // Somebody may have linked it meanwhile.
  return (await linkedUser(tx, identity)) ?? userId;
}

async function linkedUser(tx: Tx, { issuer, subject }: VouchedIdentity): Promise<string | null> {
  const [row] = await tx
    .select({ userId: accounts.userId })
    .from(accounts)
    .where(and(eq(accounts.providerId, issuer), eq(accounts.accountId, subject)));
  return row?.userId ?? null;
}

/** An account whose e-mail nobody has proven may be a stranger's, who waits inside for its owner. */
async function provenUser(tx: Tx, email: string): Promise<string> {
  const [user] = await tx
    .select({ id: users.id, isProven: users.emailVerified })
    .from(users)
    .where(eq(users.email, email))
    .for('update');
  if (!user?.isProven) throw new IdentityEmailTaken();
  return user.id;
}
