/**
 * Settling: the one commit that stores a stage's effect, its run and its next event.
 *
 * Promise: for each member, either all three are stored or none; a member whose run has moved on is dropped whole.
 * Life of a member: outcome in hand → functions that write → one statement: parts, event, and the run carried on if it still
 * stands there. The careful way locks the run before (the inbox check).
 * Not here: running handlers (execute.ts) and recording failures (failure.ts).
 */
import type { Db, Tx } from '../db/client.ts';
import type { Clock } from './clock.ts';
import { afterSuccess } from './decide.ts';
import type { Delivery, WireEvent } from './delivery.ts';
import {
  type AppendDraft,
  type AppendedEvent,
  type AppendOptions,
  appendEvents,
  type EventOrigin,
  shardOf,
  type Steps,
  toWire,
} from './outbox.ts';
import type { RecentEvents } from './recent-events.ts';
import type { Registry, Seat } from './registry.ts';
import { type Carried, carriersOf, carryOn, type Carrying } from './carry.ts';
import { isRunTaken, isSeqTaken, isStray, TerminalError } from './errors.ts';
import type { EventDraft } from './event.ts';
import { advanceRuns, advanceStraight, beginStraight, claimRuns, type Member, openRuns, type RunStep } from './runs.ts';
import { planDeliveries } from './timers.ts';
import { type OutsideCall, type Trail, withCalls, withWait } from './trail.ts';
import { hasFunctions, type Outcome, type Write, writesOf } from './workflow.ts';

export interface SettleContext<Services> {
  readonly db: Db;
  readonly registry: Registry<Services>;
  readonly clock: Clock;
  readonly shards: number;
  readonly carrying: Carrying;
  readonly recent: RecentEvents;
  /** Stages whose last batch held something that was done already. */
  readonly doubts: Set<string>;
}

/** A delivery whose handler has an outcome. */
export interface Settled {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly calls: readonly OutsideCall[];
}

/** Opens and locks the runs of these deliveries and keeps those that may be worked on. */
export async function admit<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
): Promise<Member[]> {
  await openRuns(tx, seat, deliveries, { now: context.clock.now(), shards: context.shards });
  return claimRuns(tx, seat, deliveries, true);
}

/** What came of outcomes that were stored. */
export interface Stored {
  /** What this process carries on itself, once it is committed. */
  readonly carried: readonly Carried[];
  /** As they will travel, in the order in which they are told. */
  readonly events: readonly WireEvent[];
  /** Some run goes on only when Redis has brought one of the events. */
  readonly isAwaited: boolean;
}

/** An outcome of a handler, and what it was given. */
export interface Result {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly calls: readonly OutsideCall[];
  /** Failed attempts before this one. */
  readonly failures: number;
  /** What earlier tries did outside that no event tells. */
  readonly before: Trail | null;
}

/**
 * Stores outcomes of a stage's handler in one commit. Members that come too late are dropped silently.
 */
export async function settle<Services>(
  context: SettleContext<Services>,
  seat: Seat<Services>,
  settled: readonly Settled[],
): Promise<Stored> {
  const straight = settled.map((one) => ({ ...one, failures: 0, before: null }));
  const deliveries = settled.map((one) => one.delivery);
  return straightOrCareful(context, seat, deliveries, {
    straight: () => inOneCommit(context.db, straight, (tx) => storeStraight(tx, context, seat, straight)),
    careful: () =>
      context.db.transaction(async (tx) => {
        const members = await admit(tx, context, seat, deliveries);
        const outcomes = new Map(settled.map((one) => [one.delivery, one]));
        return store(
          tx,
          context,
          seat,
          members.map(({ delivery, claimed }) => ({
            failures: claimed.failures,
            before: claimed.trail ?? null,
            ...pick(outcomes, delivery),
          })),
        );
      }),
  });
}

function pick(outcomes: Map<Delivery, Settled>, delivery: Delivery): Settled {
  const found = outcomes.get(delivery);
  if (!found) throw new Error(`no outcome for event ${delivery.eventId}`);
  return found;
}

/** Deliveries whose runs most likely stand where they find them: no retries, no run twice. */
function canGoStraight(deliveries: readonly Delivery[]): boolean {
  const [first] = deliveries;
  return (
    deliveries.every(
      ({ kind, again, startsRun }) => kind === 'RUN' && !again && startsRun === (first?.startsRun ?? false),
    ) && new Set(deliveries.map(({ runId }) => runId)).size === deliveries.length
  );
}

/**
 * The usual case needs no look before the step: the step itself finds out, and all is rolled back, when a run does not
 * stand where it should or when another writer has told something of its subject. Then the careful way is gone.
 */
export async function straightOrCareful<Services, Answer>(
  { doubts }: SettleContext<Services>,
  seat: Seat<Services>,
  deliveries: readonly Delivery[],
  ways: { straight: () => Promise<Answer>; careful: () => Promise<Answer> },
): Promise<Answer> {
  if (doubts.delete(seat.id) || !canGoStraight(deliveries)) return ways.careful();
  try {
    return await ways.straight();
  } catch (error) {
    if (!(error instanceof SnoozedError) && !isStray(error) && !isSeqTaken(error) && !isRunTaken(error)) throw error;
    // Duplicates come in crowds, when a stream was filled again: the next ones are looked at before they are worked on.
    doubts.add(seat.id);
    return ways.careful();
  }
}

/** A run that waits is stored as such, by the careful way. */
class SnoozedError extends Error {
  override readonly name = 'SnoozedError';
}

/** What is one statement is a commit of its own; functions that write need a transaction around all of it. */
export const inOneCommit = <Answer>(
  db: Db,
  results: readonly Result[],
  storeAll: (tx: Tx) => Promise<Answer>,
): Promise<Answer> =>
  results.some(({ outcome }) => hasFunctions(outcome.write)) ? db.transaction(storeAll) : storeAll(db);

