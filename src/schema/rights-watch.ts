/**
 * Watches the rights of live subscriptions: each is asked again every 600 ms, silent or not, so that one ends within a
 * second of the sign-out, the expiry, the revocation or the loss of what it was about.
 *
 * Few are asked all at once; thousands are spread over six turns of the interval, 500 in a statement. What the database
 * cannot answer now is asked again in the next round, and by every event meanwhile (live.ts).
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Accounts, Viewer } from '../accounts/accounts.ts';
import type { Acting } from '../accounts/lost.ts';
import type { Db } from '../db/client.ts';
import { rowsOf } from '../db/rows.ts';
import { asked, gathered } from './gather.ts';

const TURN_MS = 100;
const TURNS = 6;
/** So many share a turn before the next one is begun. */
const TURN_FILLED_AT = 250;
const KEYS_MAX = 500;

/** Whose a thing is. */
export interface OwnerLookup {
  /** Shared with all who ask in the same turn. @returns undefined for what does not exist */
  readonly one: (db: Db, id: string) => Promise<string | undefined>;
  /** @returns of 1 to 500 things, those that are gone or not theirs who watch them */
  readonly lost: <Watching extends WatchingOwn>(db: Db, watching: readonly Watching[]) => Promise<Watching[]>;
}

/** @param ownerOf the one row `owner` of the thing with this id, which is a UUID; no row when there is none */
export function ownerLookup(ownerOf: (id: SQL) => SQL): OwnerLookup {
  // Limited, so that each is a look into the index, however the tables were when it was planned.
  const ownerById = (id: SQL) => sql`lateral (${ownerOf(id)} limit 1) as owned`;
  return {
    one: gathered(async (db: Db, ids: string[]) => {
      const rows = await db.execute<{ id: string; owner: string }>(sql`
        select asked.key as id, owned.owner from ${asked(ids)} cross join ${ownerById(sql`asked.key::uuid`)}`);
      return new Map([...rows].map(({ id, owner }) => [id, owner]));
    }),
    lost: async (db, watching) => {
      const alike = [...Map.groupBy(watching, (one) => `${one.owned.id} ${mustOwn(one)}`).values()];
      const each = alike.flatMap(([one]) => one ?? []);
      const { from, of, place } = rowsOf({
        id: ['uuid', each.map(({ owned }) => owned.id)],
        owner: ['uuid', each.map(mustOwn)],
      });
      const rows = await db.execute<{ place: number }>(sql`
        select ${place} as place from ${from} left join ${ownerById(of('id'))} on true
        where owned.owner is null or owned.owner <> ${of('owner')}`);
      return [...rows].flatMap(({ place: at }) => alike[at] ?? []);
    },
  };
}

/** Who must own it for them to go on watching; null for anybody. */
const mustOwn = ({ viewer }: WatchingOwn): string | null => (viewer?.role === 'ADMIN' ? null : (viewer?.id ?? NOBODY));

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** What only its owner and admins may watch. */
export interface Owned {
  readonly lookup: OwnerLookup;
  readonly id: string;
}

/** A live subscription, and what it stands on. */
export interface Watched {
  /** By whom and for whom it was opened; null for one without an account. */
  readonly token: string | null;
  readonly viewer: Viewer | null;
  /** Null when the role alone decides, or nothing does. */
  readonly owned: Owned | null;
  /** All of it still stood at `askedAtMs`. Must not throw. */
  hold(askedAtMs: number): void;
  /** Something of it does not stand any more. Must not throw. */
  lose(): void;
}

interface WatchingOwn {
  readonly viewer: Viewer | null;
  readonly owned: Owned;
}

export class RightsWatch {
  readonly #db: Db;
  readonly #auth: Pick<Accounts, 'lostOf'>;
  readonly #turns = Array.from({ length: TURNS }, () => new Set<Watched>());
  /** Turns whose last question is not answered yet. */
  readonly #asking = new Set<number>();
  #now = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, auth: Pick<Accounts, 'lostOf'>) {
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
      const [strangers, others] = await Promise.all([this.#strangersAmong(together), this.#othersOwnAmong(together)]);
      for (const one of together) {
        if (strangers.has(one) || others.has(one)) one.lose();
        else one.hold(askedAtMs);
      }
    }
  }

  /** Whose credential does not act for them any more. */
  async #strangersAmong(watched: readonly Watched[]): Promise<ReadonlySet<Watched>> {
    const acting = watched.filter(isActing);
    return acting.length === 0 ? NONE : this.#auth.lostOf(acting);
  }

  /** Who watches what is not theirs any more, or gone. */
  async #othersOwnAmong(watched: readonly Watched[]): Promise<ReadonlySet<Watched>> {
    const byLookup = Map.groupBy(watched.filter(isWatchingOwn), ({ owned }) => owned.lookup);
    const lost = await Promise.all([...byLookup].map(([lookup, watching]) => lookup.lost(this.#db, watching)));
    return lost.length === 0 ? NONE : new Set(lost.flat());
  }
}

const NONE: ReadonlySet<Watched> = new Set();

const isActing = (one: Watched): one is Watched & Acting => one.token !== null && one.viewer !== null;

const isWatchingOwn = (one: Watched): one is Watched & WatchingOwn => one.owned !== null;

const watches = new WeakMap<Accounts, RightsWatch>();

/** The one watch of a process. */
export function watchOf({ keyedDb, auth }: { keyedDb: Db; auth: Accounts }): RightsWatch {
  const watch = watches.get(auth) ?? new RightsWatch(keyedDb, auth);
  watches.set(auth, watch);
  return watch;
}
