/**
 * Desk: what one stage has in hand in this process, from Redis or carried from the stage before.
 *
 * Promise: a delivery is in work at most once at a time here, however it came. A stage that is pure SQL works on all it
 * is handed in one commit; a calling stage works on up to `concurrency` deliveries at once and shares commits: whatever
 * is ready when the last commit ends goes into the next one, and where nobody waits (`gatherMs`) calls are stored together.
 * Not here: entries and their acknowledgement (consumer.ts).
 */
import { type Delivery, deliveryKey } from './delivery.ts';
import { attempt, lookAhead, type ProcessContext, processBatch, type Processed, settleGroup } from './process.ts';
import type { Seat } from './registry.ts';
import type { Settled } from './settle.ts';

/** Deliveries in hand above which nothing is carried here any more. */
const CARRIED_MAX = 1_000;
const CARRY_AGAIN_MS = 250;
/** What was carried here and has waited longer for its turn is looked at, and read, before anything is called for it. */
const FRESH_MS_MAX = 1_000;
/** Carried deliveries remembered after they are done, until Redis brings them. */
const EARLY_MAX = 20_000;

interface Waiting {
  readonly delivery: Delivery;
  /** Its run was brought here by a commit of this process a moment ago: no need to look where it stands. */
  readonly isFresh: boolean;
  readonly sinceMs: number;
  /** True when it is dealt with, false when it has to be worked on again. */
  readonly end: (isDone: boolean) => void;
}

/** Of work that has ended, the keys of what was not dealt with. */
type Left = ReadonlySet<string>;
const NOTHING: Left = new Set();

export class Desk<Services> {
  readonly #seat: Seat<Services>;
  readonly #context: ProcessContext<Services>;
  readonly #concurrency: number;
  /** What is in work, by its key; those worked on together share one promise. */
  readonly #inWork = new Map<string, Promise<Left>>();
  /** Carried and done before Redis has brought them. */
  readonly #early = new Set<string>();
  /** Carried and in work, and whether Redis has brought them meanwhile. */
  readonly #carried = new Map<string, { isBrought: boolean }>();
  /** Carried deliveries that the database could not take, to be tried again. */
  #again: Delivery[] = [];
  readonly #queue: Waiting[] = [];
  readonly #calling = new Set<Waiting>();
  #isPumping = false;
  #ready: { settled: Settled; end: Waiting['end'] }[] = [];
  #settling: Promise<void> | null = null;
  #gathering: NodeJS.Timeout | undefined;

  /** @param concurrency calls of this stage at once */
  constructor(context: ProcessContext<Services>, seat: Seat<Services>, concurrency: number) {
    this.#context = context;
    this.#seat = seat;
    this.#concurrency = concurrency;
  }

