/** Which runs have not moved although nothing keeps them waiting? */
import { sql } from 'drizzle-orm';
import { degraded, type HealthCheck, up } from '../check.ts';

const STUCK_AFTER_MS = 10 * 60_000;

export const stuckRuns: HealthCheck = {
  name: 'stuck-runs',
  look: async ({ db }, now) => {
    const before = new Date(now.getTime() - STUCK_AFTER_MS).toISOString();
    const [row] = await db.execute<{ stuck: number; example: string | null; stage: string | null }>(sql`
      select count(*)::int as stuck, min(id) as example, min(stage) as stage from run
      where ended_at is null and state in ('RUNNING', 'COMPENSATING') and updated_at < ${before}::timestamptz
        and (retry_at is null or retry_at < ${before}::timestamptz)`);
    if (!row || row.stuck === 0) return up('No run is stuck.');
    return degraded(`${row.stuck} runs have not moved for 10 minutes, such as ${row.example} at ${row.stage}.`);
  },
};
