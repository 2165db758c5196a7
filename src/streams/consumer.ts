/**
 * Consumer: one stage's place in its consumer group.
 *
 * It reads entries, hands what they hold to the stage's desk, and acknowledges an entry when all of it is dealt with.
 * Promise: nothing is lost when it, Redis or the database dies at any moment; pending entries are read again, those of
 * dead consumers are taken over after `reclaimIdleMs`. An entry in hand tells Redis that it is, however long it takes.
 * Not here: the work itself (desk.ts), the loop and its blocking client (reader.ts).
 */
import type { Redis } from 'ioredis';
import { carriedKeys, carrierOf, type Delivery, deliveryKey, type StreamEntry, toDeliveries } from './delivery.ts';
import { Desk } from './desk.ts';
import { countEvents, entryKey, inBatches, type Known, type Opened, parseEntries, parseStream } from './entries.ts';
import { ConsumerCrashedError, describeError } from './errors.ts';
import { holdBack } from './hold.ts';
import { areFinished, fail, lookAhead, type ProcessContext } from './process.ts';
import type { StreamKeys } from './redis.ts';
import type { Seat } from './registry.ts';

export interface ConsumerOptions {
  /** This process, in every group. */
  readonly name: string;
  /** Most events that a stage of pure SQL works on in one commit. */
  readonly batchMax: number;
  /** Most deliveries of one calling stage in work at once, whatever the stage declares. */
  readonly concurrencyMax: number;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  /** Does a process live that carries events on itself? */
  readonly isAlive: (carrier: string) => Promise<boolean>;
}

/** Entries that were handed out so often without an acknowledgement have killed their consumers. */
const DELIVERIES_MAX = 5;
/** From here on the events of an entry are worked on one by one, so that the one that kills is known. */
const DELIVERIES_TOGETHER_MAX = 2;
/** Longer than any batch of pure SQL takes; a second one that overlaps would only wait and find nothing left to do. */
const RECLAIM_IDLE_MS_MIN = 10_000;
const RECLAIM_MAX = 100;
/** Entries a calling stage reads at once; each may hold 500 events, which wait their turn here. */
const CALLING_READ_MAX = 8;
/** Entries held back for their carriers; more than that are worked on at once. */
const HELD_MAX = 1_000;

/** Batches of a pure SQL stage that Redis has brought, in work at once. */
const BATCHES_AT_ONCE = 2;

export class Consumer<Services> {
  readonly seat: Seat<Services>;
  readonly desk: Desk<Services>;
  /** Set when entries stayed pending: they must be read again. */
  mustReplay = true;
  readonly #context: ProcessContext<Services>;
  readonly #options: ConsumerOptions;
  /** Entries in hand, with the instant they came. */
  readonly #inHand = new Map<string, { entry: StreamEntry; sinceMs: number }>();
  readonly #working = new Set<Promise<void>>();
  #held = 0;
  #eventsPerEntry = 1;

  constructor(context: ProcessContext<Services>, seat: Seat<Services>, options: ConsumerOptions) {
    this.seat = seat;
    this.#context = context;
    this.#options = options;
    this.desk = new Desk(context, seat, Math.min(seat.stage.concurrency, options.concurrencyMax));
  }

