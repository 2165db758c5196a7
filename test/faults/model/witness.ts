/**
 * Witness: notes what really happened in a simulated world and objects at once to what must never happen.
 *
 * Kept apart from the store, as the books of an outsider: nothing here is read by the engine.
 */
import type { Seat } from '../../../src/streams/registry.ts';
import type { Delivery } from '../../../src/streams/delivery.ts';
import type { Bank } from './bank.ts';
import { AMOUNT, cancelled, completed, placed, workflows } from './business.ts';
import type { Store } from './store.ts';
import { Violation } from './violation.ts';

interface Compensated {
  readonly stage: string;
  readonly eventId: number;
}

export class Witness {
  readonly #effects = new Map<string, string[]>();
  readonly #compensated = new Map<string, Compensated[]>();
  readonly #placedAtMs = new Map<string, number>();

  placed(order: string, nowMs: number): void {
    this.#placedAtMs.set(order, nowMs);
  }

  placedAtMs(order: string): number {
    return this.#placedAtMs.get(order) ?? 0;
  }

  /** A stage's effect was committed. */
  effect(runId: string, seat: Seat<null>): void {
    const effects = this.#effects.get(runId) ?? [];
    if (effects.includes(seat.id)) throw new Violation(`${seat.id} took effect twice in ${runId}`);
    if (this.#compensated.has(runId)) throw new Violation(`${seat.id} took effect in ${runId} while it was undone`);
    this.#effects.set(runId, [...effects, seat.id]);
  }

  compensated(runId: string, seat: Seat<null>, eventId: number): void {
    const pivot = seat.workflow.stages.find((stage) => stage.pivot);
    const effects = this.#effects.get(runId) ?? [];
    if (pivot && effects.includes(`${seat.workflow.name}.${pivot.name}`)) {
      throw new Violation(`${seat.id} was undone in ${runId} after the pivot`);
    }
    const before = this.#compensated.get(runId) ?? [];
    const last = before.at(-1);
    if (last && last.eventId <= eventId) throw new Violation(`${seat.id} was undone in ${runId} after ${last.stage}`);
    this.#compensated.set(runId, [...before, { stage: seat.id, eventId }]);
  }

  failed(failure: {
    runId: string;
    seat: Seat<null>;
    failures: number;
    kind: Delivery['kind'];
    isParked: boolean;
  }): void {
    const { runId, seat, failures, kind, isParked } = failure;
    if (kind === 'RUN' && failures > seat.stage.retry.attemptsMax) {
      throw new Violation(`${seat.id} was tried ${failures} times in ${runId}`);
    }
    // Nothing that a compensation meets here is hopeless.
    if (kind === 'COMPENSATE' && isParked) throw new Violation(`the undoing of ${seat.id} was given up in ${runId}`);
  }

  /** Money moved at most once, whatever else is under way. */
  checkBooks(bank: Bank): void {
    for (const order of this.#placedAtMs.keys()) {
      const captures = [...bank.books.authorizations.values()].filter(
        (one) => one.reference === order && one.capture !== null,
      );
      if (captures.length > 1) throw new Violation(`order ${order} was charged ${captures.length} times`);
    }
  }

  /** Faults have stopped and nothing moves any more: everything must have its end, here and at the bank. */
  checkEnd(store: Store, bank: Bank): void {
    this.checkBooks(bank);
    for (const run of store.runs.values()) {
      if (run.state !== 'COMPLETED' && run.state !== 'FAILED')
        throw new Violation(`${run.id} never ends: ${run.state} at ${run.stage}`);
    }
    for (const event of store.events) {
      const workflows =
        event.type === placed.type ? ['purchase', 'statistics'] : event.type === completed.type ? ['receipt'] : [];
      for (const workflow of workflows) {
        if (!store.runs.has(`${workflow}/${event.id}`))
          throw new Violation(`${workflow}/${event.id} was never started`);
      }
    }
    for (const order of this.#placedAtMs.keys()) this.#checkOrder(order, store, bank);
    this.#checkUndone(store);
  }

  #checkOrder(order: string, store: Store, bank: Bank): void {
    const events = store.events.filter((event) => event.subject === `order:${order}`);
    events.forEach((event, index) => {
      if (event.seq !== index + 1) throw new Violation(`order ${order} has a gap before seq ${event.seq}`);
    });
    const isDelivered = events.some((event) => event.type === completed.type);
    const payments = [...bank.books.authorizations.values()].filter((one) => one.reference === order);
    const kept = payments.reduce(
      (sum, one) =>
        sum + (one.capture?.amountMinor ?? 0) - one.refunds.reduce((all, refund) => all + refund.amountMinor, 0),
      0,
    );
    if (kept !== (isDelivered ? AMOUNT.amountMinor : 0)) {
      throw new Violation(
        `order ${order} ${isDelivered ? 'was delivered' : 'ended without a book'} and ${kept} was kept`,
      );
    }
    const held = payments.find((one) => one.state === 'AUTHORIZED' || one.state === 'REQUIRES_ACTION');
    if (held) throw new Violation(`order ${order} has ended and its money is still held`);
  }

  /** A run that was cancelled was undone whole: every stage that had its turn and can be undone. */
  #checkUndone(store: Store): void {
    const undoable = workflows.flatMap(({ name, stages }) =>
      stages
        .filter((stage) => 'compensate' in stage)
        .map((stage) => ({ id: `${name}.${stage.name}`, type: stage.on.type })),
    );
    for (const { type, runId } of store.events) {
      if (type !== cancelled.type || runId === null) continue;
      const done = this.#compensated.get(runId) ?? [];
      for (const stage of undoable) {
        const hadItsTurn = store.events.some((event) => event.runId === runId && event.type === stage.type);
        if (hadItsTurn && !done.some((one) => one.stage === stage.id)) {
          throw new Violation(`${runId} was cancelled and ${stage.id} was not undone`);
        }
      }
    }
  }
}
