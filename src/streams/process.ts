/**
 * Processing: from deliveries in hand to entries that may be acknowledged.
 *
 * Promise: an entry is acknowledged only after its outcome, failure or duplicate has been committed. When the database
 * is the one that failed, nothing is acknowledged and the entry stays pending: it costs no attempt.
 * A batch whose commit fails is taken apart: each member is settled alone, so that one cannot hold up the others.
 */
import type { Tx } from '../db/client.ts';
import { notingCalls } from './calls.ts';
import type { Carried } from './carry.ts';
import { checkDeclared, type ExecuteContext, parseInput, peek, runCompensation, runStage } from './execute.ts';
import type { Delivery, WireEvent } from './delivery.ts';
import { describeError, isTransientDatabaseError } from './errors.ts';
import {
  type FailedTry,
  type FailureContext,
  type FailureVerdict,
  parkUnrecordable,
  recordFailure,
} from './failure.ts';
import type { Seat } from './registry.ts';
import { claimRuns, haveBegun, type Member } from './runs.ts';
import {
  admit,
  inOneCommit,
  settle,
  type Settled,
  store,
  type Stored,
  storeStraight,
  straightOrCareful,
} from './settle.ts';
import type { OutsideCall, Trail } from './trail.ts';

export interface ProcessContext<Services> extends ExecuteContext<Services>, FailureContext<Services> {
  /** Aborts when nothing new may be begun. */
  readonly draining: AbortSignal;
}

/** What came of deliveries. */
export interface Processed {
  /** Those that must stay pending, because the database could not be reached; all others are dealt with. */
  readonly left: readonly Delivery[];
  /** What this process carries on itself. */
  readonly carried: readonly Carried[];
  /** What was committed and nobody was told of yet. */
  readonly events: readonly WireEvent[];
  /** Some run goes on only when Redis has brought one of the events. */
  readonly isAwaited: boolean;
}

const DONE: Processed = { left: [], carried: [], events: [], isAwaited: false };

/** Works through a batch of a stage that is pure SQL: one commit, or one each when that fails. */
export async function processBatch<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<Processed> {
  const forward = deliveries.filter((delivery) => delivery.kind === 'RUN');
  const backward = deliveries.filter((delivery) => delivery.kind === 'COMPENSATE');
  const results: Processed[] = [];
  if (forward.length > 0) results.push(await processForward(context, seat, forward));
  for (const delivery of backward) results.push(await processAlone(context, seat, delivery));
  return told(context, deliveries, merge(results));
}

/** Tells subscribers what was stored, and the relay where a run waits for it: all else is sent by the relay's own look. */
function told<Services>(
  context: ProcessContext<Services>,
  deliveries: readonly Delivery[],
  processed: Processed,
): Processed {
  context.tell(processed.events, processed.carried.length === deliveries.length ? 'SOON' : 'NOW');
  if (processed.isAwaited) context.wake();
  return { ...processed, events: [], isAwaited: false };
}

async function processForward<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<Processed> {
  try {
    return { left: [], ...(await commitBatch(context, seat, deliveries)) };
  } catch (error) {
    if (isTransientDatabaseError(error)) return postpone(context, seat, deliveries, error);
    const [only, ...others] = deliveries;
    if (only && others.length === 0) return fail(context, seat, only, error);
    const results: Processed[] = [];
    for (const delivery of deliveries) results.push(await processForward(context, seat, [delivery]));
    return merge(results);
  }
}

async function commitBatch<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<Stored> {
  const startedAt = performance.now();
  const run = async (tx: Tx, members: readonly { delivery: Delivery; failures: number; before: Trail | null }[]) => {
    const inputs = members.map(({ delivery, failures }) => parseInput(seat, delivery, failures));
    const outcomes = (await seat.stage.runBatch?.(tx, inputs, context)) ?? [];
    if (outcomes.length !== members.length) {
      throw new Error(`stage ${seat.id} answered ${outcomes.length} of ${members.length} inputs`);
    }
    const durationMs = Math.round(performance.now() - startedAt);
    return outcomes.flatMap((outcome, index) => {
      checkDeclared(seat, outcome);
      const member = members[index];
      return member ? [{ ...member, outcome, durationMs, calls: [] }] : [];
    });
  };
  return straightOrCareful(context, seat, deliveries, {
    straight: async () => {
      const members = deliveries.map((delivery) => ({ delivery, failures: 0, before: null }));
      const storing = async (tx: Tx) => storeStraight(tx, context, seat, await run(tx, members));
      if (!seat.stage.onlyReads) return context.db.transaction(storing);
      const results = await run(context.db, members);
      return inOneCommit(context.db, results, (tx) => storeStraight(tx, context, seat, results));
    },
    careful: () =>
      context.db.transaction(async (tx) => {
        const admitted = await admit(tx, context, seat, deliveries);
        if (admitted.length < deliveries.length) context.doubts.add(seat.id);
        if (admitted.length === 0) return DONE;
        const members = admitted.map(({ delivery, claimed }) => ({
          delivery,
          failures: claimed.failures,
          before: claimed.trail ?? null,
        }));
        return store(tx, context, seat, await run(tx, members));
      }),
  });
}