  /** How many more calls can begin now. */
  get freeCalls(): number {
    return Math.max(0, this.#concurrency - this.#calling.size - this.#queue.length);
  }

  get hasRoomToCarry(): boolean {
    return this.#inWork.size < CARRIED_MAX;
  }

  /** Works on what Redis has brought, unless it is in work or done already. @returns the keys of those that are not dealt with */
  async deal(deliveries: readonly Delivery[]): Promise<Set<string>> {
    const wanted = new Map(deliveries.map((delivery) => [deliveryKey(delivery), delivery]));
    this.#begin([...wanted].filter(([key]) => !this.#early.has(key) && !this.#inWork.has(key)).map(([, one]) => one));
    return this.join([...wanted.keys()]);
  }

  /** Is it in work or done here already, carried before Redis brought it? */
  knows(key: string): boolean {
    return this.#early.has(key) || this.#carried.has(key);
  }

  /** Redis has brought what is known here. @returns the keys of those that are not dealt with */
  async join(keys: readonly string[]): Promise<Set<string>> {
    for (const key of keys) {
      this.#early.delete(key);
      const carried = this.#carried.get(key);
      if (carried) carried.isBrought = true;
    }
    const left = new Set<string>();
    for (const [work, together] of Map.groupBy(keys, (key) => this.#inWork.get(key))) {
      const ofWork = (await work) ?? NOTHING;
      if (ofWork.size > 0) for (const key of together) if (ofWork.has(key)) left.add(key);
    }
    return left;
  }

  /**
   * Works on what Redis has not brought yet.
   * @param isFresh the stage before has just committed it here
   */
  carry(deliveries: readonly Delivery[], isFresh: boolean): void {
    const mine = deliveries
      .map((delivery) => ({ delivery, key: deliveryKey(delivery) }))
      .filter(({ key }) => !this.#inWork.has(key));
    for (const { key } of mine) this.#carried.set(key, { isBrought: false });
    this.#begin(
      mine.map(({ delivery }) => delivery),
      isFresh,
    );
    for (const [work, together] of Map.groupBy(mine, ({ key }) => this.#inWork.get(key))) {
      void work?.then((left) => {
        for (const { key, delivery } of together) this.#endCarried(key, delivery, !left.has(key));
      });
    }
  }

  #endCarried(key: string, delivery: Delivery, isDone: boolean): void {
    const isBrought = this.#carried.get(key)?.isBrought ?? false;
    this.#carried.delete(key);
    if (isBrought) return;
    if (isDone) this.#remember(key);
    else this.#carryAgain(delivery);
  }

  /** Others leave it to this process while it lives: it must not be forgotten here. */
  #carryAgain(delivery: Delivery): void {
    if (this.#context.draining.aborted) return;
    // What was handed on with it was true then.
    this.#again.push({ ...delivery, handed: undefined });
    if (this.#again.length > 1) return;
    setTimeout(() => {
      const again = this.#again;
      this.#again = [];
      if (!this.#context.draining.aborted) this.carry(again, false);
    }, CARRY_AGAIN_MS).unref();
  }

  /** What is forgotten here is found out by the inbox check. */
  #remember(key: string): void {
    this.#early.add(key);
    if (this.#early.size <= EARLY_MAX) return;
    const [oldest] = this.#early;
    if (oldest !== undefined) this.#early.delete(oldest);
  }

  get isIdle(): boolean {
    return this.#inWork.size === 0;
  }

  /** Waits until nothing is in work. */
  async idle(): Promise<void> {
    while (this.#inWork.size > 0) await Promise.all(this.#inWork.values());
  }

  /** Waits until a call has ended. */
  async someEnd(): Promise<void> {
    if (this.#inWork.size > 0) await Promise.race(this.#inWork.values());
  }

  #begin(deliveries: readonly Delivery[], isFresh = false): void {
    if (deliveries.length === 0) return;
    if (this.#seat.stage.run) for (const delivery of deliveries) this.#enqueue(delivery, isFresh);
    else this.#beginBatch(deliveries);
    this.#pumpSoon();
  }

  /** Entries that were read together come one by one, in the same turn of the loop. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #beginBatch(deliveries: readonly Delivery[]): void {
    const work = processBatch(this.#context, this.#seat, deliveries).then(
      (processed) => this.#finish(processed),
      (error: unknown) => this.#leaveAll(deliveries, error),
    );
    this.#track(deliveries.map(deliveryKey), work);
  }

  #enqueue(delivery: Delivery, isFresh: boolean): void {
    const { promise, resolve } = Promise.withResolvers<Left>();
    const key = deliveryKey(delivery);
    this.#queue.push({
      delivery,
      isFresh,
      sinceMs: performance.now(),
      end: (isDone) => resolve(isDone ? NOTHING : new Set([key])),
    });
    this.#track([key], promise);
  }

  #track(keys: readonly string[], work: Promise<Left>): void {
    for (const key of keys) this.#inWork.set(key, work);
    void work.then(() => {
      for (const key of keys) this.#inWork.delete(key);
    });
  }

  /** Begins calls, several at once: each look at their runs is one statement. */
  #pump(): void {
    if (this.#context.draining.aborted) for (const { end } of this.#queue.splice(0)) end(false);
    const free = this.#concurrency - this.#calling.size;
    if (this.#queue.length === 0 || (free < this.#concurrency / 2 && free < this.#queue.length)) return;
    const slice = this.#queue.splice(0, free).map(unlessAged);
    for (const one of slice) this.#calling.add(one);
    void this.#callOut(slice);
  }

  async #callOut(slice: readonly Waiting[]): Promise<void> {
    const { known, unknown } = partition(slice);
    for (const one of known) void this.#call(one, 0);
    if (unknown.length === 0) return;
    const { members, left } = await lookAhead(
      this.#context,
      this.#seat,
      unknown.map(({ delivery }) => delivery),
    );
    const failures = new Map(members.map(({ delivery, claimed }) => [delivery, claimed.failures]));
    for (const one of unknown) {
      const failed = failures.get(one.delivery);
      if (failed !== undefined) void this.#call(one, failed);
      else this.#endCall(one, !left.includes(one.delivery));
    }
  }

  /** @param failures how often it has failed before */
  async #call(one: Waiting, failures: number): Promise<void> {
    const { delivery } = one;
    try {
      const result = await attempt(this.#context, this.#seat, delivery, failures);
      if ('processed' in result) {
        this.#endCall(one, this.#finish(result.processed).size === 0);
        return;
      }
      this.#ready.push({ settled: result.settled, end: (isDone) => this.#endCall(one, isDone) });
      await this.#settleGathered();
    } catch (error) {
      this.#leaveAll([delivery], error);
      this.#endCall(one, false);
    }
  }

  #endCall(one: Waiting, isDone: boolean): void {
    if (!this.#calling.delete(one)) return;
    one.end(isDone);
    if (this.#seat.stage.gatherMs > 0 && this.#ready.length > 0) void this.#settleGathered();
    this.#pump();
  }

  /** Where nobody waits, calls that were begun together are stored together: when the last has ended, or at its time. */
  async #settleGathered(): Promise<void> {
    const { gatherMs } = this.#seat.stage;
    if (gatherMs === 0 || this.#ready.length >= this.#calling.size) return this.#settleReady();
    this.#gathering ??= setTimeout(() => void this.#settleReady(), gatherMs);
  }

  /** Group commit: one commit at a time; what becomes ready meanwhile shares the next. */
  async #settleReady(): Promise<void> {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    while (this.#settling) await this.#settling;
    if (this.#ready.length === 0) return;
    const group = this.#ready;
    this.#ready = [];
    this.#settling = settleGroup(
      this.#context,
      this.#seat,
      group.map(({ settled }) => settled),
    )
      .then(
        (processed) => this.#finish(processed),
        (error: unknown) =>
          this.#leaveAll(
            group.map(({ settled }) => settled.delivery),
            error,
          ),
      )
      .then((left) => {
        for (const { settled, end } of group) end(!left.has(deliveryKey(settled.delivery)));
      })
      .finally(() => {
        this.#settling = null;
      });
    await this.#settling;
  }

  /** @returns the keys of those left */
  #finish({ left, carried }: Processed): Set<string> {
    if (carried.length > 0) this.#context.carrying.carry(carried);
    return new Set(left.map(deliveryKey));
  }

  #leaveAll(deliveries: readonly Delivery[], error: unknown): Set<string> {
    this.#context.log.error(
      { stage: this.#seat.id, run: deliveries[0]?.runId, runs: deliveries.length, error: String(error) },
      'deliveries were left pending',
    );
    return new Set(deliveries.map(deliveryKey));
  }
}

/** Meanwhile another process may have taken it over. */
const unlessAged = (one: Waiting): Waiting =>
  !one.isFresh || performance.now() - one.sinceMs < FRESH_MS_MAX
    ? one
    : { ...one, isFresh: false, delivery: { ...one.delivery, handed: undefined } };

const partition = (slice: readonly Waiting[]): { known: Waiting[]; unknown: Waiting[] } => ({
  known: slice.filter(({ isFresh }) => isFresh),
  unknown: slice.filter(({ isFresh }) => !isFresh),
});
