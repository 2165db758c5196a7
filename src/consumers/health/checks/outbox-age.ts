/** How long has the oldest event waited to be sent? Grows when no relay runs or Redis is away. */
import { sql } from 'drizzle-orm';
import { degraded, down, type HealthCheck, up } from '../check.ts';

const DEGRADED_MS = 5_000;
const DOWN_MS = 60_000;

export const outboxAge: HealthCheck = {
  name: 'outbox-age',
  look: async ({ db }, now) => {
    const [row] = await db.execute<{ waiting: number; oldest: Date | string | null }>(
      sql`
      select coalesce(sum(cardinality(event_ids)), 0)::int as waiting, min(created_at) as oldest
      from outbox where pub_seq is null`,
    );
    if (!row?.oldest) return up('Every event has been sent.');
    const ageMs = now.getTime() - new Date(row.oldest).getTime();
    const detail = `${row.waiting} events wait to be sent, the oldest for ${Math.round(ageMs / 1_000)} s.`;
    if (ageMs > DOWN_MS) return down(detail);
    return ageMs > DEGRADED_MS ? degraded(detail) : up(detail);
  },
};
