/**
 * Live feed: the events of a subject, in order, for subscribers.
 *
 * Promise: each subscriber gets every event with a greater seq than `after`, once, in order, across losses of Redis;
 * a slow subscriber costs a bounded buffer and nobody else's time.
 * How: PostgreSQL is the truth and is asked whenever the next number is not at hand; one blocking XREAD per process
 * brings what is new, hints bring the same a little sooner (live-hints.ts), and a map from subject to subscribers says whom
 * it is for.
 * Not here: what a subscriber does with it (live-subscriber.ts), who may see what (schema).
 */
import { sql } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/client.ts';
import { type Delivered, DeliveryCounts } from './delivery-counts.ts';
import { decodePack, type WireEvent } from './delivery.ts';
import { describeError } from './errors.ts';
import { listenToHints, readHint } from './hints.ts';
import type { StoredEvent } from './event.ts';
import { type LiveEvents, PAGE_MAX, Subscriber } from './live-subscriber.ts';
import type { Log } from './log.ts';
import {
  behind,
  entryNumber,
  firstNumber,
  lastNumbers,
  openBlockingReader,
  type StreamKeys,
  streamKeys,
} from './redis.ts';

export interface LiveFeedOptions {
  db: Db;
  redis: Redis;
  redisUrl: string;
  /** Put before every Redis key. */
  keyPrefix: string;
  /** The event types to follow; each has a stream per shard. */
  eventTypes: readonly string[];
  shards: number;
  log: Log;
}

