/**
 * Brings the database to the newest migration.
 *
 * Promise: any number of processes may call it at once; one works, the others wait (Drizzle's migrator takes no lock).
 */
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const MIGRATION_LOCK = 0x626f_6f6b;
const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** @throws the database's error when a migration fails; the migration is then rolled back whole */
export async function migrateDatabase(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await migrate(drizzle({ client: sql }), { migrationsFolder });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
