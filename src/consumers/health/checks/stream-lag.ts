/** Which stage is furthest behind its stream? */
import { sql } from 'drizzle-orm';
import { degraded, type HealthCheck, up } from '../check.ts';

const DEGRADED_ENTRIES = 10_000;

export const streamLag: HealthCheck = {
  name: 'stream-lag',
  look: async ({ db }) => {
    const [row] = await db.execute<{ stage: string; lag: string }>(sql`
      select p.stage, sum(h.last_pub_seq - p.done_pub_seq) as lag
      from stage_progress p join stream_head h using (stream, shard)
      where p.stage <> '' group by p.stage order by lag desc limit 1`);
    const lag = Number(row?.lag ?? 0);
    if (!row || lag === 0) return up('Every stage is at the end of its stream.');
    const detail = `${row.stage} has ${lag} entries before it.`;
    return lag > DEGRADED_ENTRIES ? degraded(detail) : up(detail);
  },
};
