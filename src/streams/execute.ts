/**
 * Executing: one attempt of one stage, from the payload to an outcome or an error.
 *
 * Promise: a handler is bounded in time, sees a parsed payload, and never holds a database transaction while it calls out.
 * Not here: storing what came of it (settle.ts, failure.ts).
 */
import type { Announcer } from './announce.ts';
import { notingCalls } from './calls.ts';
import type { Delivery, WireEvent } from './delivery.ts';
import { endWith } from './ending.ts';
import { StageTimeoutError, TerminalError } from './errors.ts';
import type { EventDraft, EventType } from './event.ts';
import type { Log } from './log.ts';
import type { Seat } from './registry.ts';
import { claimRuns, type Member, openRuns } from './runs.ts';
import { compensateNext } from './failure.ts';
import { admit, type SettleContext } from './settle.ts';
import { type OutsideCall, withCalls } from './trail.ts';
import type { Compensation, Outcome, StageContext, StageInput } from './workflow.ts';

export interface ExecuteContext<Services> extends SettleContext<Services> {
  readonly services: Services;
  readonly log: Log;
  /** Aborts when the worker must stop at once. */
  readonly stopping: AbortSignal;
  /** Tells the relay that something was committed that somebody waits for. */
  wake(): void;
  /** Tells subscribers what was committed: now, or together with what follows within 20 ms. */
  tell(events: readonly WireEvent[], when: 'NOW' | 'SOON'): void;
  announcer(seat: Seat<Services>): Announcer<Services>;
}

/** Which of these deliveries are worth calling out for, without a lock: the commit asks again. */
export async function peek<Services>(
  context: ExecuteContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<Member[]> {
  await openRuns(context.db, seat, deliveries, { now: context.clock.now(), shards: context.shards });
  return claimRuns(context.db, seat, deliveries, false);
}

/**
 * The event's payload as the stage declared it.
 * @throws TerminalError when it is something else: no retry can mend that
 */
export function parseInput<Services>(seat: Seat<Services>, delivery: Delivery, failures: number): StageInput<unknown> {
  const parsed = seat.stage.on.schema.safeParse(delivery.payload);
  if (!parsed.success)
    throw new TerminalError(`payload of ${seat.stage.on.type} is not as declared: ${parsed.error.message}`);
  return {
    eventId: delivery.eventId,
    runId: delivery.runId,
    subject: delivery.subject,
    payload: parsed.data,
    attempt: failures + 1,
    handed: delivery.handed,
  };
}

/** One try of a stage that calls out. */
export async function runStage<Services>(
  context: ExecuteContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  failures: number,
): Promise<Outcome> {
  const { stage } = seat;
  const input = parseInput(seat, delivery, failures);
  return withinLimit(context, seat, delivery, async (stageContext) => {
    if (!stage.run) throw new Error(`stage ${seat.id} has no run`);
    const outcome = await stage.run(input, stageContext);
    checkDeclared(seat, outcome);
    return outcome;
  });
}

/** One try of a compensation, and the step after it. */
export async function runCompensation<Services>(
  context: ExecuteContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  failures: number,
  calls: OutsideCall[],
): Promise<void> {
  const input = parseInput(seat, delivery, failures);
  const write: Compensation = await notingCalls(calls, () =>
    withinLimit(context, seat, delivery, async (stageContext) =>
      seat.stage.compensate ? seat.stage.compensate(input, stageContext) : null,
    ),
  );
  await context.db.transaction(async (tx) => {
    const [member] = await admit(tx, context, seat, [delivery]);
    if (!member) return;
    if (write) await write(tx);
    const undoing = calls.map((call) => ({ ...call, undoes: seat.id }));
    const trail = withCalls(member.claimed.trail ?? null, undoing);
    await compensateNext(tx, context, seat, delivery, { compensated: seat.id, trail });
  });
}

async function withinLimit<Services, Result>(
  context: ExecuteContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  work: (stageContext: StageContext<Services>) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const forget = endWith(context.stopping, limit);
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new StageTimeoutError(seat.id, seat.stage.timeoutMs);
    limit.abort(error);
    reject(error);
  }, seat.stage.timeoutMs);
  try {
    return await Promise.race([work(stageContext(context, seat, delivery, limit.signal)), expired]);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

function stageContext<Services>(
  context: ExecuteContext<Services>,
  seat: Seat<Services>,
  delivery: Delivery,
  signal: AbortSignal,
): StageContext<Services> {
  return {
    services: context.services,
    clock: context.clock,
    log: context.log,
    signal,
    announce: (event, write) => context.announcer(seat).announce(delivery, event, write),
  };
}

/** The compiler says so already; a stage written in JavaScript or cast around it is stopped here. */
export function checkDeclared<Services>(seat: Seat<Services>, outcome: Outcome): void {
  if (outcome.kind === 'SNOOZE') return;
  const { event, followedBy } = outcome;
  refuseUndeclared(seat, seat.stage.emits, event);
  if (!followedBy) return;
  refuseUndeclared(seat, seat.stage.announces, followedBy);
  // Of another subject nobody holds the lock under which its events are numbered.
  if (followedBy.subject !== event.subject) {
    throw new TerminalError(
      `'${followedBy.type}' is about ${followedBy.subject}, '${event.type}' about ${event.subject}`,
    );
  }
}

function refuseUndeclared<Services>(seat: Seat<Services>, declared: readonly EventType[], { type }: EventDraft): void {
  if (declared.some((event) => event.type === type)) return;
  throw new TerminalError(`stage ${seat.id} returned '${type}', which it does not declare`);
}
