/**
 * Decisions: what the engine does next, as pure functions of what it has just read.
 *
 * No clock, database or broker: whoever reads the rows and writes the answer is elsewhere (settle.ts, failure.ts,
 * relay.ts, trim.ts). The model test drives exactly these functions through simulated worlds.
 */
import { stagesBefore } from './check-workflow.ts';
import type { Delivery } from './delivery.ts';
import { ConsumerCrashedError, TerminalError } from './errors.ts';
import type { Random } from './clock.ts';
import type { AppendAnswer } from './redis.ts';
import type { Registry, Seat } from './registry.ts';
import { nextDelayMs, type RetryPolicy, untilDone } from './retry.ts';
import type { Trail } from './trail.ts';
import { stageId } from './workflow.ts';

export type RunState = 'RUNNING' | 'COMPENSATING' | 'COMPLETED' | 'FAILED' | 'PARKED' | 'CANCELLED';

/** A run as it was read. */
export interface RunSnapshot {
  readonly runId: string;
  readonly state: RunState;
  readonly stage: string;
  /** The one event it can be carried on from. */
  readonly atEventId: number;
  readonly failures: number;
  /** True while a timer holds its next try. */
  readonly isWaiting: boolean;
  /** What its stage did outside in tries that came to no event. (Default: nothing) */
  readonly trail?: Trail | null;
}

type Asked = Pick<Delivery, 'runId' | 'eventId' | 'kind'>;

/**
 * The inbox rule: may this delivery still be worked on? Else it is a duplicate, or too late, or too early.
 *
 * While a timer waits nothing else may come first, not even the delivery of an earlier timer that arrives again: each of
 * them would plan a timer of its own, and the run would be tried more often than its policy says.
 */
export function admits(run: RunSnapshot, delivery: Asked, stage: string): boolean {
  return (
    run.atEventId === delivery.eventId &&
    run.stage === stage &&
    run.state === (delivery.kind === 'RUN' ? 'RUNNING' : 'COMPENSATING') &&
    !run.isWaiting
  );
}

/** The deliveries of a batch that may be worked on; one of each run, should it hold an event twice. */
export function admitted<Member extends Asked>(
  runs: Pick<ReadonlyMap<string, RunSnapshot>, 'get'>,
  deliveries: readonly Member[],
  stage: string,
): { delivery: Member; claimed: RunSnapshot }[] {
  const taken = new Set<string>();
  return deliveries.flatMap((delivery) => {
    const claimed = runs.get(delivery.runId);
    if (!claimed || taken.has(delivery.runId) || !admits(claimed, delivery, stage)) return [];
    taken.add(delivery.runId);
    return [{ delivery, claimed }];
  });
}

/** Where a run stands once its stage has returned an event: at the stage that consumes it, or at its end. */
export function afterSuccess<Services>(
  registry: Pick<Registry<Services>, 'next'>,
  seat: Seat<Services>,
  eventType: string,
): { stage: string; state: 'RUNNING' | 'COMPLETED' } {
  const next = registry.next(seat.workflow, eventType);
  return next ? { stage: next.id, state: 'RUNNING' } : { stage: seat.id, state: 'COMPLETED' };
}

/** A compensation is not given up because it fails often: money or a promise hangs on it. */
const COMPENSATION_RETRY: RetryPolicy = untilDone({ delayMs: 1_000, delayMsMax: 60_000 });

export type AfterFailure =
  | { readonly kind: 'RETRY'; readonly delayMs: number }
  | { readonly kind: 'COMPENSATE' }
  | { readonly kind: 'PARK'; readonly reason: 'TERMINAL' | 'CRASHED' | 'ATTEMPTS_EXHAUSTED' };

/**
 * What a failed attempt leads to. After the pivot there is only forward: no compensation, whatever happens. A
 * compensation that can never succeed is parked, for somebody to decide.
 * @param failures this one included
 */
export function afterFailure<Services>(
  seat: Seat<Services>,
  attempt: { kind: Delivery['kind']; failures: number; error: unknown },
  random: Random,
): AfterFailure {
  const { kind, failures, error } = attempt;
  const policy = kind === 'COMPENSATE' ? COMPENSATION_RETRY : seat.stage.retry;
  // Consumers die of what is beside them as well: only a bounded stage that runs foreign work is condemned for it.
  const isFinal =
    error instanceof TerminalError ||
    (error instanceof ConsumerCrashedError && seat.stage.run !== undefined && Number.isFinite(policy.attemptsMax));
  const delayMs = isFinal ? null : nextDelayMs(policy, failures, random);
  if (delayMs !== null) return { kind: 'RETRY', delayMs };
  if (kind === 'RUN' && seat.workflow.failsWith && !seat.isAfterPivot) return { kind: 'COMPENSATE' };
  return { kind: 'PARK', reason: reasonOf(error) };
}

