/**
 * Live hints: what the stages of this process have committed is told at once to the processes that serve subscribers, which
 * then need not wait until the relay has numbered and sent it.
 *
 * Promise: nothing depends on them. Of all that it is given either subscribers are told or the relay. What is told was
 * committed; a hint may be lost, come twice, or come late: the streams
 * bring the same events, and a subscriber takes each once and in order (live-subscriber.ts). What no stage returned
 * (announcements, failures, requests) is not told: behind it a subscriber reads a page from PostgreSQL, or hears the stream.
 * Life: what this process carries on itself is gathered → told with the first event behind which others go on or with none,
 * and after 20 ms at the latest; the relay, which need not be woken for it, sends it by its own look.
 * While much is committed nothing is told, and the relay is woken: its next pass brings all of it as soon, and whoever was told
 * of a later event without those before it would read them from PostgreSQL.
 */
import type { WireEvent } from './delivery.ts';
import { hintChannel, hintOf, publishHint, type Publisher } from './hints.ts';

/** Events of `RECENT_MS` above which nothing is told: those of some 200 purchases a second. */
const EVENTS_MAX = 64;
const RECENT_MS = 50;
const GATHER_MS = 20;

interface Committed {
  /** None where they are too many to be told, once they were, and when the relay was woken for them. */
  events: readonly WireEvent[];
  readonly count: number;
  readonly atMs: number;
}

export class LiveHints {
  readonly #redis: Publisher;
  readonly #channel: string;
  readonly #wakeRelay: () => void;
  #recent: Committed[] = [];
  #gathering: NodeJS.Timeout | undefined;

  /** @param wakeRelay called when what was committed cannot be told, so that subscribers wait for the relay */
  constructor(redis: Publisher, keyPrefix: string, wakeRelay: () => void) {
    this.#redis = redis;
    this.#channel = hintChannel(redis, keyPrefix, 'live');
    this.#wakeRelay = wakeRelay;
  }

  /** Keeps what was committed until what follows is told, for 20 ms at most. */
  gather(events: readonly WireEvent[]): void {
    this.#keep(events);
    this.#gathering ??= setTimeout(() => this.#tellKept(), GATHER_MS).unref();
  }

  /** Tells what was committed now, and what was gathered before it. */
  tell(events: readonly WireEvent[]): void {
    this.#keep(events);
    this.#tellKept();
  }

  #keep(events: readonly WireEvent[]): void {
    const nowMs = performance.now();
    this.#recent = this.#recent.filter(({ events: untold, atMs }) => untold.length > 0 || nowMs - atMs < RECENT_MS);
    const count = events.length;
    if (count > 0) this.#recent.push({ events: count > EVENTS_MAX ? [] : events, count, atMs: nowMs });
  }

  #tellKept(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const isMuch = this.#recent.reduce((sum, { count }) => sum + count, 0) > EVENTS_MAX;
    const untold = isMuch ? [] : this.#recent.flatMap((one) => one.events);
    for (const one of this.#recent) one.events = [];
    const text = hintOf(untold);
    if (isMuch || text === null) this.#wakeRelay();
    else if (untold.length > 0) publishHint(this.#redis, this.#channel, text);
  }
}
