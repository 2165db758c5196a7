/**
 * Schedule: asks for a health check in every slot of a cron expression, once, however many nodes are up.
 *
 * Whoever inserts the slot's row appends the event in the same commit; the others find it taken.
 */
import { schedule } from 'node-cron';
import type { Db } from '../../db/client.ts';
import { cronSlots } from '../../db/tables/index.ts';
import { healthDue } from '../../events/index.ts';
import { appendEvents, type Log } from '../../streams/index.ts';

export interface ScheduleOptions {
  db: Db;
  expression: string;
  shards: number;
  /** This process, for the record. */
  node: string;
  wake(): void;
  log: Log;
}

/** Starts the schedule. @returns what stops it */
export function scheduleHealth(options: ScheduleOptions): { stop(): Promise<void> } {
  const task = schedule(
    options.expression,
    async ({ date }) => {
      try {
        if (await claimSlot(options, date)) options.wake();
      } catch (error) {
        options.log.warn({ cron: 'health', error: String(error) }, 'a health slot could not be claimed');
      }
    },
    { name: 'health', timezone: 'UTC', noOverlap: true },
  );
  return { stop: async () => task.destroy() };
}

/** @returns false when another node has the slot */
export async function claimSlot(
  { db, shards, node }: Pick<ScheduleOptions, 'db' | 'shards' | 'node'>,
  date: Date,
): Promise<boolean> {
  const slot = new Date(Math.floor(date.getTime() / 1_000) * 1_000);
  return db.transaction(async (tx) => {
    const claimed = await tx
      .insert(cronSlots)
      .values({ name: 'health', slot, claimedBy: node })
      .onConflictDoNothing()
      .returning({ slot: cronSlots.slot });
    if (claimed.length === 0) return false;
    await appendEvents(tx, [healthDue.of({ slot: slot.toISOString() })], { now: date, shards });
    return true;
  });
}
