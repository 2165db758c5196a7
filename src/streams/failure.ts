/**
 * Failures: what becomes of a run whose stage threw.
 *
 * Retry by the declared policy; else compensate, newest first, and end with `failsWith`; else park as a dead letter.
 * After the pivot there is only forward: no compensation, whatever happens.
 * Promise: the failed attempt, the plan that follows and what is shown of it are one commit.
 */
import { sql } from 'drizzle-orm';
import { deadLetters } from '../db/tables/engine.ts';
import type { Tx } from '../db/client.ts';
import type { Random } from './clock.ts';
import { afterFailure, compensable, nextCompensation } from './decide.ts';
import type { Delivery } from './delivery.ts';
import { startEventId } from './delivery.ts';
import { describeError } from './errors.ts';
import { appendEvents } from './outbox.ts';
import type { Seat } from './registry.ts';
import type { Member } from './runs.ts';
import { type OutsideCall, type Trail, withCalls } from './trail.ts';
import { admit, type SettleContext } from './settle.ts';
import { planDeliveries } from './timers.ts';

export interface FailureContext<Services> extends SettleContext<Services> {
  readonly random: Random;
}

/** What `stage.retrying` tells; `error` is for operators only. */
export const RETRYING = 'stage.retrying';

/** A try that threw, and what it did outside before. */
export interface FailedTry {
  readonly error: unknown;
  readonly calls: readonly OutsideCall[];
}

/** @returns what was decided, for the log; DROPPED when the run has moved on meanwhile */
export type FailureVerdict = 'RETRYING' | 'COMPENSATING' | 'FAILED' | 'PARKED' | 'DROPPED';

/** Records a failed attempt and decides, in one commit, what follows. */
export async function recordFailure<Services>(
  context: FailureContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  { error, calls }: FailedTry,
): Promise<FailureVerdict> {
  return context.db.transaction(async (tx) => {
    const [member] = await admit(tx, context, seat, [delivery]);
    if (!member) return 'DROPPED';
    const failures = member.claimed.failures + 1;
    const trail = trailOf(member, calls);
    const decision = afterFailure(seat, { kind: delivery.kind, failures, error }, context.random);
    if (decision.kind === 'RETRY') {
      await planRetry(tx, context, seat, member, { failures, delayMs: decision.delayMs, error, trail });
      return 'RETRYING';
    }
    await noteFailure(tx, context, delivery, { failures, error, trail });
    if (decision.kind === 'COMPENSATE')
      return compensateNext(tx, context, seat, delivery, { compensated: null, trail });
    await park(tx, context, seat, delivery, { failures, error, reason: decision.reason });
    return 'PARKED';
  });
}

/**
 * Parks a delivery whose failure could not be recorded as declared, because what the workflow does on a failure threw
 * itself. Left pending it would be tried again for ever, and nobody would know.
 * @returns DROPPED when the run has moved on meanwhile
 */
export async function parkUnrecordable<Services>(
  context: FailureContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  { error, calls }: FailedTry,
): Promise<FailureVerdict> {
  return context.db.transaction(async (tx) => {
    const [member] = await admit(tx, context, seat, [delivery]);
    if (!member) return 'DROPPED';
    const failures = member.claimed.failures + 1;
    await noteFailure(tx, context, delivery, { failures, error, trail: trailOf(member, calls) });
    await park(tx, context, seat, delivery, { failures, error, reason: 'TERMINAL' });
    return 'PARKED';
  });
}

/** What the run has done outside and no event tells, this try included. */
const trailOf = ({ delivery, claimed }: Member, calls: readonly OutsideCall[]): Trail | null =>
  withCalls(
    claimed.trail ?? null,
    delivery.kind === 'COMPENSATE' ? calls.map((call) => ({ ...call, undoes: claimed.stage })) : calls,
  );

const jsonOf = (trail: Trail | null) => sql`${trail === null ? null : JSON.stringify(trail)}::text::jsonb`;

async function noteFailure<Services>(
  tx: Tx,
  context: FailureContext<Services>,
  delivery: Delivery,
  { failures, error, trail }: { failures: number; error: unknown; trail: Trail | null },
): Promise<void> {
  await tx.execute(sql`
    update run set failures = ${failures}, last_error = ${describeError(error)}, trail = ${jsonOf(trail)},
      updated_at = ${context.clock.now().toISOString()}::timestamptz
    where id = ${delivery.runId}`);
}

