/** Is something parked that somebody must decide about? */
import { sql } from 'drizzle-orm';
import { degraded, type HealthCheck, up } from '../check.ts';

export const deadLetters: HealthCheck = {
  name: 'dead-letters',
  look: async ({ db }) => {
    const [row] = await db.execute<{ open: number; stage: string | null }>(
      sql`select count(*)::int as open, min(stage) as stage from dead_letter where state = 'OPEN'`,
    );
    if (!row || row.open === 0) return up('Nothing is parked.');
    return degraded(`${row.open} dead letters wait for a decision, such as one of ${row.stage}.`);
  },
};
