/**
 * Worker: reads, works and commits in the simulated world, in the order of consumer.ts, process.ts, settle.ts and
 * failure.ts, with a point before every call. All it decides it asks of src/streams/decide.ts.
 */
import {
  admitted,
  afterFailure,
  afterSuccess,
  nextCompensation,
  type RunSnapshot,
} from '../../../src/streams/decide.ts';
import { carryOn } from '../../../src/streams/carry.ts';
import { type Delivery, deliveryKey, toDeliveries } from '../../../src/streams/delivery.ts';
import { ConsumerCrashedError } from '../../../src/streams/errors.ts';
import { RETRYING } from '../../../src/streams/failure.ts';
import type { Registry, Seat } from '../../../src/streams/registry.ts';
import type { Outcome } from '../../../src/streams/workflow.ts';
import type { Bank } from './bank.ts';
import type { Broker, SimEntry } from './broker.ts';
import { cancelled, type Handling, handlers, orderSchema, release } from './business.ts';
import type { Chance, Scheduler } from './scheduler.ts';
import type { Store } from './store.ts';
import { Violation } from './violation.ts';
import type { Witness } from './witness.ts';

export interface Ground {
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly broker: Broker;
  readonly bank: Bank;
  readonly registry: Registry<null>;
  readonly witness: Witness;
  nowMs(): number;
}

type Member = { delivery: Delivery; claimed: RunSnapshot };
/** An entry in hand; null for what was carried here from the stage before. */
type Held = { stream: string; number: number; deliveries: readonly Delivery[] };

const BATCH_MAX = 3;
const THREADS_MAX = 3;
const DELIVERIES_MAX = 3;
const DELIVERIES_LIMIT_CALM = 1_000;

/** The database did not answer, or its answer was lost: nothing is known, nothing is acknowledged. */
class DatabaseLost extends Error {}

export class Worker {
  readonly #ground: Ground;
  readonly #name: string;
  #life = 0;
  #busy = new Map<string, number>();
  #inFlight = new Set<string>();
  #inHand = new Set<string>();
  #mustReplay = new Set<string>();

  constructor(ground: Ground, name: string) {
    this.#ground = ground;
    this.#name = name;
    this.#replayAll();
  }

  /** This life of the process, in every group. */
  get process(): string {
    return `${this.#name}.${this.#life}`;
  }

  /** Dies where it stands and comes back as another process. */
  crash(chance: Chance): void {
    this.#ground.scheduler.crash(this.process, chance);
    this.#life += 1;
    this.#busy = new Map();
    this.#inFlight = new Set();
    this.#inHand = new Set();
    this.#replayAll();
  }

  /** Redis came back: what was pending is read again. */
  reconnect(): void {
    this.#replayAll();
  }

