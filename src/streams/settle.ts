/**
 * Settling: the one commit that stores a stage's effect, its run and its next event.
 *
 * Promise: for each member, either all three are stored or none; a member whose run has moved on is dropped whole.
 * Life of a member: outcome in hand → run locked by the inbox check → write → event → run carried on.
 * Not here: running handlers (execute.ts) and recording failures (failure.ts).
 */
import type { Db, Tx } from '../db/client.ts';
import type { Clock } from './clock.ts';
import { afterSuccess } from './decide.ts';
import type { Delivery } from './delivery.ts';
import { appendEvents } from './outbox.ts';
import type { Registry, Seat } from './registry.ts';
import { carriersOf, type Carried, carryOn, type Carrying } from './carry.ts';
import { advanceRuns, claimRuns, type Member, openRuns, type RunAdvance } from './runs.ts';
import { planDeliveries } from './timers.ts';
import type { Advance, Outcome } from './workflow.ts';

export interface SettleContext<Services> {
  readonly db: Db;
  readonly registry: Registry<Services>;
  readonly clock: Clock;
  readonly shards: number;
  readonly carrying: Carrying;
}

/** A delivery whose handler has an outcome. */
export interface Settled {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly durationMs: number;
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

/**
 * Stores outcomes of a stage's handler in one commit. Members that come too late are dropped silently.
 * @returns what this process carries on itself
 */
export async function settle<Services>(
  context: SettleContext<Services>,
  seat: Seat<Services>,
  settled: readonly Settled[],
): Promise<Carried[]> {
  return context.db.transaction(async (tx) => {
    const members = await admit(
      tx,
      context,
      seat,
      settled.map((one) => one.delivery),
    );
    const outcomes = new Map(settled.map((one) => [one.delivery, one]));
    return store(
      tx,
      context,
      seat,
      members.map((member) => ({ member, ...pick(outcomes, member.delivery) })),
    );
  });
}

function pick(outcomes: Map<Delivery, Settled>, delivery: Delivery): { outcome: Outcome; durationMs: number } {
  const found = outcomes.get(delivery);
  if (!found) throw new Error(`no outcome for event ${delivery.eventId}`);
  return found;
}

/**
 * Writes, events, runs and timers of admitted members, inside their transaction.
 * @returns what this process carries on itself once that is committed
 */
export async function store<Services>(
  tx: Tx,
  context: SettleContext<Services>,
  seat: Seat<Services>,
  results: readonly { member: Member; outcome: Outcome; durationMs: number }[],
): Promise<Carried[]> {
  const carriers = carriersOf(context, seat);
  const now = context.clock.now();
  const advancing: { member: Member; outcome: Advance<string>; durationMs: number }[] = [];
  const snoozing = [];
  for (const { member, outcome, durationMs } of results) {
    if (outcome.kind === 'ADVANCE') advancing.push({ member, outcome, durationMs });
    else snoozing.push({ member, dueAt: new Date(now.getTime() + outcome.delayMs) });
  }
  for (const { outcome } of advancing) if (outcome.write) await outcome.write(tx);
  const events = await appendEvents(
    tx,
    advancing.map(({ member, outcome, durationMs }) => ({
      ...outcome.event,
      origin: {
        runId: member.delivery.runId,
        stage: seat.id,
        attempts: member.claimed.failures + 1,
        durationMs,
      },
    })),
    { now, shards: context.shards, carriers },
  );
  const advances = advancing.map(({ member, outcome }, index): RunAdvance => {
    const { runId } = member.delivery;
    const eventId = events[index]?.id;
    if (eventId === undefined) throw new Error(`event ${outcome.event.type} of run ${runId} was not stored`);
    return { runId, eventId, ...afterSuccess(context.registry, seat, outcome.event.type) };
  });
  await advanceRuns(tx, advances, now);
  await planDeliveries(
    tx,
    snoozing.map(({ member, dueAt }) => ({
      stage: seat.id,
      runId: member.delivery.runId,
      eventId: member.delivery.eventId,
      kind: 'RUN' as const,
      dueAt,
    })),
  );
  return advancing.flatMap(({ member, outcome: { event } }, index) => {
    const next = carriers[event.type] === undefined ? undefined : context.registry.next(seat.workflow, event.type);
    return next ? [carryOn(next.id, member.delivery.runId, event, advances[index]?.eventId ?? 0)] : [];
  });
}