const BLOCK_MS = 2_000;
const WATCHDOG_MS = BLOCK_MS + 3_000;
/** Entries of one stream in one answer: with 64 KiB each, 12 MiB. */
const READ_MAX = 200;
const RECONNECT_DELAY_MS = 200;

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #bySubject = new Map<string, Subscriber[]>();
  readonly #bySignal = new Map<AbortSignal, { members: Set<Subscriber>; endAll: () => void }>();
  readonly #stopping = new AbortController();
  readonly #delivered = new DeliveryCounts();
  readonly #keys: StreamKeys;
  #position = new Map<string, number>();
  #hints: { stop(): void } | null = null;
  #reading: Promise<void> | null = null;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#keys = streamKeys(options.keyPrefix);
  }

  /** Follows the streams until `stop`. Resolves once the positions are known, so that nothing later is missed. */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#hints = listenToHints(this.#options, 'live', (text) => {
      if (this.#bySubject.size > 0) this.#offer(readHint(text).map(toStored));
    });
    this.#reading = this.#follow(ready.resolve);
    await Promise.race([ready.promise, delay(WATCHDOG_MS, undefined, { ref: false })]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hints?.stop();
    for (const subscriber of [...this.#bySubject.values()].flat()) subscriber.end();
    await this.#reading;
  }

  /** How many subscribers there are, for health and tests. */
  get subscriberCount(): number {
    let count = 0;
    for (const subscribers of this.#bySubject.values()) count += subscribers.length;
    return count;
  }

  /**
   * The events of `subject` with a seq greater than `after`; ends with `signal`, `return()` or `stop()`.
   * @param after 0 for all there are; null to gather what comes until `startAfter` says where to begin
   */
  subscribe(subject: string, options: { after: number | null; signal?: AbortSignal }): LiveEvents {
    const subscriber = new Subscriber(this, subject, options.after);
    const subscribers = this.#bySubject.get(subject);
    if (subscribers) subscribers.push(subscriber);
    else this.#bySubject.set(subject, [subscriber]);
    if (options.signal) this.#endWith(options.signal, subscriber);
    if (this.#stopping.signal.aborted) subscriber.end();
    return subscriber;
  }

  /** For subscribers only. */
  leave(subscriber: Subscriber): void {
    this.#forgetSignal(subscriber);
    const subscribers = this.#bySubject.get(subscriber.subject);
    const at = subscribers?.indexOf(subscriber) ?? -1;
    if (!subscribers || at < 0) return;
    subscribers.splice(at, 1);
    if (subscribers.length === 0) this.#bySubject.delete(subscriber.subject);
  }

  /** For subscribers only. */
  handed(event: StoredEvent): void {
    this.#delivered.note(event.id);
  }

  /** To how many subscriptions of this process an event was handed; null for none, and for one of long ago. */
  delivered(eventId: number): Delivered | null {
    return this.#delivered.of(eventId);
  }

  /** For subscribers only: a page of what they have not seen. */
  readPage(subject: string, after: number): Promise<StoredEvent[]> {
    return readEvents(this.#options.db, subject, { after, limit: PAGE_MAX });
  }

  /** One listener a signal, however many it ends: a signal finds its listeners one by one. */
  #endWith(signal: AbortSignal, subscriber: Subscriber): void {
    if (signal.aborted) return subscriber.end();
    const known = this.#bySignal.get(signal);
    if (known) {
      known.members.add(subscriber);
      return;
    }
    const members = new Set([subscriber]);
    const endAll = () => {
      for (const member of members) member.end();
    };
    this.#bySignal.set(signal, { members, endAll });
    signal.addEventListener('abort', endAll, { once: true });
  }

  #forgetSignal(subscriber: Subscriber): void {
    for (const [signal, { members, endAll }] of this.#bySignal) {
      if (!members.delete(subscriber) || members.size > 0) continue;
      this.#bySignal.delete(signal);
      signal.removeEventListener('abort', endAll);
    }
  }

  async #follow(ready: () => void): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let client: Redis | null = null;
      const cut = () => client?.disconnect();
      signal.addEventListener('abort', cut, { once: true });
      try {
        client = await openBlockingReader(this.#options.redisUrl);
        await this.#findPositions();
        // What was committed while nobody read is in PostgreSQL only.
        this.#resyncAll();
        ready();
        while (!signal.aborted) await this.#readOnce(client);
      } catch (error) {
        if (signal.aborted) break;
        this.#options.log.debug({ error: describeError(error) }, 'the live feed lost Redis; connecting again');
        await delay(RECONNECT_DELAY_MS, undefined, { signal }).catch(() => {});
      } finally {
        signal.removeEventListener('abort', cut);
        cut();
      }
    }
  }

  async #findPositions(): Promise<void> {
    const { eventTypes, shards, redis } = this.#options;
    const names = eventTypes.flatMap((type) =>
      Array.from({ length: shards }, (_, shard) => this.#keys.key(type, shard)),
    );
    const numbers = await lastNumbers(redis, names);
    this.#position = new Map(names.map((name, index) => [name, numbers[index] ?? 0]));
  }

  async #readOnce(client: Redis): Promise<void> {
    const names = [...this.#position.keys()];
    const ids = names.map((name) => behind(this.#position.get(name) ?? 0));
    const { promise: silent, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('no answer from Redis')), WATCHDOG_MS);
    try {
      const reading = client.xread('COUNT', READ_MAX, 'BLOCK', BLOCK_MS, 'STREAMS', ...names, ...ids);
      const answer = await Promise.race([reading, silent]);
      if (answer) this.#dispatch(answer);
      else await this.#checkPositions();
    } finally {
      clearTimeout(timer);
    }
  }

  #dispatch(answer: readonly [string, readonly [string, string[]][]][]): void {
    const events: StoredEvent[] = [];
    for (const [name, entries] of answer) {
      for (const [entryId, fields] of entries) {
        const expected = (this.#position.get(name) ?? 0) + 1;
        this.#position.set(name, entryNumber(entryId));
        if (firstNumber(entryId) !== expected) this.#resyncAll();
        for (const event of decodePack(fields) ?? []) if (event.again === null) events.push(toStored(event));
      }
    }
    this.#offer(events.sort((a, b) => a.id - b.id));
  }

  #offer(events: readonly StoredEvent[]): void {
    for (const event of events)
      for (const subscriber of this.#bySubject.get(event.subject) ?? []) subscriber.offer(event);
  }

  /** A stream that ends before our position was lost and rebuilt: entries below it would never reach us. */
  async #checkPositions(): Promise<void> {
    const names = [...this.#position.keys()];
    const numbers = await lastNumbers(this.#options.redis, names);
    if (!names.some((name, index) => (numbers[index] ?? 0) < (this.#position.get(name) ?? 0))) return;
    await this.#findPositions();
    this.#resyncAll();
  }

  #resyncAll(): void {
    for (const subscribers of this.#bySubject.values()) for (const subscriber of subscribers) subscriber.resync();
  }
}

/** The stored events of a subject after a seq, in order. */
export async function readEvents(
  db: Pick<Db, 'execute'>,
  subject: string,
  { after, limit }: { after: number; limit: number },
): Promise<StoredEvent[]> {
  const rows = await db.execute<{
    id: string;
    type: string;
    subject: string;
    seq: number;
    run_id: string | null;
    stage: string | null;
    attempts: number | null;
    duration_ms: number | null;
    payload: unknown;
    created_at: Date | string;
  }>(sql`
    select id, type, subject, seq, run_id, stage, attempts, duration_ms, payload, created_at from event
    where subject = ${subject} and seq > ${after} order by seq limit ${limit}`);
  return [...rows].map((row) => ({
    id: Number(row.id),
    type: row.type,
    subject: row.subject,
    seq: row.seq,
    runId: row.run_id,
    stage: row.stage,
    attempts: row.attempts,
    durationMs: row.duration_ms,
    payload: row.payload,
    createdAt: new Date(row.created_at),
  }));
}

function toStored(wire: WireEvent): StoredEvent {
  const { id, type, subject, seq, runId, stage, attempts, durationMs, payload } = wire;
  return { id, type, subject, seq, runId, stage, attempts, durationMs, payload, createdAt: new Date(wire.createdAt) };
}
