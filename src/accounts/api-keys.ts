/**
 * API keys for integrations and app passwords for reading apps.
 *
 * Promise: a secret is shown when it is made and never again, since only its SHA-256 is kept; it holds until it expires or
 * is revoked, looked up on every request, so that revocation holds at once; its last use is known to the minute.
 * Limits: 20 keys and 20 app passwords a person.
 * Not here: what a key may do (key-scopes.ts), and who may make one (../schema/api-keys.ts).
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { and, count, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Db, Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { apiKeys, users } from '../db/tables/index.ts';
import type { Viewer } from './accounts.ts';
import { type KeyScope, readScopes } from './key-scopes.ts';

/** Every secret begins so, that people and scanners know it when they see it. */
const PREFIX = 'bkh_';
const SECRET_BYTES = 32;
const APP_PASSWORD_CHARS = 26;
/** Small letters and digits that cannot be taken for one another: an app password may have to be typed. */
const APP_PASSWORD_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const START_CHARS = PREFIX.length + 6;
export const KEYS_MAX = 20;
const USE_NOTED_EVERY_MS = 60_000;

/** What an app password may do: what a reading app needs, and nothing else. */
const APP_SCOPES: readonly KeyScope[] = ['library:read', 'catalog:read'];

export interface NewKey {
  userId: string;
  name: string;
  scopes: readonly KeyScope[];
  expiresAt: Date | null;
  now: Date;
}

/** There are as many keys as one person may have. */
export class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys';
  constructor() {
    super(`You have ${KEYS_MAX} of these, which is all that one account may have. Revoke one first.`);
  }
}

export const isApiKey = (credential: string): boolean => credential.startsWith(PREFIX);

/** @throws TooManyKeys */
export async function createApiKey(tx: Tx, key: NewKey): Promise<{ id: string; secret: string }> {
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  return { id: await insertKey(tx, 'API_KEY', secret, key), secret };
}

/** @throws TooManyKeys */
export async function createAppPassword(
  tx: Tx,
  password: Omit<NewKey, 'scopes'>,
): Promise<{ id: string; secret: string }> {
  const letters = Array.from({ length: APP_PASSWORD_CHARS }, () => letterAt(randomInt(APP_PASSWORD_LETTERS.length)));
  const secret = PREFIX + letters.join('');
  return { id: await insertKey(tx, 'APP_PASSWORD', secret, { ...password, scopes: APP_SCOPES }), secret };
}

/** @returns false when there is no such key of this person, or it was revoked before */
export async function revokeApiKey(tx: Tx, { id, userId, now }: { id: string; userId: string; now: Date }) {
  const revoked = await tx
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.id, id), eq(apiKeys.userId, userId), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return revoked.length > 0;
}

/** All keys and app passwords of this person. */
export async function revokeApiKeys(tx: Tx, { userId, now }: { userId: string; now: Date }): Promise<void> {
  await tx
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.userId, userId), isNull(apiKeys.revokedAt)));
}

/**
 * Whom the keys act for; those that are not good are missing. Two SQL statements at most.
 * @param keys secrets as they were sent
 */
export async function viewersOfKeys(db: Db, keys: readonly string[], now: Date): Promise<Map<string, Viewer>> {
  const secretOf = new Map(keys.map((secret) => [hashOf(secret), secret]));
  const rows = await db
    .select({
      id: users.id,
      email: users.email,
      name: users.name,
      role: users.role,
      keyId: apiKeys.id,
      hash: apiKeys.secretHash,
      scopes: apiKeys.scopes,
      lastUsedAt: apiKeys.lastUsedAt,
    })
    .from(sql`jsonb_array_elements_text(${JSON.stringify([...secretOf.keys()])}::text::jsonb) as asked(hash)`)
    .innerJoin(apiKeys, sql`${apiKeys.secretHash} = asked.hash`)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))));
  const stale = new Date(now.getTime() - USE_NOTED_EVERY_MS);
  const unnoted = rows.filter(({ lastUsedAt }) => lastUsedAt === null || lastUsedAt < stale);
  if (unnoted.length > 0) await noteUse(db, { keyIds: unnoted.map(({ keyId }) => keyId), now, stale });
  return new Map(
    rows.map(({ id, email, name, role, hash, scopes }) => [
      secretOf.get(hash) ?? '',
      { id, email, name, role, scopes: readScopes(scopes) },
    ]),
  );
}

async function noteUse(db: Db, { keyIds, now, stale }: { keyIds: string[]; now: Date; stale: Date }): Promise<void> {
  await db
    .update(apiKeys)
    .set({ lastUsedAt: now })
    .where(and(inArray(apiKeys.id, keyIds), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, stale))));
}

/** The owner's row is locked, so that two at once cannot both be the last that fits. */
async function insertKey(tx: Tx, kind: 'API_KEY' | 'APP_PASSWORD', secret: string, key: NewKey): Promise<string> {
  const { userId, name, scopes, expiresAt, now } = key;
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
  const [held] = await tx
    .select({ keys: count() })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.userId, userId),
        eq(apiKeys.kind, kind),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
      ),
    );
  if ((held?.keys ?? 0) >= KEYS_MAX) throw new TooManyKeys();
  const id = newId();
  await tx.insert(apiKeys).values({
    id,
    userId,
    kind,
    name,
    start: secret.slice(0, START_CHARS),
    secretHash: hashOf(secret),
    scopes: [...scopes],
    createdAt: now,
    expiresAt,
  });
  return id;
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const letterAt = (index: number): string => APP_PASSWORD_LETTERS.charAt(index);
