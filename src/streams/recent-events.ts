/**
 * Recent events: what the stages of this process have just stored, and what others have told of theirs (hints.ts), in the
 * form in which it travels, so that the relay of this process need not read it again.
 *
 * Promise: nothing depends on it: what is not here is read from PostgreSQL. It holds 16 Mi characters at most, the oldest
 * go first, and nothing while this process does not lead the shard.
 * A stage's event is asked for by the numbers of a pack that was committed; where that comes before it is noted here, it is
 * read. A database that was put back to an older state gives numbers again: so the instant must be the same as well.
 */
import type { WireEvent } from './delivery.ts';

const CHARACTERS_MAX = 16 * 1_024 * 1_024;
/** Numbers of events that were sent; a hint does not come that late. */
const SENT_MAX = 20_000;

interface Noted {
  readonly createdAt: string;
  readonly json: string;
  readonly carrier: string | null;
}

/** The events of a pack. */
export interface Taken {
  /** JSON: all of them, as one array. */
  readonly events: string;
  /** The process that has all of them in hand already; null when none has. */
  readonly carrier: string | null;
}

export class RecentEvents {
  /** The shards whose relay this process leads. */
  readonly #led = new Set<number>();
  readonly #byId = new Map<number, Noted>();
  /** What may still be told by a hint, although it is on its way already; the oldest first. */
  readonly #sent = new Set<number>();
  readonly #charactersMax: number;
  #characters = 0;

  constructor(charactersMax = CHARACTERS_MAX) {
    this.#charactersMax = charactersMax;
  }

  /** Begins to keep what is noted of a shard. @returns ends it, and forgets everything */
  lead(shard: number): () => void {
    this.#led.add(shard);
    return () => {
      this.#led.delete(shard);
      this.#byId.clear();
      this.#sent.clear();
      this.#characters = 0;
    };
  }

  leads(shard: number): boolean {
    return this.#led.has(shard);
  }

  get ledCount(): number {
    return this.#led.size;
  }

  /** Was it told before, or sent already? Then a hint comes too late to begin with it. */
  knows(id: number): boolean {
    return this.#byId.has(id) || this.#sent.has(id);
  }

  /** Remembers events that the relay sends for whoever reads them. */
  noteSent(ids: readonly number[]): void {
    for (const id of ids) this.#sent.add(id);
    for (const oldest of this.#sent) {
      if (this.#sent.size <= SENT_MAX) break;
      this.#sent.delete(oldest);
    }
  }

  /** @param carrier the process whose stages have it in hand already. (Default: none, or the one that its pack names) */
  note(shard: number, event: WireEvent, carrier: string | null = null): void {
    if (!this.#led.has(shard)) return;
    this.#forget(event.id);
    const json = JSON.stringify(event);
    this.#byId.set(event.id, { createdAt: event.createdAt, json, carrier });
    this.#characters += json.length;
    if (this.#characters > this.#charactersMax) this.#forgetOldest();
  }

  /**
   * Takes the events of a pack out, in their order.
   * @param createdAt when the pack was stored, ISO 8601 in UTC
   * @returns null when one of them is not here, or is another
   */
  take(ids: readonly number[], createdAt: string): Taken | null {
    const texts: string[] = [];
    let carrier: string | null | undefined;
    for (const id of ids) {
      const noted = this.#forget(id);
      if (noted?.createdAt !== createdAt) continue;
      texts.push(noted.json);
      carrier = carrier === undefined || carrier === noted.carrier ? noted.carrier : null;
    }
    return texts.length === ids.length ? { events: `[${texts.join(',')}]`, carrier: carrier ?? null } : null;
  }

  #forgetOldest(): void {
    for (const id of this.#byId.keys()) {
      if (this.#characters <= this.#charactersMax) break;
      this.#forget(id);
    }
  }

  #forget(id: number): Noted | undefined {
    const noted = this.#byId.get(id);
    if (!noted) return undefined;
    this.#characters -= noted.json.length;
    this.#byId.delete(id);
    return noted;
  }
}
