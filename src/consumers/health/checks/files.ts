/** Is what should be removed from the store removed? Tells what the last sweeps did. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { FILE_SWEEP_SUBJECT, filesRemoved, STORE_SWEEP_SUBJECT, storeSwept } from '../../../events/index.ts';
import type { ConsumerServices } from '../../services.ts';
import { degraded, type HealthCheck, up } from '../check.ts';

/** An announced upload is kept for a day; a sweep comes every hour. */
const OVERDUE_AFTER_MS = 28 * 3_600_000;

export const files: HealthCheck = {
  name: 'files',
  look: async ({ db }, now) => {
    const before = new Date(now.getTime() - OVERDUE_AFTER_MS).toISOString();
    const [row] = await db.execute<{ overdue: number }>(
      sql`select count(*)::int as overdue from file where expires_at <= ${before}::timestamptz`,
    );
    const swept = await lastOf(db, FILE_SWEEP_SUBJECT, filesRemoved.schema);
    const looked = await lastOf(db, STORE_SWEEP_SUBJECT, storeSwept.schema);
    const told = [
      swept && `The last sweep removed ${swept.removed} files.`,
      looked && `Of ${looked.looked} in the store ${looked.orphans} belonged to nobody and were deleted.`,
    ].filter((sentence) => sentence !== null);
    if (row && row.overdue > 0) {
      return degraded(
        ['The sweep does not keep up:', `${row.overdue} files should have been removed.`, ...told].join(' '),
      );
    }
    return up(['No file waits to be removed.', ...told].join(' '));
  },
};

async function lastOf<T>(db: ConsumerServices['db'], subject: string, schema: z.ZodType<T>): Promise<T | null> {
  const [row] = await db.execute<{ payload: unknown }>(
    sql`select payload from event where subject = ${subject} order by seq desc limit 1`,
  );
  return row ? (schema.safeParse(row.payload).data ?? null) : null;
}