/** Stores outcomes of runs that nobody has locked, the inbox check being part of the last statement. */
export async function storeStraight<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  results: readonly Result[],
): Promise<Stored> {
  if (results.some(({ outcome }) => outcome.kind === 'SNOOZE')) throw new SnoozedError();
  const now = context.clock.now();
  // Where something may have been announced meanwhile, the number of what comes next has to be looked up.
  const seqOf = ({ delivery }: Result) => (seat.isNextTold ? delivery.seq + 1 : null);
  const told = results.flatMap((result) => toldBy(context, seat, result, seqOf(result)));
  const steps = told.map(({ step }) => step);
  // A stage that calls out has opened its runs before: it was looked whether to call for them (execute.ts).
  const begins = results[0]?.delivery.startsRun === true && seat.stage.run === undefined;
  const straight = begins
    ? beginStraight(seat, steps, { now, shards: context.shards })
    : advanceStraight(seat, steps, now);
  return tell(tx, context, seat, { results, told, straight, now });
}

/** Writes, events, runs and timers of admitted members, inside their transaction. */
export async function store<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  results: readonly Result[],
): Promise<Stored> {
  const now = context.clock.now();
  const told = results.flatMap((result) => toldBy(context, seat, result, null));
  const stored = await tell(tx, context, seat, { results, told, straight: undefined, now });
  const advances = told.flatMap(({ delivery: { runId }, step: { fromEventId, stage, state } }, at) => {
    const event = stored.events[at];
    return event && fromEventId !== null ? [{ runId, eventId: event.id, stage, state }] : [];
  });
  await advanceRuns(tx, advances, now);
  await planDeliveries(
    tx,
    results.flatMap(({ delivery: { runId, eventId }, outcome, before, calls }) => {
      if (outcome.kind !== 'SNOOZE') return [];
      const until = new Date(now.getTime() + outcome.delayMs);
      const trail = withWait(before, calls, { now, until });
      return [{ stage: seat.id, runId, eventId, kind: 'RUN' as const, dueAt: until, trail }];
    }),
  );
  return stored;
}

/** Writes and events of outcomes, and, going straight, the steps of their runs. */
async function tell<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  {
    results,
    told,
    straight,
    now,
  }: { results: readonly Result[]; told: readonly Told[]; straight: Steps | undefined; now: Date },
): Promise<Stored> {
  const carriers = carriersOf(context, seat);
  const writes = results.map(({ outcome }) => outcome.write);
  const drafts = told.map(({ draft }) => draft);
  const options = { now, shards: context.shards, carriers };
  const events = await storeWithEvents(tx, writes, drafts, options, straight);
  const carried: Carried[] = [];
  const wires: WireEvent[] = [];
  let isAwaited = false;
  const createdAt = now.toISOString();
  for (const [index, { draft, delivery, step, handOn }] of told.entries()) {
    const stored = events[index];
    if (!stored) throw new Error(`event ${draft.type} of run ${delivery.runId} was not stored`);
    // As it will travel, if this process is the one that sends it.
    const wire = toWire(draft, stored, createdAt);
    context.recent.note(shardOf(draft.subject, context.shards), wire);
    wires.push(wire);
    if (step.fromEventId === null || step.state !== 'RUNNING') continue;
    if (carriers[draft.type] === undefined) isAwaited = true;
    else carried.push(carryOn(step.stage, delivery.runId, draft, stored, handOn));
  }
  return { events: wires, carried, isAwaited };
}

interface Told {
  readonly draft: EventDraft & { readonly seq: number | null; readonly origin: EventOrigin };
  readonly delivery: Delivery;
  readonly step: RunStep;
  readonly handOn: object | undefined;
}

/** The events of an outcome, in the order in which they are told: what the stage returned, and what follows it. */
function toldBy<Services>(
  { registry }: Pick<SettleContext<Services>, 'registry'>,
  seat: Seat<Services>,
  result: Result,
  seqDue: number | null,
): Told[] {
  const { delivery, outcome, failures, durationMs, before, calls } = result;
  if (outcome.kind === 'SNOOZE') return [];
  const { event, followedBy, handOn } = outcome;
  const { runId, subject } = delivery;
  const next = afterSuccess(registry, seat, event.type);
  if (next.state === 'RUNNING' && event.subject !== subject) {
    throw new TerminalError(`'${event.type}' is about ${event.subject}, its run about ${subject}`);
  }
  const seq = event.subject === subject ? seqDue : null;
  const by = { runId, stage: seat.id, attempts: failures + 1 };
  const origin = { ...by, durationMs, trail: withCalls(before, calls) };
  const step = { ...next, subject, fromEventId: delivery.eventId };
  const told: Told = { draft: { ...event, seq, origin }, delivery, step, handOn };
  if (!followedBy) return [told];
  // Time and calls of the try stand beside the first, so that whoever adds them up counts them once.
  const draft = { ...followedBy, seq: seq === null ? null : seq + 1, origin: { ...by, durationMs: null } };
  return [told, { draft, delivery, step: { ...step, fromEventId: null }, handOn: undefined }];
}

/** Writes, and the events that tell of them; grouped writes and events are one statement. */
export async function storeWithEvents(
  tx: Tx,
  writes: readonly (Write | undefined)[],
  drafts: readonly AppendDraft[],
  options: AppendOptions,
  steps?: Steps,
): Promise<AppendedEvent[]> {
  const { functions, parts } = writesOf(writes);
  for (const write of functions) await write(tx);
  return appendEvents(tx, drafts, options, { parts, steps });
}
