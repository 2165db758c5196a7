/**
 * A live subscription: the present state first, then every change, in order, resumable.
 *
 * Promise: seq is gapless per subject; whoever loses the session, the key, the role or the thing gets no event a second
 * later, and the subscription ends, silent or not (rights-watch.ts asks; an event that comes before its answer asks
 * itself); a slow reader costs no memory, since it pulls; a reader who goes frees all.
 * Life: allowed? → (snapshot, unless `after`) → events → done, or one last RESUME error when this process stops.
 * Not here: what each subscription shows (order-status.ts, edition-status.ts, runs.ts, health.ts).
 */
import type { Accounts, Viewer } from '../accounts/accounts.ts';
import { isSame } from '../accounts/lost.ts';
import type { Db } from '../db/client.ts';
import type { StoredEvent } from '../streams/event.ts';
import type { LiveEvents } from '../streams/live-subscriber.ts';
import type { Context } from './context.ts';
import { type HubError, NotFoundError, OverloadedError, ResumeError, UnauthenticatedError } from './errors.ts';
import { gathered } from './gather.ts';
import { type Owned, type RightsWatch, type Watched, watchOf } from './rights-watch.ts';

/** What a subscription yields: an update, or the error that ends it. */
export type LiveValue<Update> = { readonly update: Update } | { readonly error: HubError };

export interface LiveSource<Update extends { readonly seq: number }> {
  /** Such as `order:UUID`. */
  subject: string;
  /** What the subject is called in an error. */
  noun: string;
  /** Resume behind this seq, without the snapshot. */
  after: number | null;
  /** The present state and the last seq, read in one statement; null when there is no such thing. */
  snapshot: () => Promise<Update | null>;
  /** What only its owner and admins may see; null when the rule at the field says all: a role, or everybody. */
  owned: Owned | null;
  /** What an event shows; null for what is not shown. */
  show: (event: StoredEvent) => Update | null;
}

const RIGHT_FRESH_MS = 1_000;
const SEATS_RETRY_AFTER_MS = 5_000;

/**
 * @param source kept as long as the subscription lives: its functions hold what they need, never the whole context
 * @throws NotFoundError when it does not exist or is not the caller's
 * @throws OverloadedError when the caller has too many subscriptions open
 */
export async function openLive<Update extends { readonly seq: number }>(
  context: Context,
  source: LiveSource<Update>,
): Promise<AsyncIterableIterator<LiveValue<Update>>> {
  const { owned } = source;
  if (owned && !mayWatch(context.viewer, await owned.lookup.one(context.keyedDb, owned.id))) {
    throw new NotFoundError(source.noun);
  }
  const leave = context.seats.take(context.viewer?.id ?? context.address);
  if (!leave) throw new OverloadedError(SEATS_RETRY_AFTER_MS, 'You have too many subscriptions open. Close one first.');
  return new LiveIterator(context, source, leave);
}

/** The resolver of every live field: the update, or the error that ends the subscription. */
export function shown<Update>(value: LiveValue<Update>): Update {
  if ('error' in value) throw value.error;
  return value.update;
}

const viewerOf = gathered((auth: Accounts, tokens) => auth.viewersOf(tokens));

const lost = (): HubError => new UnauthenticatedError('Your session ended, or this is not yours any more.');

const mayWatch = (viewer: Viewer | null, ownerId: string | undefined): boolean =>
  ownerId !== undefined && (viewer?.role === 'ADMIN' || viewer?.id === ownerId);