  /** How many more entries it can take now. */
  get room(): number {
    // As many as held a batch of events when it read last.
    if (!this.seat.stage.run) return Math.max(1, Math.ceil(this.#options.batchMax / this.#eventsPerEntry));
    return Math.min(this.desk.freeCalls, CALLING_READ_MAX);
  }

  /** This process, in every group. */
  get name(): string {
    return this.#options.name;
  }

  get streamKeys(): { stream: string; key: string }[] {
    const shards = Array.from({ length: this.#context.shards }, (_, shard) => shard);
    return this.#context.registry
      .streamsOf(this.seat)
      .flatMap((stream) => shards.map((shard) => ({ stream, key: this.#options.keys.key(stream, shard) })));
  }

  /** Makes the group on every stream, from the very first entry on: after a loss of Redis nothing may be passed over. */
  async createGroups(): Promise<void> {
    for (const { key } of this.streamKeys) {
      await this.#options.redis.xgroup('CREATE', key, this.seat.id, '0', 'MKSTREAM').catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.includes('BUSYGROUP')) throw error;
      });
    }
  }

  /** Reads entries by `client` and begins to work on them. @returns how many */
  async read(client: Redis, from: 'NEW' | 'PENDING', blockMs: number | null): Promise<number> {
    const keys = this.streamKeys;
    const names = keys.map(({ key }) => key);
    const ids = names.map(() => (from === 'NEW' ? '>' : '0'));
    const group = ['GROUP', this.seat.id, this.#options.name, 'COUNT', Math.max(1, this.room)] as const;
    const answer =
      blockMs === null
        ? await client.xreadgroupBuffer(...group, 'STREAMS', ...names, ...ids)
        : await client.xreadgroupBuffer(...group, 'BLOCK', blockMs, 'STREAMS', ...names, ...ids);
    return this.#take(await this.#dropGone(parseEntries(answer, keys)), from);
  }

  /** A pending entry that was trimmed away was finished; unacknowledged, it would hold back trimming for ever. */
  async #dropGone(entries: readonly StreamEntry[]): Promise<StreamEntry[]> {
    for (const { streamKey, entryId, fields } of entries) {
      if (fields.length === 0) await this.#options.redis.xack(streamKey, this.seat.id, entryId);
    }
    return entries.filter(({ fields }) => fields.length > 0);
  }

  /** Takes over entries whose consumers are gone. @returns how many */
  async reclaim(idleMs = this.#reclaimIdleMs): Promise<number> {
    let taken = 0;
    for (const { stream, key } of this.streamKeys) {
      const answer = await this.#options.redis.xautoclaim(
        key,
        this.seat.id,
        this.#options.name,
        idleMs,
        '0-0',
        'COUNT',
        Math.min(RECLAIM_MAX, Math.max(1, this.room)),
      );
      const [, claimed] = Array.isArray(answer) ? answer : [];
      const together: StreamEntry[] = [];
      for (const entry of await this.#dropGone(parseStream(claimed, { stream, key }))) {
        if (this.#inHand.has(entryKey(entry))) continue;
        const deliveries = await this.#deliveriesOf(entry);
        if (deliveries > DELIVERIES_TOGETHER_MAX) await this.#takeAlone(entry, deliveries);
        else together.push(entry);
        taken += 1;
      }
      await this.#take(together, 'PENDING');
    }
    return taken;
  }

  /** A calling stage may be silent for as long as it declares; then its consumer must be gone. */
  get #reclaimIdleMs(): number {
    return this.seat.stage.run ? Math.max(RECLAIM_IDLE_MS_MIN, this.seat.stage.timeoutMs * 1.5) : RECLAIM_IDLE_MS_MIN;
  }

  /** Tells Redis of the entries that have been in hand for a while, so that nobody takes this consumer for dead. */
  async touch(): Promise<void> {
    const sinceMs = Date.now() - this.#reclaimIdleMs / 4;
    const long = [...this.#inHand.values()].filter((one) => one.sinceMs < sinceMs).map(({ entry }) => entry);
    for (const [key, entries] of Map.groupBy(long, ({ streamKey }) => streamKey)) {
      const ids = entries.map(({ entryId }) => entryId);
      await this.#options.redis.xclaim(key, this.seat.id, this.#options.name, 0, ...ids, 'JUSTID');
    }
  }

  /** Waits until nothing is in work. What is held back for others stays pending. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
    await this.desk.idle();
  }

  get isIdle(): boolean {
    return this.#working.size === 0 && this.desk.isIdle;
  }

  /** Waits until there is room for another entry. */
  async hasRoom(): Promise<void> {
    while (this.room === 0) await this.desk.someEnd();
  }

  async #take(entries: readonly StreamEntry[], from: 'NEW' | 'PENDING'): Promise<number> {
    const opened: Opened[] = [];
    const known: Known[] = [];
    for (const entry of entries) {
      if (this.#inHand.has(entryKey(entry))) continue;
      const keys = this.#keysKnown(entry);
      if (keys) {
        known.push({ entry, keys });
        continue;
      }
      const deliveries = toDeliveries(this.seat, entry);
      if (deliveries) opened.push({ entry, deliveries });
      else await this.#dropForeign(entry);
    }
    if (known.length > 0) void this.#join(known);
    const mine: Opened[] = [];
    for (const one of opened) if (from === 'PENDING' || !this.#hold(one)) mine.push(one);
    if (opened.length > 0) this.#eventsPerEntry = countEvents(opened) / opened.length;
    if (this.seat.stage.run) for (const one of mine) void this.#work([one]);
    else for (const batch of inBatches(mine, this.#options.batchMax)) await this.#workNext(batch);
    return opened.length + known.length;
  }

  /** The keys of an entry that this process carries, when all of them are at the desk: then it need not be opened. */
  #keysKnown(entry: StreamEntry): readonly string[] | null {
    if (carrierOf(entry) !== this.#options.name) return null;
    const keys = carriedKeys(entry);
    return keys?.every((key) => this.desk.knows(key)) ? keys : null;
  }

  #join(known: readonly Known[]): Promise<void> {
    return this.#handle(known, async () => {
      const left = await this.desk.join(known.flatMap(({ keys }) => keys));
      await this.#acknowledge(known, ({ keys }) => keys.some((key) => left.has(key)));
    });
  }

  /** Begins a batch when the one before the last has ended: two at once keep both the database and this process busy. */
  async #workNext(batch: readonly Opened[]): Promise<void> {
    while (this.#working.size >= BATCHES_AT_ONCE) await Promise.race(this.#working);
    const work = this.#work(batch);
    // A single batch is waited for, so that what comes meanwhile is read together.
    if (this.#eventsPerEntry === 1) await work;
  }

  /** Works on entries together. @returns a promise of their acknowledgement */
  #work(opened: readonly Opened[]): Promise<void> {
    return this.#handle(opened, async () => {
      const left = await this.desk.deal(opened.flatMap(({ deliveries }) => deliveries));
      await this.#acknowledge(opened, ({ deliveries }) => holds(left, deliveries));
    });
  }

  async #handle(opened: readonly { entry: StreamEntry }[], work: () => Promise<void>): Promise<void> {
    for (const { entry } of opened) this.#inHand.set(entryKey(entry), { entry, sinceMs: Date.now() });
    const done = work()
      .catch((error: unknown) => {
        this.mustReplay = true;
        this.#context.log.error({ stage: this.seat.id, error: describeError(error) }, 'entries were left pending');
      })
      .finally(() => {
        for (const { entry } of opened) this.#inHand.delete(entryKey(entry));
        this.#working.delete(done);
      });
    this.#working.add(done);
    await done;
  }

  /** The events of an entry one after the other: the first that is not done yet is the one that killed. */
  async #takeAlone(entry: StreamEntry, deliveryCount: number): Promise<void> {
    const deliveries = toDeliveries(this.seat, entry);
    if (!deliveries) return this.#dropForeign(entry);
    if (deliveryCount > DELIVERIES_MAX) await this.#giveUpFirst(deliveries, deliveryCount);
    const one = { entry, deliveries };
    void this.#handle([one], async () => {
      const left = new Set<string>();
      for (const delivery of deliveries) for (const key of await this.desk.deal([delivery])) left.add(key);
      await this.#acknowledge([one], () => holds(left, deliveries));
    });
  }