function reasonOf(error: unknown): 'TERMINAL' | 'CRASHED' | 'ATTEMPTS_EXHAUSTED' {
  if (error instanceof TerminalError) return 'TERMINAL';
  return error instanceof ConsumerCrashedError ? 'CRASHED' : 'ATTEMPTS_EXHAUSTED';
}

/** The stages whose compensation may be due from here: the one at hand, whose call may have landed, and those before. */
export function compensable<Services>(
  seat: Seat<Services>,
  compensated: string | null,
): { stage: string; eventType: string }[] {
  return [seat.stage, ...stagesBefore(seat.stage, seat.workflow.stages)]
    .map((stage) => ({ stage: stageId(seat.workflow, stage), eventType: stage.on.type, stageDeclared: stage }))
    .filter(({ stage, stageDeclared }) => stageDeclared.compensate && stage !== compensated)
    .map(({ stage, eventType }) => ({ stage, eventType }));
}

/**
 * The compensation to do next, the newest first; null when none is left.
 * @param consumed the run's events, in any order
 * @param atEventId nothing newer than this was consumed on the way here
 * @param compensated the stage whose compensation has just been done; null when the undoing begins
 */
export function nextCompensation<Services>(
  seat: Seat<Services>,
  consumed: readonly { id: number; type: string }[],
  atEventId: number,
  compensated: string | null,
): { stage: string; eventId: number } | null {
  const candidates = compensable(seat, compensated);
  const [newest] = consumed
    .filter(({ id, type }) => id <= atEventId && candidates.some((candidate) => candidate.eventType === type))
    .toSorted((a, b) => b.id - a.id);
  const found = candidates.find((candidate) => candidate.eventType === newest?.type);
  return newest && found ? { stage: found.stage, eventId: newest.id } : null;
}

/** What the relay does after an append was answered. */
export function afterAppend(answer: AppendAnswer): { kind: 'GO_ON' } | { kind: 'REFILL'; lastInRedis: number } {
  return answer.appended ? { kind: 'GO_ON' } : { kind: 'REFILL', lastInRedis: answer.last };
}

/**
 * The number after which a stream is filled again: after what it holds, or, when it holds nothing, after what every
 * stage that reads it has finished. A stage that has not told yet has finished nothing.
 * @param readers the stages that read the stream; with none, there is nothing to wait for
 * @param done by stage, up to where it has finished, for the stages that have told so far
 */
export function refillAfter(
  lastInRedis: number,
  readers: readonly string[],
  done: ReadonlyMap<string, number>,
): number {
  if (lastInRedis > 0) return lastInRedis;
  const waitedFor = readers.length > 0 ? readers : [NO_STAGE];
  return Math.min(...waitedFor.map((stage) => done.get(stage) ?? 0));
}

/** In whose name the progress of a stream is kept that no stage reads: nothing of it is ever needed again. */
export const NO_STAGE = '';

/** What is wrong with a stream, if anything, by its last number here and there. */
export function judgeStream(lastInRedis: number, lastStamped: number): 'WHOLE' | 'BEHIND' | 'AHEAD' {
  if (lastInRedis === lastStamped) return 'WHOLE';
  return lastInRedis < lastStamped ? 'BEHIND' : 'AHEAD';
}

/** A consumer group as Redis tells of it. */
export interface GroupState {
  /** The last event handed out. */
  readonly lastDelivered: number;
  /** The first event of the oldest entry that was handed out and not acknowledged, if there is one. */
  readonly oldestPending: number | null;
}

/** Up to where a group has finished: before its oldest pending entry, else all that was handed out. */
export function finishedUpTo(group: GroupState | null, lastStamped: number): number {
  if (!group) return 0;
  return Math.min(lastStamped, group.oldestPending === null ? group.lastDelivered : group.oldestPending - 1);
}

/**
 * The number up to which a stream may be trimmed; 0 or less is nothing.
 * @param finished up to where each stage that reads it has finished
 * @param tailEntries kept at the end for live readers
 */
export function trimUpTo(lastStamped: number, finished: readonly number[], tailEntries: number): number {
  return Math.min(lastStamped - tailEntries, ...finished);
}
