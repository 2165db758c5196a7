/** Files: what was uploaded, where it is kept, and whether it may be used. */
import { bigint, index, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';

export const fileState = pgEnum('file_state', ['PENDING', 'STORED', 'QUARANTINED']);

export const files = pgTable(
  'file',
  {
    id: id(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id),
    /** As the uploader named it, without folders. */
    name: text('name').notNull(),
    mediaType: text('media_type').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    /** Hex SHA-256, announced by the uploader and checked when the upload is completed. */
    sha256: text('sha256').notNull(),
    state: fileState('state').notNull().default('PENDING'),
    /** Where the bytes are in the blob storage. */
    storageKey: text('storage_key').notNull(),
    /**
     * PENDING: bytes may be put until then. STORED: what no book uses then is removed. QUARANTINED: the bytes are kept
     * until then, and are gone when this is null.
     */
    expiresAt: instant('expires_at'),
    createdAt: createdAt(),
  },
  (table) => [index('file_owner').on(table.ownerId, table.createdAt), index('file_expiry').on(table.expiresAt)],
);