  #replayAll(): void {
    this.#mustReplay = new Set(this.#ground.registry.seats.map((seat) => seat.id));
  }

  /**
   * The places where it could read something now.
   * @param living consumers whose entries are not taken over
   */
  readable(living: readonly string[]): { seat: Seat<null>; from: 'NEW' | 'PENDING' | 'OTHERS' }[] {
    const { registry, broker } = this.#ground;
    return registry.seats
      .filter((seat) => (this.#busy.get(seat.id) ?? 0) < THREADS_MAX)
      .flatMap((seat) => {
        const streams = registry.streamsOf(seat);
        const hasOwn = this.#mustReplay.has(seat.id) && streams.some((stream) => this.#own(stream, seat).length > 0);
        return [
          ...(streams.some((stream) => broker.hasNew(stream, seat.id)) ? [{ seat, from: 'NEW' as const }] : []),
          ...(hasOwn ? [{ seat, from: 'PENDING' as const }] : []),
          ...(streams.some((stream) => broker.hasClaimable(stream, seat.id, living))
            ? [{ seat, from: 'OTHERS' as const }]
            : []),
        ];
      });
  }

  #own(stream: string, seat: Seat<null>): SimEntry[] {
    return this.#ground.broker
      .readPending(stream, seat.id, this.process, 100)
      .filter(({ number }) => !this.#inHand.has(`${seat.id} ${stream} ${number}`));
  }

  /** Reads all streams of a stage at once, as XREADGROUP does. */
  read({ seat, from }: ReturnType<Worker['readable']>[number], calm: boolean): void {
    const { broker, registry } = this.#ground;
    const streams = registry.streamsOf(seat);
    if (from === 'OTHERS') {
      for (const stream of streams) this.#takeOver(seat, stream, calm ? DELIVERIES_LIMIT_CALM : DELIVERIES_MAX);
      return;
    }
    if (from === 'NEW') {
      const read = (stream: string) => broker.read(stream, seat.id, this.process, BATCH_MAX);
      return this.#take(
        seat,
        streams.flatMap((stream) => this.#deliver(seat, stream, read(stream))),
      );
    }
    this.#mustReplay.delete(seat.id);
    const own = streams.map((stream) => ({ stream, entries: this.#own(stream, seat) }));
    if (own.some(({ entries }) => entries.length > BATCH_MAX)) this.#mustReplay.add(seat.id);
    this.#take(
      seat,
      own.flatMap(({ stream, entries }) => this.#deliver(seat, stream, entries.slice(0, BATCH_MAX))),
    );
  }

  #takeOver(seat: Seat<null>, stream: string, limit: number): void {
    for (const { entry, deliveries } of this.#ground.broker.claim(stream, seat.id, this.process, BATCH_MAX)) {
      const held = this.#deliver(seat, stream, [entry]);
      if (deliveries > limit) this.#giveUp(seat, held, deliveries);
      else this.#take(seat, held);
    }
  }

  /** Pure SQL takes all that was read in one commit, a calling stage each event by itself; what it holds already waits. */
  #take(seat: Seat<null>, read: readonly Held[]): void {
    const held = read.filter(({ stream, number }) => !this.#inHand.has(`${seat.id} ${stream} ${number}`));
    if (held.length === 0) return;
    const groups = seat.stage.run ? held.map((one) => [one]) : [held];
    for (const group of groups) {
      this.#hold(seat, group, async () => {
        const deliveries = group.flatMap((one) => one.deliveries);
        // What was carried here and is in work is not begun a second time; its entry stays pending until it is asked again.
        if (deliveries.some((delivery) => this.#inFlight.has(keyOf(seat, delivery)))) throw new DatabaseLost();
        await this.#workOn(seat, deliveries);
      });
    }
  }

  async #workOn(seat: Seat<null>, deliveries: readonly Delivery[]): Promise<void> {
    const life = this.#life;
    const keys = deliveries.map((delivery) => keyOf(seat, delivery));
    for (const key of keys) this.#inFlight.add(key);
    try {
      const forward = deliveries.filter((delivery) => delivery.kind === 'RUN');
      if (seat.stage.run || forward.length !== deliveries.length) {
        for (const delivery of deliveries) await this.#callOut(seat, delivery);
      } else if (forward.length > 0) await this.#commitBatch(seat, forward);
    } finally {
      if (life === this.#life) for (const key of keys) this.#inFlight.delete(key);
    }
  }

  #giveUp(seat: Seat<null>, held: readonly Held[], deliveries: number): void {
    this.#hold(seat, held, async () => {
      for (const delivery of held.flatMap((one) => one.deliveries)) {
        await this.#fail(seat, delivery, new ConsumerCrashedError(deliveries));
      }
    });
  }

  #deliver(seat: Seat<null>, stream: string, entries: readonly SimEntry[]): Held[] {
    return entries.map(({ number, fields }) => {
      const deliveries = toDeliveries(seat, { stream, streamKey: stream, entryId: `${number}`, fields });
      if (!deliveries) throw new Violation('an entry cannot be read');
      return { stream, number, deliveries };
    });
  }

  /** One thread: the work, and the acknowledgement of what was committed. */
  #hold(seat: Seat<null>, held: readonly Held[], work: () => Promise<void>): void {
    const { scheduler, broker } = this.#ground;
    const life = this.#life;
    const keys = held.map(({ stream, number }) => `${seat.id} ${stream} ${number}`);
    for (const key of keys) this.#inHand.add(key);
    this.#busy.set(seat.id, (this.#busy.get(seat.id) ?? 0) + 1);
    scheduler.spawn(async () => {
      try {
        await work();
        const ack = await scheduler.point(this.process, 'ack');
        if (!ack.calm && ack.number % 12 === 0) this.#mustReplay.add(seat.id);
        else for (const { stream, number } of held) broker.ack(stream, seat.id, number);
      } catch (error) {
        if (!(error instanceof DatabaseLost)) throw error;
        this.#mustReplay.add(seat.id);
      } finally {
        if (life === this.#life) {
          for (const key of keys) this.#inHand.delete(key);
          this.#busy.set(seat.id, (this.#busy.get(seat.id) ?? 1) - 1);
        }
      }
    });
  }

  /** Goes on with what it has just committed, without waiting for Redis to bring it. */
  #carry(carried: readonly { seat: Seat<null>; delivery: Delivery }[]): void {
    for (const { seat, delivery } of carried) {
      this.#ground.scheduler.spawn(async () => {
        try {
          await this.#ground.scheduler.point(this.process, 'carry');
          if (!this.#inFlight.has(keyOf(seat, delivery))) await this.#workOn(seat, [delivery]);
        } catch (error) {
          if (!(error instanceof DatabaseLost)) throw error;
        }
      });
    }
  }

  /** One transaction: before it or after it the connection may be lost. */
  async #transaction<Result>(label: string, commit: (chance: Chance) => Result): Promise<Result> {
    const chance = await this.#ground.scheduler.point(this.process, label);
    const luck = chance.calm ? -1 : (chance.number >>> 8) % 16;
    if (luck === 0) throw new DatabaseLost();
    const result = commit(chance);
    if (luck === 1) throw new DatabaseLost();
    return result;
  }

  /** One transaction for all; when one member fails, one for each. */
  async #commitBatch(seat: Seat<null>, deliveries: readonly Delivery[]): Promise<void> {
    const chance = await this.#ground.scheduler.point(this.process, 'batch');
    const outcomes = new Map<Delivery, Awaited<ReturnType<typeof handle>>>();
    for (const [index, delivery] of deliveries.entries()) {
      const handling = this.#handling(seat, delivery, { ...chance, number: (chance.number >>> index) ^ index });
      outcomes.set(delivery, await handle(seat, handling));
    }
    if ([...outcomes.values()].every((one) => 'outcome' in one)) return this.#settle(seat, outcomes);
    for (const [delivery, one] of outcomes) {
      if ('error' in one) await this.#fail(seat, delivery, one.error);
      else await this.#settle(seat, new Map([[delivery, one]]));
    }
  }

  async #callOut(seat: Seat<null>, delivery: Delivery): Promise<void> {
    const { store } = this.#ground;
    const [member] = await this.#transaction('peek', () => {
      store.openRuns(seat.workflow.name, seat.id, [delivery]);
      return admitted(store, [delivery], seat.id);
    });
    if (!member) return;
    const chance = await this.#ground.scheduler.point(this.process, 'call');
    const handling = this.#handling(seat, delivery, chance);
    if (delivery.kind === 'COMPENSATE') {
      const failure = await release(handling).then(
        () => null,
        (error: unknown) => ({ error }),
      );
      if (failure) return this.#fail(seat, delivery, failure.error);
      await this.#transaction('compensated', () =>
        this.#admit(seat, delivery, () => {
          this.#ground.witness.compensated(delivery.runId, seat, delivery.eventId);
          this.#compensateNext(seat, delivery, seat.id);
        }),
      );
      return;
    }
    const outcome = await handle(seat, handling);
    if ('error' in outcome) await this.#fail(seat, delivery, outcome.error);
    else await this.#settle(seat, new Map([[delivery, outcome]]));
  }

  #handling(seat: Seat<null>, delivery: Delivery, chance: Chance): Handling {
    const payload = orderSchema.parse(delivery.payload);
    return {
      payload,
      chance,
      gateway: this.#ground.bank.client(this.process),
      waitedMs: this.#ground.nowMs() - this.#ground.witness.placedAtMs(payload.order),
      signal: new AbortController().signal,
    };
  }

  /** Runs `then` for the delivery if the inbox rule lets it through. */
  #admit(seat: Seat<null>, delivery: Delivery, then: (member: Member) => void): void {
    const { store } = this.#ground;
    store.openRuns(seat.workflow.name, seat.id, [delivery]);
    const [member] = admitted(store, [delivery], seat.id);
    if (member) then(member);
  }

  #settle(seat: Seat<null>, outcomes: ReadonlyMap<Delivery, { outcome: Outcome } | { error: unknown }>): Promise<void> {
    const { store } = this.#ground;
    const deliveries = [...outcomes.keys()];
    return this.#transaction('settle', (chance) => {
      store.openRuns(seat.workflow.name, seat.id, deliveries);
      const carried: { seat: Seat<null>; delivery: Delivery }[] = [];
      store.commit(() => {
        for (const { delivery } of admitted(store, deliveries, seat.id)) {
          const one = outcomes.get(delivery);
          const next = one && 'outcome' in one ? this.#store(seat, delivery, one.outcome) : null;
          if (next) carried.push(next);
        }
      });
      if (chance.number % 2 === 0) this.#carry(carried);
    });
  }

  /** @returns what could be carried on from here */
  #store(seat: Seat<null>, delivery: Delivery, outcome: Outcome): { seat: Seat<null>; delivery: Delivery } | null {
    const { runId, eventId } = delivery;
    const { store, witness, registry } = this.#ground;
    if (outcome.kind === 'SNOOZE') {
      const dueMs = this.#ground.nowMs() + outcome.delayMs;
      store.plan({ stage: seat.id, runId, eventId, kind: 'RUN', dueMs });
      return null;
    }
    witness.effect(runId, seat);
    const [event] = store.append([outcome.event], runId);
    if (!event) throw new Violation('an event was not stored');
    const next = afterSuccess(registry, seat, outcome.event.type);
    Object.assign(store.run(runId), { ...next, atEventId: event.id, failures: 0, retryAtMs: null });
    const follower = registry.next(seat.workflow, outcome.event.type);
    return follower
      ? {
          seat: follower,
          delivery: carryOn(follower.id, runId, outcome.event, { id: event.id, seq: event.seq ?? 0 }).delivery,
        }
      : null;
  }

  #fail(seat: Seat<null>, delivery: Delivery, error: unknown): Promise<void> {
    if (error instanceof Violation || error instanceof TypeError) throw error;
    const { store, witness } = this.#ground;
    const { runId, eventId, kind, subject } = delivery;
    return this.#transaction('fail', (chance) =>
      this.#admit(seat, delivery, ({ claimed }) => {
        const failures = claimed.failures + 1;
        const next = afterFailure(seat, { kind, failures, error }, () => (chance.number % 100) / 100);
        witness.failed({ runId, seat, failures, kind, isParked: next.kind === 'PARK' });
        store.run(runId).failures = failures;
        if (next.kind === 'RETRY') {
          store.plan({ stage: seat.id, runId, eventId, kind, dueMs: this.#ground.nowMs() + next.delayMs });
          store.append([{ type: RETRYING, subject, payload: delivery.payload }], runId);
        } else if (next.kind === 'PARK') store.park({ stage: seat.id, runId, eventId, kind });
        else this.#compensateNext(seat, delivery, null);
      }),
    );
  }

  #compensateNext(seat: Seat<null>, delivery: Delivery, done: string | null): void {
    const { store } = this.#ground;
    const { runId, eventId, subject } = delivery;
    const run = store.run(runId);
    const started = Number(runId.slice(runId.indexOf('/') + 1));
    const consumed = store.events.filter((event) => event.runId === runId || event.id === started);
    const next = nextCompensation(seat, consumed, eventId, done);
    if (next) {
      Object.assign(run, { state: 'COMPENSATING', stage: next.stage, atEventId: next.eventId, failures: 0 });
      return store.plan({
        stage: next.stage,
        runId,
        eventId: next.eventId,
        kind: 'COMPENSATE',
        dueMs: this.#ground.nowMs(),
      });
    }
    const [event] = store.append([{ type: cancelled.type, subject, payload: delivery.payload }], runId);
    Object.assign(run, { state: 'FAILED', atEventId: event?.id ?? 0, retryAtMs: null });
  }
}

const keyOf = (seat: Seat<null>, delivery: Delivery): string => `${seat.id} ${deliveryKey(delivery)}`;

const handle = (seat: Seat<null>, handling: Handling): Promise<{ outcome: Outcome } | { error: unknown }> =>
  (handlers[seat.id] ?? missing)(handling).then(
    (outcome) => ({ outcome }),
    (error: unknown) => ({ error }),
  );

const missing = async (): Promise<never> => {
  throw new Violation('a stage has no handler');
};
