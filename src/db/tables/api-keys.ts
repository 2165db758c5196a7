/** API keys and app passwords: what stands in for a person's session, within limits. Only a hash of the secret is kept. */
import { sql } from 'drizzle-orm';
import { index, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';

export const apiKeyKind = pgEnum('api_key_kind', ['API_KEY', 'APP_PASSWORD']);

export const apiKeys = pgTable(
  'api_key',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: apiKeyKind('kind').notNull(),
    name: text('name').notNull(),
    /** The first characters of the secret, to tell keys apart. */
    start: text('start').notNull(),
    /** SHA-256 in hex. A secret is random enough that nothing slower is needed. */
    secretHash: text('secret_hash').notNull().unique(),
    scopes: text('scopes').array().notNull(),
    createdAt: createdAt(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    /** To the minute. */
    lastUsedAt: instant('last_used_at'),
  },
  (table) => [
    index('api_key_owner')
      .on(table.userId, table.createdAt, table.id)
      .where(sql`${table.revokedAt} is null`),
  ],
);