  async #giveUpFirst(deliveries: readonly Delivery[], deliveryCount: number): Promise<void> {
    const { members } = await lookAhead(this.#context, this.seat, deliveries);
    const [first] = members;
    if (first) await fail(this.#context, this.seat, first.delivery, new ConsumerCrashedError(deliveryCount));
  }

  /** What another process carries is left to it while it lives. @returns false when it is to be worked on here */
  #hold(one: Opened): boolean {
    const carrier = carrierOf(one.entry);
    if (carrier === null || carrier === this.#options.name || this.#held >= HELD_MAX) return false;
    // What a stage returned may begin a run of another workflow too, which is not what its carrier goes on with.
    if (one.deliveries.some(({ startsRun, isReturned }) => startsRun && isReturned)) return false;
    const key = entryKey(one.entry);
    this.#held += 1;
    this.#inHand.set(key, { entry: one.entry, sinceMs: Date.now() });
    void holdBack({
      isAlive: () => this.#options.isAlive(carrier),
      isFinished: () => areFinished(this.#context, this.seat, one.deliveries),
      timeoutMs: this.#reclaimIdleMs,
      stopping: this.#context.draining,
    }).then(async (end) => {
      this.#held -= 1;
      this.#inHand.delete(key);
      if (end === 'FINISHED') await this.#acknowledge([one], () => false);
      else if (end === 'ABANDONED') await this.#work([one]);
    });
    return true;
  }

  async #acknowledge<One extends { entry: StreamEntry }>(
    opened: readonly One[],
    isLeft: (one: One) => boolean,
  ): Promise<void> {
    const { done = [], pending = [] } = Object.groupBy(opened, (one) => (isLeft(one) ? 'pending' : 'done'));
    if (pending.length > 0) {
      this.mustReplay = true;
      await this.#forgetDeliveries(pending.map(({ entry }) => entry));
    }
    for (const [key, entries] of Map.groupBy(done, ({ entry }) => entry.streamKey)) {
      await this.#options.redis.xack(key, this.seat.id, ...entries.map(({ entry }) => entry.entryId)).catch(() => {
        // Committed but not acknowledged: read again later and dropped by the inbox check.
        this.mustReplay = true;
      });
    }
  }

  /** Reading an entry again counts as handing it out; what waits for the database has killed nobody. */
  async #forgetDeliveries(left: readonly StreamEntry[]): Promise<void> {
    for (const [key, entries] of Map.groupBy(left, ({ streamKey }) => streamKey)) {
      const ids = entries.map(({ entryId }) => entryId);
      await this.#options.redis
        .xclaim(key, this.seat.id, this.#options.name, 0, ...ids, 'RETRYCOUNT', 0, 'JUSTID')
        .catch(() => {
          // Redis is away as well: what it counted goes with it, or counts on a little further.
        });
    }
  }

  async #deliveriesOf(entry: StreamEntry): Promise<number> {
    const [pending] = await this.#options.redis.xpending(
      entry.streamKey,
      this.seat.id,
      entry.entryId,
      entry.entryId,
      1,
    );
    return Array.isArray(pending) ? Number(pending[3]) : 1;
  }

  async #dropForeign(entry: StreamEntry): Promise<void> {
    this.#context.log.error(
      { stage: this.seat.id, stream: entry.stream, entry: entry.entryId },
      'an entry that this stage cannot read was dropped',
    );
    await this.#options.redis.xack(entry.streamKey, this.seat.id, entry.entryId);
  }
}

const holds = (left: ReadonlySet<string>, deliveries: readonly Delivery[]): boolean =>
  left.size > 0 && deliveries.some((one) => left.has(deliveryKey(one)));
