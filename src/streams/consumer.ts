/**
 * Consumer: one stage's place in its consumer group.
 *
 * It reads as many entries as it has room for, works on them, and acknowledges what was committed. Calling stages work
 * on many entries at once and share commits: whatever is ready when the last commit ends goes into the next one.
 * Promise: nothing is lost when it, Redis or the database dies at any moment; pending entries are read again, those of
 * dead consumers are taken over after `reclaimIdleMs`.
 * Not here: the loop around it and its blocking client (reader.ts).
 */
import type { Redis } from 'ioredis';
import { type Delivery, type StreamEntry, toDelivery } from './delivery.ts';
import { ConsumerCrashedError } from './errors.ts';
import { attempt, fail, type ProcessContext, processBatch, type Processed, settleGroup } from './process.ts';
import type { StreamKeys } from './redis.ts';
import type { Seat } from './registry.ts';
import type { Settled } from './settle.ts';

export interface ConsumerOptions {
  /** This process, in every group. */
  readonly name: string;
  /** Most entries read at once by a stage that is pure SQL. */
  readonly batchMax: number;
  /** Most deliveries of one calling stage in work at once, whatever the stage declares. */
  readonly concurrencyMax: number;
  readonly redis: Redis;
  readonly keys: StreamKeys;
}

/** Entries that were handed out so often without an acknowledgement have killed their consumers. */
const DELIVERIES_MAX = 5;
/** Longer than any batch of pure SQL takes; a second one that overlaps would only wait and find nothing left to do. */
const RECLAIM_IDLE_MS_MIN = 10_000;
const RECLAIM_MAX = 100;

export class Consumer<Services> {
  readonly seat: Seat<Services>;
  /** Set when entries stayed pending: they must be read again. */
  mustReplay = true;
  readonly #context: ProcessContext<Services>;
  readonly #options: ConsumerOptions;
  readonly #inFlight = new Map<string, Promise<void>>();
  #ready: Settled[] = [];
  #settling: Promise<void> | null = null;

  constructor(context: ProcessContext<Services>, seat: Seat<Services>, options: ConsumerOptions) {
    this.seat = seat;
    this.#context = context;
    this.#options = options;
  }

