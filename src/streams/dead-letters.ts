/**
 * Dead letters: what ran out of attempts and has no other end, parked with its reason until somebody decides.
 *
 * Promise: replaying a letter twice, or while its first replay runs, has the effect once: the run's inbox check decides.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { deadLetters } from '../db/tables/engine.ts';
import { planDeliveries } from './timers.ts';

export type DeadLetterAnswer = 'REPLAYED' | 'DISCARDED' | 'NOT_OPEN' | 'UNKNOWN';

interface Decision {
  /** The dead letter's id. */
  id: string;
  /** Who decided, for the record. */
  by: string;
  now: Date;
}

/** Sends a parked delivery again, with a fresh count of attempts. */
export async function replayDeadLetter(tx: Tx, decision: Decision): Promise<DeadLetterAnswer> {
  const letter = await resolve(tx, decision, 'REPLAYED');
  if (typeof letter === 'string') return letter;
  if (letter.runId) {
    const state = letter.kind === 'RUN' ? 'RUNNING' : 'COMPENSATING';
    await tx.execute(sql`
      update run set state = ${state}::run_state, failures = 0, updated_at = ${decision.now.toISOString()}::timestamptz
      where id = ${letter.runId} and state = 'PARKED'`);
    await planDeliveries(tx, [
      { stage: letter.stage, runId: letter.runId, eventId: letter.eventId, kind: letter.kind, dueAt: decision.now },
    ]);
  }
  return 'REPLAYED';
}

/** Gives a parked delivery up for good; its run ends as FAILED. */
export async function discardDeadLetter(tx: Tx, decision: Decision): Promise<DeadLetterAnswer> {
  const letter = await resolve(tx, decision, 'DISCARDED');
  if (typeof letter === 'string') return letter;
  if (letter.runId) {
    const now = decision.now.toISOString();
    await tx.execute(sql`
      update run set state = 'FAILED', updated_at = ${now}::timestamptz, ended_at = ${now}::timestamptz
      where id = ${letter.runId} and state = 'PARKED'`);
  }
  return 'DISCARDED';
}

async function resolve(tx: Tx, decision: Decision, state: 'REPLAYED' | 'DISCARDED') {
  const [letter] = await tx
    .update(deadLetters)
    .set({ state, resolvedBy: decision.by, resolvedAt: decision.now })
    .where(and(eq(deadLetters.id, decision.id), eq(deadLetters.state, 'OPEN')))
    .returning();
  if (letter) return letter;
  const [known] = await tx.select({ id: deadLetters.id }).from(deadLetters).where(eq(deadLetters.id, decision.id));
  return known ? ('NOT_OPEN' as const) : ('UNKNOWN' as const);
}