class LiveIterator<Update extends { readonly seq: number }>
  implements AsyncIterableIterator<LiveValue<Update>>, Watched
{
  readonly token: string | null;
  readonly viewer: Viewer | null;
  readonly #source: LiveSource<Update>;
  readonly #auth: Accounts;
  readonly #db: Db;
  readonly #watch: RightsWatch;
  readonly #leave: () => void;
  readonly #feed: LiveEvents;
  /** -1 before the snapshot. */
  #lastSeq: number;
  #checkedAtMs: number;
  /** The right is gone: the reader is told so when it pulls. */
  #isLost = false;
  #ended = false;
  readonly #turn: number;

  constructor(context: Context, source: LiveSource<Update>, leave: () => void) {
    const { auth, keyedDb, token, viewer, live, stopping } = context;
    this.#source = source;
    this.#auth = auth;
    this.#db = keyedDb;
    this.token = token;
    this.viewer = viewer;
    this.#leave = leave;
    this.#lastSeq = source.after ?? -1;
    this.#checkedAtMs = performance.now();
    // Registered before the snapshot is read, so that nothing falls between the two.
    this.#feed = live.subscribe(source.subject, { after: source.after, signal: stopping });
    this.#watch = watchOf(context);
    this.#turn = this.#watch.add(this);
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** As LiveEvents has it: the present state has not to be waited for either. */
  whenReady(callback: () => void): void {
    if (this.#lastSeq < 0 || this.#ended || this.#isLost) callback();
    else this.#feed.whenReady(callback);
  }

  async next(): Promise<IteratorResult<LiveValue<Update>>> {
    try {
      if (this.#lastSeq < 0 && !this.#ended) return await this.#first();
      while (!this.#ended) {
        const { value: event, done } = await this.#feed.next();
        if (this.#isOver()) break;
        if (this.#hasLost()) return this.#last(lost());
        if (done) return this.#last(new ResumeError(this.#lastSeq));
        if (performance.now() - this.#checkedAtMs >= RIGHT_FRESH_MS && !(await this.#stillAllowed())) {
          return this.#last(lost());
        }
        if (this.#isOver()) break;
        if (this.#hasLost()) return this.#last(lost());
        this.#lastSeq = event.seq;
        const update = this.#source.show(event);
        if (update) return { value: { update }, done: false };
      }
      return { value: undefined, done: true };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<LiveValue<Update>>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#leave();
      this.#watch.remove(this, this.#turn);
      await this.#feed.return();
    }
    return { value: undefined, done: true };
  }

  get owned(): Owned | null {
    return this.#source.owned;
  }

  hold(askedAtMs: number): void {
    this.#checkedAtMs = Math.max(this.#checkedAtMs, askedAtMs);
  }

  /** Ends the wait for the next event; a reader that is not waiting now is told when it pulls. */
  lose(): void {
    if (this.#isLost || this.#ended) return;
    this.#isLost = true;
    this.#leave();
    void this.#feed.return();
  }

  /** The first value of a subscription that does not resume. */
  async #first(): Promise<IteratorResult<LiveValue<Update>>> {
    const update = await this.#source.snapshot();
    if (this.#isOver()) return { value: undefined, done: true };
    if (this.#hasLost()) return this.#last(lost());
    if (!update) return this.#last(new NotFoundError(this.#source.noun));
    this.#lastSeq = update.seq;
    this.#feed.startAfter(update.seq);
    return { value: { update }, done: false };
  }

  async #last(error: HubError): Promise<IteratorResult<LiveValue<Update>>> {
    await this.return();
    return { value: { error }, done: false };
  }

  async #stillAllowed(): Promise<boolean> {
    const askedAtMs = performance.now();
    const [viewer, ownerId] = await Promise.all([
      this.token === null ? undefined : viewerOf(this.#auth, this.token),
      this.owned?.lookup.one(this.#db, this.owned.id),
    ]);
    const mayStill = isSame(viewer, this.viewer) && (!this.owned || mayWatch(this.viewer, ownerId));
    if (mayStill) this.hold(askedAtMs);
    else this.lose();
    return !this.#isLost;
  }

  /** `return()` may have come while something was awaited. */
  #isOver(): boolean {
    return this.#ended;
  }

  /** The watch may have found it out while something was awaited. */
  #hasLost(): boolean {
    return this.#isLost;
  }
}
