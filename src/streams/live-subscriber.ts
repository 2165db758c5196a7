/**
 * One subscriber of the live feed: where it stands in its subject, and what it has not pulled yet.
 *
 * Promise: every event once and in order; at most 32 events of streams and hints and 32 of a page in memory.
 * Life: gathering what comes → pulled from the buffer → behind, when the buffer is full or a number is missing: it drops
 * the buffer and reads on from PostgreSQL, a page at a time as it is pulled → ended.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isTransientDatabaseError } from './errors.ts';
import type { StoredEvent } from './event.ts';

/** Events one subscriber may have waiting in memory; with 64 KiB payloads at most, 2 MiB, and as much in a page. */
const BUFFER_MAX = 32;
export const PAGE_MAX = 32;
/** Stands for every empty list; nothing is ever pushed onto it. */
const NONE: StoredEvent[] = [];
const RETRY_DELAY_MS = 200;

/** The events of one subject, one after the other. */
export interface LiveEvents extends AsyncIterableIterator<StoredEvent> {
  /**
   * Calls back once, when `next` has something to do: an event, a page to read, the end; at once, if it has it now.
   * Who waits so holds no promise meanwhile, and what comes then is not kept alive by what has waited long.
   */
  whenReady(callback: () => void): void;
  /** Begins behind this seq; before the first `next`, when the subscription began without one. */
  startAfter(seq: number): void;
  return(): Promise<IteratorResult<StoredEvent>>;
}

/** What a subscriber needs of its feed. */
interface Feed {
  leave(subscriber: Subscriber): void;
  /** An event was handed to whoever reads the subscription. */
  handed(event: StoredEvent): void;
  readPage(subject: string, after: number): Promise<StoredEvent[]>;
}

/** One subscriber's place in its subject. Ten thousand of these wait at once: no field and no closure is for nothing. */
export class Subscriber implements LiveEvents {
  readonly subject: string;
  readonly #feed: Feed;
  /** Null until it is known where to begin. */
  #last: number | null;
  /** What was read from PostgreSQL, oldest first. */
  #page: StoredEvent[] = NONE;
  /** What streams and hints brought. */
  #buffer: StoredEvent[] = NONE;
  #behind: boolean;
  #ended = false;
  #wake: (() => void) | null = null;

  constructor(feed: Feed, subject: string, after: number | null) {
    this.#feed = feed;
    this.subject = subject;
    this.#last = after;
    this.#behind = after !== null;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  startAfter(seq: number): void {
    this.#last = seq;
  }

  whenReady(callback: () => void): void {
    if (this.#ended || this.#behind || this.#buffer.length > 0 || this.#page.length > 0) callback();
    else this.#wake = callback;
  }

  /** What comes again, from a hint and from its stream, wakes nobody. */
  offer(event: StoredEvent): void {
    const newest = this.#buffer.at(-1) ?? this.#page.at(-1);
    if (event.seq <= (newest?.seq ?? this.#last ?? 0)) return;
    // Who is behind reads it from PostgreSQL.
    if (!this.#behind) {
      if (this.#buffer.length >= BUFFER_MAX) this.resync();
      else if (this.#buffer === NONE) this.#buffer = [event];
      else this.#buffer.push(event);
    }
    this.#ring();
  }

  resync(): void {
    this.#buffer = NONE;
    this.#behind = true;
    this.#ring();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#feed.leave(this);
    this.#ring();
  }

  /** One after the other: whoever pulls waits for the answer before it pulls again. */
  async next(): Promise<IteratorResult<StoredEvent>> {
    while (!this.#ended) {
      const event = this.#take();
      if (event) {
        this.#last = event.seq;
        this.#feed.handed(event);
        return { value: event, done: false };
      }
      if (this.#behind) await this.#catchUp();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<StoredEvent>> {
    this.end();
    return { value: undefined, done: true };
  }

  #ring(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Reads on from PostgreSQL; while that is away, waits for it: the subscriber has lost nothing. */
  async #catchUp(): Promise<void> {
    this.#behind = false;
    try {
      this.#page = await this.#feed.readPage(this.subject, this.#last ?? 0);
      const newest = this.#page.at(-1)?.seq ?? 0;
      // What came again while the page was read.
      while ((this.#buffer[0]?.seq ?? Number.POSITIVE_INFINITY) <= newest) this.#buffer.shift();
      if (this.#page.length === PAGE_MAX) {
        this.#behind = true;
        this.#buffer = NONE;
      }
    } catch (error) {
      if (!isTransientDatabaseError(error)) throw error;
      this.#behind = true;
      await delay(RETRY_DELAY_MS);
    }
  }

  #take(): StoredEvent | undefined {
    const read = this.#page.shift();
    if (read) return read;
    this.#page = NONE;
    const event = this.#fromBuffer();
    if (this.#buffer.length === 0) this.#buffer = NONE;
    return event;
  }

  #fromBuffer(): StoredEvent | undefined {
    const next = (this.#last ?? 0) + 1;
    for (;;) {
      const event = this.#buffer.shift();
      if (!event || event.seq === next) return event;
      if (event.seq > next) {
        // A number is missing: it is committed, so PostgreSQL has it.
        this.resync();
        return undefined;
      }
    }
  }
}
