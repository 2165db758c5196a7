/**
 * Schedules: what is due by a cron expression, as an event in every slot, once, however many nodes are up.
 *
 * Whoever inserts the slot's row appends the event in the same commit; the others find it taken. The database's clock
 * says which slots are due, so that a node whose own clock is wrong neither runs ahead nor behind. What a node passed
 * over because it was blocked or down is made up for: the newest ten slots of the schedule's `catchUpMs`.
 * Not here: which schedules there are (schedules.ts), and what they start (the workflow of the event).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { eq, max, sql } from 'drizzle-orm';
import { createTask } from 'node-cron';
import type { Db, Tx } from '../db/client.ts';
import { cronSlots } from '../db/tables/index.ts';
import { appendEvents, type EventType, type Log } from '../streams/index.ts';

export interface Schedule {
  /** Its name in the table of slots; what was claimed under another is forgotten. */
  readonly name: string;
  /** A cron expression, in UTC. */
  readonly cron: string;
  /** How far back a slot that nobody claimed is still made up for. */
  readonly catchUpMs: number;
  /** @param slot ISO 8601 */
  due(slot: string): ReturnType<EventType['of']>;
}

export interface ScheduleOptions {
  db: Db;
  shards: number;
  /** This process, for the record. */
  node: string;
  wake(): void;
  log: Log;
}

const LOOK_EVERY_MS = 1_000;
const CATCH_UP_SLOTS_MAX = 10;

/** Starts the schedules. @returns what stops them */
export function keepSchedules(schedules: readonly Schedule[], options: ScheduleOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = Promise.all(schedules.map((schedule) => keepClaiming(schedule, options, stopping.signal)));
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function keepClaiming(schedule: Schedule, options: ScheduleOptions, stopping: AbortSignal): Promise<void> {
  const { name, catchUpMs } = schedule;
  const task = createTask(schedule.cron, () => {}, { timezone: 'UTC' });
  const matches = (date: Date) => task.match(date);
  let lookedUpTo: Date | null = null;
  let isFailing = false;
  while (!stopping.aborted) {
    try {
      const now = await databaseNow(options.db);
      const since = lookedUpTo ?? (await lastClaimed(options.db, name)) ?? now;
      let claimed = false;
      for (const slot of slotsBetween(matches, since, now, catchUpMs)) {
        if (await claimSlot(schedule, options, slot)) claimed = true;
      }
      if (claimed) options.wake();
      lookedUpTo = now;
      isFailing = false;
    } catch (error) {
      if (!isFailing) options.log.warn({ cron: name, error: String(error) }, 'slots could not be claimed');
      isFailing = true;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => {});
  }
  await task.destroy();
}

/**
 * The slots after `since`, up to and including `until`: ten at most, the newest; nothing older than `catchUpMs`.
 * @param matches whether a second is a slot, in UTC, where no hour is skipped or comes twice
 */
export function slotsBetween(matches: (second: Date) => boolean, since: Date, until: Date, catchUpMs: number): Date[] {
  const from = Math.max(since.getTime(), until.getTime() - catchUpMs);
  const slots: Date[] = [];
  for (let second = Math.floor(until.getTime() / 1_000); second * 1_000 > from; second--) {
    const slot = new Date(second * 1_000);
    if (matches(slot) && slots.unshift(slot) === CATCH_UP_SLOTS_MAX) break;
  }
  return slots;
}

async function databaseNow(db: Db): Promise<Date> {
  const [row] = await db.execute<{ now: string }>(sql`select now() as now`);
  if (!row) throw new Error('the database does not know the time');
  return new Date(row.now);
}

async function lastClaimed(db: Db, name: string): Promise<Date | null> {
  const [row] = await db
    .select({ slot: max(cronSlots.slot) })
    .from(cronSlots)
    .where(eq(cronSlots.name, name));
  return row?.slot ?? null;
}

/** @returns false when another node has the slot */
export const claimSlot = (
  schedule: Pick<Schedule, 'name' | 'due'>,
  { db, shards, node }: Pick<ScheduleOptions, 'db' | 'shards' | 'node'>,
  date: Date,
): Promise<boolean> => db.transaction((tx) => claimSlotIn(tx, schedule, { date, shards, by: node }));

/** @param by who claims it: a node, or a person who does not want to wait. @returns false when the slot is taken */
export async function claimSlotIn(
  tx: Tx,
  { name, due }: Pick<Schedule, 'name' | 'due'>,
  { date, shards, by }: { date: Date; shards: number; by: string },
): Promise<boolean> {
  const slot = new Date(Math.floor(date.getTime() / 1_000) * 1_000);
  const claimed = await tx
    .insert(cronSlots)
    .values({ name, slot, claimedBy: by })
    .onConflictDoNothing()
    .returning({ slot: cronSlots.slot });
  if (claimed.length === 0) return false;
  await appendEvents(tx, [due(slot.toISOString())], { now: date, shards });
  return true;
}

/** The next slot by this machine's clock; null when there is none. */
export function nextSlot(cron: string): Date | null {
  const task = createTask(cron, () => {}, { timezone: 'UTC' });
  try {
    return task.getNextRuns(1)[0] ?? null;
  } finally {
    void task.destroy();
  }
}
