/**
 * Dead letters: what ran out of attempts and has no other end, parked with its reason until somebody decides.
 *
 * Promise: replaying a letter twice, or while its first replay runs, has the effect once: the run's inbox check decides.
 * What is owed is not given up.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { deadLetters, events } from '../db/tables/engine.ts';
import { planDeliveries } from './timers.ts';

export type DeadLetterAnswer = 'REPLAYED' | 'DISCARDED' | 'OWED' | 'NOT_OPEN' | 'UNKNOWN';

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

/** What a parked delivery is about: its event, and the letter's own payload. */
export interface ParkedEvent {
  readonly type: string;
  readonly subject: string;
  readonly kind: 'RUN' | 'COMPENSATE';
}

/** @returns null when there is no such dead letter, or no such event */
export async function parkedEvent(tx: Pick<Tx, 'select'>, letterId: string): Promise<ParkedEvent | null> {
  const [found] = await tx
    .select({ type: events.type, subject: events.subject, kind: deadLetters.kind })
    .from(deadLetters)
    .innerJoin(events, eq(events.id, deadLetters.eventId))
    .where(eq(deadLetters.id, letterId));
  return found ?? null;
}

/**
 * Sends a parked delivery again with another payload: as a new event of the same type and run, of which only this stage
 * hears. What happened before stays as it was told.
 * @param payload fits the event's type and is about the same subject; the caller has checked that
 */
export async function replayEdited(tx: Tx, decision: Decision & { payload: unknown }): Promise<DeadLetterAnswer> {
  const letter = await resolve(tx, decision, 'REPLAYED');
  if (typeof letter === 'string') return letter;
  const now = decision.now.toISOString();
  // The run's lock comes first: whoever appends to its subject takes it as well.
  const [run] = await tx.execute<{ id: string }>(sql`
    update run set state = 'RUNNING', failures = 0, updated_at = ${now}::timestamptz
    where id = ${letter.runId} and state = 'PARKED' returning id`);
  if (!run) return 'NOT_OPEN';
  const [edited] = await tx.execute<{ id: string }>(sql`
    insert into event (shard, type, subject, seq, run_id, payload, created_at)
    select e.shard, e.type, e.subject, (select max(seq) + 1 from event where subject = e.subject), ${run.id},
           ${JSON.stringify(decision.payload)}::text::jsonb, ${now}::timestamptz
    from event e where e.id = ${letter.eventId} returning id`);
  if (!edited) throw new Error(`dead letter ${letter.id} is about an event that is not there`);
  const eventId = Number(edited.id);
  await tx.execute(sql`update run set at_event_id = ${eventId} where id = ${run.id}`);
  await planDeliveries(tx, [{ stage: letter.stage, runId: run.id, eventId, kind: 'RUN', dueAt: decision.now }]);
  return 'REPLAYED';
}

/**
 * Gives a parked delivery up for good; its run ends as FAILED.
 * @param owed stages whose work is owed once it has begun: they are replayed until they are done
 */
export async function discardDeadLetter(
  tx: Tx,
  decision: Decision,
  owed: ReadonlySet<string> = new Set(),
): Promise<DeadLetterAnswer> {
  const [parked] = await tx
    .select({ stage: deadLetters.stage })
    .from(deadLetters)
    .where(and(eq(deadLetters.id, decision.id), eq(deadLetters.state, 'OPEN'), eq(deadLetters.kind, 'RUN')));
  if (parked && owed.has(parked.stage)) return 'OWED';
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