async function planRetry<Services>(
  tx: Tx,
  context: FailureContext<Services>,
  seat: Seat<Services>,
  { delivery }: Member,
  { failures, delayMs, error, trail }: { failures: number; delayMs: number; error: unknown; trail: Trail | null },
): Promise<void> {
  const now = context.clock.now();
  const dueAt = new Date(now.getTime() + delayMs);
  await tx.execute(sql`
    update run set failures = ${failures}, last_error = ${describeError(error)}, updated_at = ${now.toISOString()}::timestamptz
    where id = ${delivery.runId}`);
  await planDeliveries(tx, [
    { stage: seat.id, runId: delivery.runId, eventId: delivery.eventId, kind: delivery.kind, dueAt },
  ]);
  const shown =
    (delivery.kind === 'RUN' && (await seat.stage.onRetry?.(tx, inputOf(seat, delivery, failures), now))) || {};
  await appendEvents(
    tx,
    [
      {
        type: RETRYING,
        subject: delivery.subject,
        payload: { stage: seat.id, failures, retryAt: dueAt.toISOString(), error: describeError(error), ...shown },
        origin: { runId: delivery.runId, stage: seat.id, attempts: failures, durationMs: null, trail },
      },
    ],
    { now, shards: context.shards },
  );
}

function inputOf<Services>(seat: Seat<Services>, delivery: Delivery, attempt: number) {
  return {
    eventId: delivery.eventId,
    runId: delivery.runId,
    subject: delivery.subject,
    payload: seat.stage.on.schema.parse(delivery.payload),
    attempt,
  };
}

/**
 * Plans the newest compensation that is still to be done, or ends the run with `failsWith` when none is left.
 * @param undone.compensated the stage whose compensation has just been done; null when the undoing begins
 */
export async function compensateNext<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  { compensated, trail }: { compensated: string | null; trail: Trail | null },
): Promise<'COMPENSATING' | 'FAILED'> {
  const now = context.clock.now();
  const consumed = await readConsumed(tx, seat, delivery);
  const next = nextCompensation(seat, consumed, delivery.eventId, compensated);
  if (next) {
    await tx.execute(sql`
      update run set state = 'COMPENSATING', stage = ${next.stage}, at_event_id = ${next.eventId}, failures = 0,
        updated_at = ${now.toISOString()}::timestamptz
      where id = ${delivery.runId}`);
    await planDeliveries(tx, [
      { stage: next.stage, runId: delivery.runId, eventId: next.eventId, kind: 'COMPENSATE', dueAt: now, trail },
    ]);
    return 'COMPENSATING';
  }
  await endWithFailure(tx, context, seat, delivery, trail);
  return 'FAILED';
}

/** The events of a run that a stage with a compensation has consumed. */
async function readConsumed<Services>(
  tx: Tx,
  seat: Seat<Services>,
  delivery: Delivery,
): Promise<{ id: number; type: string }[]> {
  const types = compensable(seat, null).map((candidate) => candidate.eventType);
  if (types.length === 0) return [];
  const consumed = await tx.execute<{ id: string; type: string }>(sql`
    select id, type from event
    where subject = ${delivery.subject} and (run_id = ${delivery.runId} or id = ${startEventId(delivery.runId)})
      and type in ${types}`);
  return [...consumed].map((event) => ({ id: Number(event.id), type: event.type }));
}

async function endWithFailure<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  trail: Trail | null,
): Promise<void> {
  const { failsWith } = seat.workflow;
  if (!failsWith) throw new Error(`workflow ${seat.workflow.name} has no failsWith`);
  const now = context.clock.now();
  const [run] = await tx.execute<{ stage: string; last_error: string | null }>(
    sql`select stage, last_error from run where id = ${delivery.runId}`,
  );
  const reason = run?.last_error ?? 'unknown';
  const draft = await failsWith.build(tx, {
    subject: delivery.subject,
    runId: delivery.runId,
    stage: seat.id,
    reason,
    now,
  });
  const [event] = await appendEvents(
    tx,
    [{ ...draft, origin: { runId: delivery.runId, stage: seat.id, attempts: null, durationMs: null, trail } }],
    { now, shards: context.shards },
  );
  if (!event) throw new Error(`the end of run ${delivery.runId} was not stored`);
  await tx.execute(sql`
    update run set state = 'FAILED', at_event_id = ${event.id}, retry_at = null, trail = null,
      updated_at = ${now.toISOString()}::timestamptz, ended_at = ${now.toISOString()}::timestamptz
    where id = ${delivery.runId}`);
}

async function park<Services>(
  tx: Tx,
  context: FailureContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  { failures, error, reason }: { failures: number; error: unknown; reason: string },
): Promise<void> {
  const now = context.clock.now();
  await tx.execute(sql`
    update run set state = 'PARKED', retry_at = null, updated_at = ${now.toISOString()}::timestamptz
    where id = ${delivery.runId}`);
  await tx
    .insert(deadLetters)
    .values({
      stage: seat.id,
      stream: delivery.stream,
      eventId: delivery.eventId,
      runId: delivery.runId,
      kind: delivery.kind,
      reason,
      error: describeError(error),
      attempts: failures,
      payload: delivery.payload ?? null,
      createdAt: now,
    })
    .onConflictDoNothing();
}
