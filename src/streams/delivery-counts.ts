/**
 * Delivery counts: to how many live subscriptions of this process an event was handed, for whoever asks what a buyer saw.
 *
 * Promise: one step of a map for each delivery; of the last 20,000 events only, and only of this process.
 */
export interface Delivered {
  readonly count: number;
  /** The last one, in ms since 1970. */
  readonly lastAtMs: number;
}

const EVENTS_MAX = 20_000;

export class DeliveryCounts {
  readonly #byEvent = new Map<number, Delivered>();
  readonly #eventsMax: number;

  constructor(eventsMax = EVENTS_MAX) {
    this.#eventsMax = eventsMax;
  }

  note(eventId: number): void {
    const count = (this.#byEvent.get(eventId)?.count ?? 0) + 1;
    this.#byEvent.set(eventId, { count, lastAtMs: Date.now() });
    if (this.#byEvent.size <= this.#eventsMax) return;
    const [oldest] = this.#byEvent.keys();
    if (oldest !== undefined) this.#byEvent.delete(oldest);
  }

  /** @returns null when it was handed to nobody here, or that was too long ago */
  of(eventId: number): Delivered | null {
    return this.#byEvent.get(eventId) ?? null;
  }
}
