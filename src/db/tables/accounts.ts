/**
 * People: accounts, their sessions and their credentials.
 *
 * The column names are those of better-auth, which writes these tables; `role` is ours.
 */
import { bigint, boolean, index, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, updatedAt } from './columns.ts';

export const userRole = pgEnum('user_role', ['READER', 'AUTHOR', 'ADMIN']);

export const users = pgTable('user', {
  id: id(),
  name: text('name').notNull(),
  email: text('email').notNull().unique(),
  emailVerified: boolean('email_verified').notNull().default(false),
  image: text('image'),
  role: userRole('role').notNull().default('READER'),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

export const sessions = pgTable(
  'session',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    token: text('token').notNull().unique(),
    expiresAt: instant('expires_at').notNull(),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [index('session_user').on(table.userId)],
);

export const accounts = pgTable(
  'account',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    accountId: text('account_id').notNull(),
    providerId: text('provider_id').notNull(),
    accessToken: text('access_token'),
    refreshToken: text('refresh_token'),
    idToken: text('id_token'),
    accessTokenExpiresAt: instant('access_token_expires_at'),
    refreshTokenExpiresAt: instant('refresh_token_expires_at'),
    scope: text('scope'),
    password: text('password'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('account_user').on(table.userId),
    unique('account_provider_once').on(table.providerId, table.accountId),
  ],
);

export const verifications = pgTable(
  'verification',
  {
    id: id(),
    identifier: text('identifier').notNull(),
    value: text('value').notNull(),
    expiresAt: instant('expires_at').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [index('verification_identifier').on(table.identifier), index('verification_expires').on(table.expiresAt)],
);

/** Two-factor codes of an account; asked for from `confirmedAt` on. */
export const twoFactors = pgTable('two_factor', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Sealed (src/accounts/sealing.ts). */
  secret: text('secret').notNull(),
  confirmedAt: instant('confirmed_at'),
  /** The 30 s, counted from 1970, whose code was taken last; none of it or before is taken again. */
  lastStep: bigint('last_step', { mode: 'number' }),
  createdAt: createdAt(),
});

export const twoFactorBackupCodes = pgTable(
  'two_factor_backup_code',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => twoFactors.userId, { onDelete: 'cascade' }),
    /** SHA-256. */
    hash: text('hash').notNull(),
  },
  (table) => [unique('two_factor_backup_code_once').on(table.userId, table.hash)],
);
