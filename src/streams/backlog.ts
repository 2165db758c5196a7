/**
 * Backlog: how much accepted work waits, so that the API can refuse more before it has promised it.
 *
 * Counted in events: those not sent yet, and those before the stage that is furthest behind. Looked up at most every
 * 500 ms, however many ask. What was accepted is never dropped for it.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';

export interface Backlog {
  /**
   * @param tx where to look when it is time to: the caller's own transaction, for one that waited for another connection
   *   of the pool could wait for ever
   * @returns 0 when there is room, else after how many ms to try again
   */
  retryAfterMs(tx: Pick<Tx, 'execute'>): Promise<number>;
}

const LOOK_EVERY_MS = 500;
const RETRY_AFTER_MS = 5_000;

export function watchBacklog({ eventsMax, clock }: { eventsMax: number; clock: { now(): Date } }): Backlog {
  let looked: Promise<number> = Promise.resolve(0);
  let lookAtMs = 0;
  return {
    retryAfterMs: async (tx) => {
      const nowMs = clock.now().getTime();
      if (nowMs >= lookAtMs) {
        lookAtMs = nowMs + LOOK_EVERY_MS;
        looked = countWaiting(tx, eventsMax);
        looked.catch(() => {
          lookAtMs = 0;
        });
      }
      return (await looked) > eventsMax ? RETRY_AFTER_MS : 0;
    },
  };
}

/** Counting stops a little above the limit: how far above it does not matter. */
async function countWaiting(tx: Pick<Tx, 'execute'>, eventsMax: number): Promise<number> {
  const [row] = await tx.execute<{ unsent: number; behind: string | null }>(sql`
    select (select coalesce(sum(cardinality(event_ids)), 0)::int
            from (select event_ids from outbox where pub_seq is null limit ${eventsMax + 1}) few) as unsent,
           (select max(lag) from (
              select sum(h.last_pub_seq - p.done_pub_seq) as lag
              from stage_progress p join stream_head h using (stream, shard)
              where p.stage <> '' group by p.stage) stages) as behind`);
  return (row?.unsent ?? 0) + Number(row?.behind ?? 0);
}
