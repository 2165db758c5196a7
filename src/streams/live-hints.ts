/**
 * Live hints: what the stages of this process have committed is told at once to the processes that serve subscribers, which
 * then need not wait until the relay has numbered and sent it.
 *
 * Promise: nothing depends on them. What is told was committed; a hint may be lost, come twice, or come late: the streams
 * bring the same events, and a subscriber takes each once and in order (live-subscriber.ts).
 * Life: what this process carries on itself is gathered → told with the first event behind which others go on, or with none.
 * Of much at once nothing is told: what so many share, the relay's next pass brings as soon.
 */
import type { WireEvent } from './delivery.ts';
import { CHARACTERS_MAX, hintChannel, publishHint, type Publisher } from './hints.ts';

/** Five purchases of the product, from the first stage to the last. */
const EVENTS_MAX = 32;
/** The relay sends what is carried after 20 ms; so long after that nobody waits for it any more. */
const GATHERED_MS_MAX = 50;

export class LiveHints {
  readonly #redis: Publisher;
  readonly #channel: string;
  #gathered: { readonly events: readonly WireEvent[]; readonly atMs: number }[] = [];

  constructor(redis: Publisher, keyPrefix: string) {
    this.#redis = redis;
    this.#channel = hintChannel(redis, keyPrefix, 'live');
  }

  /** Keeps what was committed until what follows is told. */
  gather(events: readonly WireEvent[]): void {
    const now = performance.now();
    this.#gathered = this.#gathered.filter(({ atMs }) => now - atMs < GATHERED_MS_MAX);
    this.#gathered.push({ events, atMs: now });
    if (this.#gathered.length > EVENTS_MAX) this.#gathered = [];
  }

  /** Tells what was committed now, and what was gathered before it. */
  tell(events: readonly WireEvent[]): void {
    this.gather(events);
    const all = this.#gathered.flatMap((one) => one.events);
    this.#gathered = [];
    if (all.length === 0 || all.length > EVENTS_MAX) return;
    const text = JSON.stringify(all);
    if (text.length <= CHARACTERS_MAX) publishHint(this.#redis, this.#channel, text);
  }
}
