/** Whether the number of shards may be what it is: fewer than before would leave work where nobody looks. */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';

/** There is work in shards that this process would not look at. */
export class StrandedShardsError extends Error {
  override readonly name = 'StrandedShardsError';
  readonly code = 'SHARDS_STRANDED';
}

/**
 * @param shards those that this process would work on
 * @throws StrandedShardsError when others hold events that were not sent, open runs or timers
 */
export async function refuseStrandedShards(db: Pick<Tx, 'execute'>, shards: number): Promise<void> {
  const [row] = await db.execute<{ highest: number | null }>(sql`
    select greatest(
      (select max(shard) from outbox where pub_seq is null),
      (select max(shard) from run where ended_at is null),
      (select max(shard) from timer)) as highest`);
  const needed = (row?.highest ?? 0) + 1;
  if (needed <= shards) return;
  throw new StrandedShardsError(
    `STREAM_SHARDS is ${shards}, but work is under way in ${needed} shards. ` +
      `Start with STREAM_SHARDS=${needed} until all runs have ended, then lower it.`,
  );
}
