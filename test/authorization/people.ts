/**
 * Who asks: nobody, a buyer, the owner of what is asked for, another author, an admin, and API keys.
 *
 * The other author is who sold the owner a book, so that a seller who looks into a buyer's things would be seen.
 */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { type Accounts, createAccounts } from '../../src/accounts/accounts.ts';
import { createApiKey } from '../../src/accounts/api-keys.ts';
import { type KeyScope, keyScopes } from '../../src/accounts/key-scopes.ts';
import type { Db } from '../../src/db/client.ts';

export const CALLERS = ['anonymous', 'other buyer', 'owner', 'other author', 'admin'] as const;
export type Caller = (typeof CALLERS)[number];
export const KEY_CALLERS = ['key without the scope', 'key with all scopes'] as const;
export const COLUMNS = [...CALLERS, ...KEY_CALLERS] as const;
export type Column = (typeof COLUMNS)[number];

type Role = 'READER' | 'AUTHOR' | 'ADMIN';
const ROLE_OF: Record<Exclude<Caller, 'anonymous'>, Role> = {
  'other buyer': 'READER',
  owner: 'AUTHOR',
  'other author': 'AUTHOR',
  admin: 'ADMIN',
};
export const PASSWORD = 'correct horse battery staple';

/** Two that have no scope in common: whatever scope a field asks for, one of them lacks it. */
const NARROW: readonly KeyScope[] = ['account:read', 'library:read'];

export interface Person {
  id: string;
  email: string;
  token: string;
  /** Keys that have one scope each. */
  narrowKeys: readonly string[];
  allKey: string;
}

export interface People {
  auth: Accounts;
  of(caller: Caller): Person | null;
  /** Somebody new with the same role, for what ends a session or an account. */
  anew(caller: Caller): Promise<Person | null>;
}

export async function openPeople(db: Db, secret: string, publicUrl: string): Promise<People> {
  const now = () => new Date();
  const auth = createAccounts({ db, secret, publicUrl, now });
  const join = async (role: Role): Promise<Person> => {
    const email = `${randomUUID()}@example.org`;
    const { token, viewer } = await auth.signUp({ name: 'Ada', email, password: PASSWORD, address: randomUUID() });
    await db.execute(sql`update "user" set role = ${role}::user_role where id = ${viewer.id}`);
    const key = async (scopes: readonly KeyScope[]) =>
      (
        await db.transaction((tx) =>
          createApiKey(tx, { userId: viewer.id, name: 'A key', scopes, expiresAt: null, now: now() }),
        )
      ).secret;
    const narrowKeys = [];
    for (const scope of NARROW) narrowKeys.push(await key([scope]));
    return { id: viewer.id, email, token, narrowKeys, allKey: await key(keyScopes) };
  };
  const known = new Map<Caller, Person>();
  for (const caller of CALLERS) if (caller !== 'anonymous') known.set(caller, await join(ROLE_OF[caller]));
  return {
    auth,
    of: (caller) => known.get(caller) ?? null,
    anew: async (caller) => (caller === 'anonymous' ? null : join(ROLE_OF[caller])),
  };
}
