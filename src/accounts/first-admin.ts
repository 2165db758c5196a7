/** The first admin: made once, with a random password that is told once and stored only as a hash. */
import { randomBytes } from 'node:crypto';
import { hashPassword } from 'better-auth/crypto';
import { eq, sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { accounts, users } from '../db/tables/index.ts';

const FIRST_ADMIN_LOCK = 0x61_646d;
const PASSWORD_BYTES = 18;

export class FirstAdminEmailTaken extends Error {
  override readonly name = 'FirstAdminEmailTaken';
  constructor(email: string) {
    super(`There is no admin yet, and ${email} belongs to another account. Set ADMIN_EMAIL to a different address.`);
  }
}

export async function makeFirstAdmin(
  db: Db,
  emailGiven: string,
  now: Date,
): Promise<{ email: string; password: string } | null> {
  const email = emailGiven.trim().toLowerCase();
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const hash = await hashPassword(password);
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${FIRST_ADMIN_LOCK})`);
    const [admin] = await tx.select({ id: users.id }).from(users).where(eq(users.role, 'ADMIN')).limit(1);
    if (admin) return null;
    const [other] = await tx.select({ id: users.id }).from(users).where(eq(users.email, email)).limit(1);
    if (other) throw new FirstAdminEmailTaken(email);
    const id = newId();
    await tx.insert(users).values({ id, name: 'Admin', email, role: 'ADMIN', createdAt: now, updatedAt: now });
    await tx
      .insert(accounts)
      .values({ userId: id, accountId: id, providerId: 'credential', password: hash, createdAt: now, updatedAt: now });
    return { email, password };
  });
}