  /** How many more entries it can take now. */
  get room(): number {
    if (!this.seat.stage.run) return this.#options.batchMax;
    return Math.max(0, Math.min(this.seat.stage.concurrency, this.#options.concurrencyMax) - this.#inFlight.size);
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
    const count = Math.max(1, this.room);
    const names = keys.map(({ key }) => key);
    const ids = names.map(() => (from === 'NEW' ? '>' : '0'));
    const answer =
      blockMs === null
        ? await client.xreadgroup(
            'GROUP',
            this.seat.id,
            this.#options.name,
            'COUNT',
            count,
            'STREAMS',
            ...names,
            ...ids,
          )
        : await client.xreadgroup(
            'GROUP',
            this.seat.id,
            this.#options.name,
            'COUNT',
            count,
            'BLOCK',
            blockMs,
            'STREAMS',
            ...names,
            ...ids,
          );
    const entries = parseEntries(answer, keys);
    return this.#take(await this.#dropGone(entries));
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
      const entries = await this.#dropGone(parseStream(claimed, { stream, key }));
      const healthy: StreamEntry[] = [];
      for (const entry of entries) {
        if (this.#inFlight.has(inFlightKey(entry))) continue;
        const deliveries = await this.#deliveriesOf(entry);
        if (deliveries > DELIVERIES_MAX) await this.#giveUp(entry, deliveries);
        else healthy.push(entry);
      }
      taken += await this.#take(healthy);
    }
    return taken;
  }

  /** A calling stage may be silent for as long as it declares; then its consumer must be gone. */
  get #reclaimIdleMs(): number {
    return this.seat.stage.run ? Math.max(RECLAIM_IDLE_MS_MIN, this.seat.stage.timeoutMs * 1.5) : RECLAIM_IDLE_MS_MIN;
  }

  /** Waits until nothing is in work. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0 || this.#settling) {
      await Promise.all([...this.#inFlight.values(), this.#settling ?? Promise.resolve()]);
    }
  }

  /** Waits until there is room for another entry. */
  async hasRoom(): Promise<void> {
    while (this.room === 0) await Promise.race(this.#inFlight.values());
  }

  async #take(entries: readonly StreamEntry[]): Promise<number> {
    const deliveries: Delivery[] = [];
    for (const entry of entries) {
      if (this.#inFlight.has(inFlightKey(entry))) continue;
      const delivery = toDelivery(this.seat, entry);
      if (delivery) deliveries.push(delivery);
      else await this.#dropForeign(entry);
    }
    if (deliveries.length === 0) return 0;
    if (this.seat.stage.run) for (const delivery of deliveries) this.#begin(delivery);
    else await this.#finish(await processBatch(this.#context, this.seat, deliveries));
    return deliveries.length;
  }

  /** Works on one delivery of a calling stage beside the others. */
  #begin(delivery: Delivery): void {
    const key = inFlightKey(delivery);
    const work = attempt(this.#context, this.seat, delivery).then(async (result) => {
      if ('processed' in result) return this.#finish(result.processed);
      this.#ready.push(result.settled);
      return this.#settleReady();
    });
    const done = work
      .catch((error: unknown) => {
        this.mustReplay = true;
        this.#context.log.error(
          { stage: this.seat.id, run: delivery.runId, error: String(error) },
          'a delivery was left pending',
        );
      })
      .finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, done);
  }

  /** Group commit: one commit at a time; what becomes ready meanwhile shares the next. */
  async #settleReady(): Promise<void> {
    while (this.#settling) await this.#settling;
    if (this.#ready.length === 0) return;
    const group = this.#ready;
    this.#ready = [];
    this.#settling = settleGroup(this.#context, this.seat, group)
      .then((processed) => this.#finish(processed))
      .finally(() => {
        this.#settling = null;
      });
    await this.#settling;
  }

  async #finish(processed: Processed): Promise<void> {
    if (processed.left.length > 0) {
      this.mustReplay = true;
      await this.#forgetDeliveries(processed.left);
    }
    const byKey = Map.groupBy(processed.done, (delivery) => delivery.streamKey);
    for (const [key, deliveries] of byKey) {
      await this.#options.redis.xack(key, this.seat.id, ...deliveries.map((delivery) => delivery.entryId)).catch(() => {
        // Committed but not acknowledged: read again later and dropped by the inbox check.
        this.mustReplay = true;
      });
    }
  }

  /** Reading an entry again counts as handing it out; what waits for the database has killed nobody. */
  async #forgetDeliveries(left: readonly Delivery[]): Promise<void> {
    for (const [key, deliveries] of Map.groupBy(left, (delivery) => delivery.streamKey)) {
      const ids = deliveries.map((delivery) => delivery.entryId);
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

  async #giveUp(entry: StreamEntry, deliveries: number): Promise<void> {
    const delivery = toDelivery(this.seat, entry);
    if (!delivery) return this.#dropForeign(entry);
    await this.#finish(await fail(this.#context, this.seat, delivery, new ConsumerCrashedError(deliveries)));
  }

  async #dropForeign(entry: StreamEntry): Promise<void> {
    this.#context.log.error(
      { stage: this.seat.id, stream: entry.stream, entry: entry.entryId },
      'an entry that this stage cannot read was dropped',
    );
    await this.#options.redis.xack(entry.streamKey, this.seat.id, entry.entryId);
  }
}

const inFlightKey = (at: { streamKey: string; entryId: string }): string => `${at.streamKey} ${at.entryId}`;

function parseEntries(answer: unknown, keys: readonly { stream: string; key: string }[]): StreamEntry[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((part: unknown) => {
    if (!Array.isArray(part)) return [];
    const place = keys.find(({ key }) => key === part[0]);
    return place ? parseStream(part[1], place) : [];
  });
}

function parseStream(entries: unknown, { stream, key }: { stream: string; key: string }): StreamEntry[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    // A pending entry that was trimmed away comes back without fields.
    const fields = Array.isArray(entry[1]) ? entry[1].map(String) : [];
    return [{ stream, streamKey: key, entryId: String(entry[0]), fields }];
  });
}
