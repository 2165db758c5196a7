/**
 * Trails: what a stage did outside the database on its way to an event, and how often it was put off.
 *
 * Promise: names, keys, instants, durations and codes only, never what was sent or answered. A trail rides in the row of
 * the event that the try is stored with, or in that of the run while there is no event yet (a snooze, a failure that ends
 * in a dead letter or in undoing), so that it costs no statement of its own.
 * Not here: who records calls (calls.ts), how they are shown (src/schema/run-trail.ts).
 */
import { z } from 'zod';

const callSchema = z.object({
  /** `port.method`, such as `gateway.authorize`. */
  what: z.string(),
  /** Under which it may be repeated; null for a question, which changes nothing. */
  key: z.string().nullable(),
  /** When it began. */
  at: z.iso.datetime(),
  /** Null when no answer had come by the time the try was over. */
  ms: z.number().nullable(),
  /** `DECLINED card_expired`, `GATEWAY_TIMEOUT`, `OK` … */
  outcome: z.string(),
  /** The stage that it undoes. */
  undoes: z.string().optional(),
});

export const trailSchema = z.object({
  /** The newest, oldest first. */
  calls: z.array(callSchema).default([]),
  /** Older calls that were left out. */
  left: z.number().default(0),
  /** The stage came back later, without a failure, so often. */
  waits: z.object({ count: z.number(), since: z.iso.datetime(), until: z.iso.datetime() }).optional(),
});

export type OutsideCall = z.output<typeof callSchema>;
export type Trail = z.output<typeof trailSchema>;

/** Of one event or run: a stage that looks again and again for days must not fill its row. */
const CALLS_MAX = 20;

/** What a row holds; nothing when another release wrote something else. */
export const readTrail = (stored: unknown): Trail | null => trailSchema.safeParse(stored).data ?? null;

/** @returns what came before and these calls; null when that is nothing */
export function withCalls(before: Trail | null, calls: readonly OutsideCall[]): Trail | null {
  if (calls.length === 0) return before;
  const all = [...(before?.calls ?? []), ...calls];
  const left = Math.max(0, all.length - CALLS_MAX);
  return { ...before, calls: all.slice(left), left: (before?.left ?? 0) + left };
}

/** @returns the trail of a try that is put off */
export function withWait(
  before: Trail | null,
  calls: readonly OutsideCall[],
  { now, until }: { now: Date; until: Date },
): Trail {
  const trail = withCalls(before, calls);
  const { count, since } = trail?.waits ?? { count: 0, since: now.toISOString() };
  return {
    calls: trail?.calls ?? [],
    left: trail?.left ?? 0,
    waits: { count: count + 1, since, until: until.toISOString() },
  };
}