/** Which deliveries are worth calling out for; all others are dealt with, but for those `left`. */
export async function lookAhead<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<{ members: readonly Member[]; left: readonly Delivery[] }> {
  try {
    return { members: await peek(context, seat, deliveries), left: [] };
  } catch (error) {
    return { members: [], left: postpone(context, seat, deliveries, error).left };
  }
}

/** Has whoever carries these dealt with all of them? A run that has not begun is still to come, and nobody else's to open. */
export async function areFinished<Services>(
  { db }: Pick<ProcessContext<Services>, 'db'>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<boolean> {
  try {
    if (!(await haveBegun(db, deliveries))) return false;
    return (await claimRuns(db, seat, deliveries, false)).length === 0;
  } catch (error) {
    if (isTransientDatabaseError(error)) return false;
    throw error;
  }
}

/**
 * Calls a stage out for one delivery; what comes of it is settled by the caller, in a group.
 * @param failures how often it has failed before
 */
export async function attempt<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  failures: number,
): Promise<{ settled: Settled } | { processed: Processed }> {
  const startedAt = performance.now();
  const calls: OutsideCall[] = [];
  try {
    if (delivery.kind === 'COMPENSATE') {
      await runCompensation(context, seat, delivery, failures, calls);
      return { processed: DONE };
    }
    const outcome = await notingCalls(calls, () => runStage(context, seat, delivery, failures));
    return { settled: { delivery, outcome, durationMs: Math.round(performance.now() - startedAt), calls } };
  } catch (error) {
    return { processed: await failOrPostpone(context, seat, delivery, error, calls) };
  }
}

/** Stores outcomes together; when that fails, each alone. */
export async function settleGroup<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  settled: readonly Settled[],
): Promise<Processed> {
  const deliveries = settled.map((one) => one.delivery);
  try {
    return told(context, deliveries, { left: [], ...(await settle(context, seat, settled)) });
  } catch (error) {
    if (isTransientDatabaseError(error)) return postpone(context, seat, deliveries, error);
    const [only, ...others] = settled;
    if (only && others.length === 0) return fail(context, seat, only.delivery, error, only.calls);
    const results: Processed[] = [];
    for (const one of settled) results.push(await settleGroup(context, seat, [one]));
    return merge(results);
  }
}

/** A delivery of a calling stage from beginning to end. */
async function processAlone<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
): Promise<Processed> {
  const { members, left } = await lookAhead(context, seat, [delivery]);
  const [member] = members;
  if (!member) return { ...DONE, left };
  const result = await attempt(context, seat, delivery, member.claimed.failures);
  return 'settled' in result ? settleGroup(context, seat, [result.settled]) : result.processed;
}

async function failOrPostpone<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  error: unknown,
  calls: readonly OutsideCall[],
): Promise<Processed> {
  if (isTransientDatabaseError(error)) return postpone(context, seat, [delivery], error);
  return fail(context, seat, delivery, error, calls);
}

export async function fail<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  error: unknown,
  calls: readonly OutsideCall[] = [],
): Promise<Processed> {
  if (context.stopping.aborted) return { ...DONE, left: [delivery] };
  try {
    tell(context, seat, delivery, error, await recordFailure(context, seat, delivery, { error, calls }));
    return DONE;
  } catch (recordingError) {
    if (isTransientDatabaseError(recordingError)) return postpone(context, seat, [delivery], recordingError);
    return parkOrPostpone(context, seat, delivery, { error: recordingError, calls });
  }
}

async function parkOrPostpone<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  failed: FailedTry,
): Promise<Processed> {
  try {
    tell(context, seat, delivery, failed.error, await parkUnrecordable(context, seat, delivery, failed));
    return DONE;
  } catch (parkingError) {
    return postpone(context, seat, [delivery], parkingError);
  }
}

function tell<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  error: unknown,
  verdict: FailureVerdict,
): void {
  context.wake();
  const fields = { stage: seat.id, run: delivery.runId, verdict, error: describeError(error) };
  if (verdict === 'PARKED') context.log.error(fields, 'a stage cannot go on and was parked as a dead letter');
  else context.log.info(fields, 'a stage failed');
}

function postpone<Services>(
  context: ProcessContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
  error: unknown,
): Processed {
  context.log.info(
    { stage: seat.id, runs: deliveries.length, error: describeError(error) },
    'the database did not answer; the deliveries stay pending and will be worked on again',
  );
  return { ...DONE, left: deliveries };
}

const merge = (results: readonly Processed[]): Processed => ({
  left: results.flatMap((result) => result.left),
  carried: results.flatMap((result) => result.carried),
  events: results.flatMap((result) => result.events),
  isAwaited: results.some((result) => result.isAwaited),
});
