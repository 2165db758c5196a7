/**
 * Watches the rights of live subscriptions: each is asked again every 600 ms, silent or not, so that one ends within a
 * second of the sign-out, the expiry, the revocation or the loss of what it was about.
 *
 * Few are asked all at once; thousands are spread over six turns of the interval, 500 in a statement. What the database
 * cannot answer now is asked again in the next round, and by every event meanwhile (live.ts).
 */
import type { Accounts, Viewer } from '../accounts/accounts.ts';
import type { Db } from '../db/client.ts';
import { gathered } from './gather.ts';

const TURN_MS = 100;
const TURNS = 6;
/** So many share a turn before the next one is begun. */
const TURN_FILLED_AT = 250;
const KEYS_MAX = 500;

/** Whose a thing is, for one or for many at once. */
export interface OwnerLookup {
  readonly one: (db: Db, id: string) => Promise<string | undefined>;
  readonly many: (db: Db, ids: string[]) => Promise<ReadonlyMap<string, string>>;
}

/** @param many one statement for 1 to 500 different ids; what does not exist is missing */
export const ownerLookup = (many: OwnerLookup['many']): OwnerLookup => ({ one: gathered(many), many });

/** What only its owner and admins may watch. */
export interface Owned {
  readonly lookup: OwnerLookup;
  readonly id: string;
}

export interface Watched {
  readonly token: string | null;
  /** Null when the role alone decides, or nothing does. */
  readonly owned: Owned | null;
  /**
   * Told how things stood at `askedAtMs`. Must not throw.
   * @param viewer whose the token is now; null when it is good for nothing
   */
  judge(viewer: Viewer | null, ownerId: string | undefined, askedAtMs: number): void;
}

export class RightsWatch {
  readonly #db: Db;
  readonly #auth: Pick<Accounts, 'viewersOf'>;
  readonly #turns = Array.from({ length: TURNS }, () => new Set<Watched>());
  /** Turns whose last question is not answered yet. */
  readonly #asking = new Set<number>();
  #now = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, auth: Pick<Accounts, 'viewersOf'>) {
    this.#db = db;
    this.#auth = auth;
  }

  /** @returns the turn it is in, for `remove` */
  add(watched: Watched): number {
    const turn = this.#roomiest();
    this.#turns[turn]?.add(watched);
    this.#size += 1;
    this.#timer ??= setInterval(() => this.#tick(), TURN_MS).unref();
    return turn;
  }

  /** @param turn what `add` gave */
  remove(watched: Watched, turn: number): void {
    if (!this.#turns[turn]?.delete(watched)) return;
    this.#size -= 1;
    if (this.#size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #roomiest(): number {
    const open = this.#turns.findIndex(({ size }) => size < TURN_FILLED_AT);
    if (open >= 0) return open;
    const sizes = this.#turns.map(({ size }) => size);
    return sizes.indexOf(Math.min(...sizes));
  }

  #tick(): void {
    this.#now = (this.#now + 1) % TURNS;
    const turn = this.#now;
    const watched = this.#turns[turn];
    if (!watched || watched.size === 0 || this.#asking.has(turn)) return;
    this.#asking.add(turn);
    this.#ask([...watched])
      .catch(() => {})
      .finally(() => this.#asking.delete(turn));
  }

  async #ask(watched: readonly Watched[]): Promise<void> {
    for (let at = 0; at < watched.length; at += KEYS_MAX) {
      const together = watched.slice(at, at + KEYS_MAX);
      const askedAtMs = performance.now();
      const [viewers, owners] = await Promise.all([this.#viewersOf(together), this.#ownersOf(together)]);
      for (const one of together) {
        const viewer = one.token === null ? null : (viewers.get(one.token) ?? null);
        one.judge(viewer, one.owned ? owners.get(one.owned.lookup)?.get(one.owned.id) : undefined, askedAtMs);
      }
    }
  }

  async #viewersOf(watched: readonly Watched[]): Promise<ReadonlyMap<string, Viewer>> {
    const tokens = new Set(watched.flatMap(({ token }) => token ?? []));
    return tokens.size === 0 ? new Map() : this.#auth.viewersOf([...tokens]);
  }

  async #ownersOf(watched: readonly Watched[]): Promise<ReadonlyMap<OwnerLookup, ReadonlyMap<string, string>>> {
    const idsOf = new Map<OwnerLookup, Set<string>>();
    for (const { owned } of watched) {
      if (owned) idsOf.set(owned.lookup, (idsOf.get(owned.lookup) ?? new Set()).add(owned.id));
    }
    const found = [...idsOf].map(async ([lookup, ids]) => [lookup, await lookup.many(this.#db, [...ids])] as const);
    return new Map(await Promise.all(found));
  }
}

const watches = new WeakMap<Accounts, RightsWatch>();

/** The one watch of a process. */
export function watchOf({ keyedDb, auth }: { keyedDb: Db; auth: Accounts }): RightsWatch {
  const watch = watches.get(auth) ?? new RightsWatch(keyedDb, auth);
  watches.set(auth, watch);
  return watch;
}
