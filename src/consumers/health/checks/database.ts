/** Does PostgreSQL answer, and how soon? */
import { sql } from 'drizzle-orm';
import { degraded, type HealthCheck, up } from '../check.ts';

const SLOW_MS = 500;

export const database: HealthCheck = {
  name: 'database',
  look: async ({ db }) => {
    const startedAt = performance.now();
    await db.execute(sql`select 1`);
    const tookMs = Math.round(performance.now() - startedAt);
    return tookMs > SLOW_MS ? degraded(`PostgreSQL needed ${tookMs} ms for an answer.`) : up('PostgreSQL answers.');
  },
};
