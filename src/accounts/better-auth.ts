/** better-auth over our tables: it makes accounts and sessions by e-mail and password, hashes and checks passwords. */
import { createHash } from 'node:crypto';
import { betterAuth } from 'better-auth/minimal';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { APIError } from 'better-auth/api';
import type { Db } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { accounts, sessions, users, verifications } from '../db/tables/index.ts';

export const PASSWORD_CHARS_MIN = 12;
export const PASSWORD_CHARS_MAX = 128;
export const SESSION_MS = 7 * 24 * 3_600_000;

export interface BetterAuthOptions {
  db: Db;
  /** 32 characters or more. */
  secret: string;
  /** The one before, which still opens what it sealed. */
  previousSecret?: string | undefined;
  publicUrl: string;
  now: () => Date;
}

export function openBetterAuth({ db, secret, previousSecret, publicUrl, now }: BetterAuthOptions) {
  return betterAuth({
    secret,
    secrets: [secret, ...(previousSecret === undefined ? [] : [previousSecret])].map(numbered),
    baseURL: publicUrl,
    database: drizzleAdapter(db, {
      provider: 'pg',
      transaction: true,
      schema: { user: users, session: sessions, account: accounts, verification: verifications },
    }),
    advanced: { database: { generateId: () => newId() } },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: PASSWORD_CHARS_MIN,
      maxPasswordLength: PASSWORD_CHARS_MAX,
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => ({ data: { ...session, expiresAt: new Date(now().getTime() + SESSION_MS) } }),
        },
      },
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
}

export function isApiError(error: unknown, codePrefix: string): boolean {
  return error instanceof APIError && typeof error.body?.code === 'string' && error.body.code.startsWith(codePrefix);
}

/** better-auth writes beside what it seals with which secret; the number follows from the secret, so that it stays its own. */
function numbered(value: string): { version: number; value: string } {
  return { version: createHash('sha256').update(value).digest().readUInt32BE(), value };
}
