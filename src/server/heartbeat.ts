/**
 * One clock for all long answers of a process: each is told to beat every 12 seconds, spread over the interval, so that
 * ten thousand of them never beat in the same turn.
 */
const INTERVAL_MS = 12_000;
const SLOTS = 120;

export interface Beating {
  /** Must not throw. */
  beat(): void;
}

export class Heartbeat {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<Beating>());
  #next = 0;
  #now = 0;
  #timer: NodeJS.Timeout | undefined;
  #size = 0;

  /** @returns the slot it is in, for `remove` */
  add(beating: Beating): number {
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    this.#slots[slot]?.add(beating);
    this.#size += 1;
    this.#timer ??= setInterval(() => this.#tick(), INTERVAL_MS / SLOTS).unref();
    return slot;
  }

  /** @param slot what `add` gave */
  remove(beating: Beating, slot: number): void {
    if (!this.#slots[slot]?.delete(beating)) return;
    this.#size -= 1;
    if (this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#now = (this.#now + 1) % SLOTS;
    for (const beating of this.#slots[this.#now] ?? []) beating.beat();
  }
}
