/**
 * Live hints: what the stages of this process have committed is told at once to the processes that serve subscribers, which
 * then need not wait until the relay has numbered and sent it.
 *
 * Promise: nothing depends on them. What is told was committed; a hint may be lost, come twice, or come late: the streams
 * bring the same events, and a subscriber takes each once and in order (live-subscriber.ts). What no stage returned
 * (announcements, failures, requests) is not told: behind it a subscriber reads a page from PostgreSQL, or hears the stream.
 * Life: what this process carries on itself is gathered → told with the first event behind which others go on, or with none.
 * While much is committed nothing is told: the relay's next pass brings all of it as soon, and whoever was told of a later
 * event without those before it would read them from PostgreSQL.
 */
import type { WireEvent } from './delivery.ts';
import { hintChannel, hintOf, publishHint, type Publisher } from './hints.ts';

/** Events of `RECENT_MS` above which nothing is told: those of some 200 purchases a second. */
const EVENTS_MAX = 64;
/** The relay sends what is carried after 20 ms; so long after that nobody waits for it any more. */
const RECENT_MS = 50;

interface Committed {
  /** None where they are too many to be told, and once they were. */
  events: readonly WireEvent[];
  readonly count: number;
  readonly atMs: number;
}

export class LiveHints {
  readonly #redis: Publisher;
  readonly #channel: string;
  #recent: Committed[] = [];

  constructor(redis: Publisher, keyPrefix: string) {
    this.#redis = redis;
    this.#channel = hintChannel(redis, keyPrefix, 'live');
  }

  /** Keeps what was committed until what follows is told. */
  gather(events: readonly WireEvent[]): void {
    const nowMs = performance.now();
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs < RECENT_MS);
    const count = events.length;
    if (count > 0) this.#recent.push({ events: count > EVENTS_MAX ? [] : events, count, atMs: nowMs });
  }

  /** Tells what was committed now, and what was gathered before it. */
  tell(events: readonly WireEvent[]): void {
    this.gather(events);
    if (this.#recent.reduce((sum, { count }) => sum + count, 0) > EVENTS_MAX) return;
    const untold = this.#recent.flatMap((one) => one.events);
    if (untold.length === 0) return;
    for (const one of this.#recent) one.events = [];
    const text = hintOf(untold);
    if (text !== null) publishHint(this.#redis, this.#channel, text);
  }
}
