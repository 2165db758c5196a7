/**
 * Schedule: asks for a health check in every slot of a cron expression, once, however many nodes are up.
 *
 * Whoever inserts the slot's row appends the event in the same commit; the others find it taken. The database's clock
 * says which slots are due, so that a node whose own clock is wrong neither runs ahead nor behind. What a node passed
 * over because it was blocked or down is made up for, the newest ten slots of the last hour.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { eq, max, sql } from 'drizzle-orm';
import { createTask } from 'node-cron';
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

const NAME = 'health';
const LOOK_EVERY_MS = 1_000;
const CATCH_UP_MS_MAX = 3_600_000;
const CATCH_UP_SLOTS_MAX = 10;

/** Starts the schedule. @returns what stops it */
export function scheduleHealth(options: ScheduleOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = keepClaiming(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function keepClaiming(options: ScheduleOptions, stopping: AbortSignal): Promise<void> {
  const task = createTask(options.expression, () => {}, { timezone: 'UTC' });
  const matches = (date: Date) => task.match(date);
  let lookedUpTo: Date | null = null;
  let isFailing = false;
  while (!stopping.aborted) {
    try {
      const now = await databaseNow(options.db);
      const since = lookedUpTo ?? (await lastClaimed(options.db)) ?? now;
      let claimed = false;
      for (const slot of slotsBetween(matches, since, now)) {
        if (await claimSlot(options, slot)) claimed = true;
      }
      if (claimed) options.wake();
      lookedUpTo = now;
      isFailing = false;
    } catch (error) {
      if (!isFailing) options.log.warn({ cron: NAME, error: String(error) }, 'health slots could not be claimed');
      isFailing = true;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {});
  }
  await task.destroy();
}

/**
 * The slots after `since`, up to and including `until`: ten at most, the newest; nothing older than an hour.
 * @param matches whether a second is a slot, in UTC, where no hour is skipped or comes twice
 */
export function slotsBetween(matches: (second: Date) => boolean, since: Date, until: Date): Date[] {
  const from = Math.max(since.getTime(), until.getTime() - CATCH_UP_MS_MAX);
  const slots: Date[] = [];
  for (let second = Math.floor(from / 1_000) + 1; second * 1_000 <= until.getTime(); second++) {
    const slot = new Date(second * 1_000);
    if (matches(slot)) slots.push(slot);
  }
  return slots.slice(-CATCH_UP_SLOTS_MAX);
}

async function databaseNow(db: Db): Promise<Date> {
  const [row] = await db.execute<{ now: string }>(sql`select now() as now`);
  if (!row) throw new Error('the database does not know the time');
  return new Date(row.now);
}

async function lastClaimed(db: Db): Promise<Date | null> {
  const [row] = await db
    .select({ slot: max(cronSlots.slot) })
    .from(cronSlots)
    .where(eq(cronSlots.name, NAME));
  return row?.slot ?? null;
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
      .values({ name: NAME, slot, claimedBy: node })
      .onConflictDoNothing()
      .returning({ slot: cronSlots.slot });
    if (claimed.length === 0) return false;
    await appendEvents(tx, [healthDue.of({ slot: slot.toISOString() })], { now: date, shards });
    return true;
  });
}
