/**
 * A live subscription: the present state first, then every change, in order, resumable.
 *
 * Promise: seq is gapless per subject; nobody gets an event after the session ended or the right was lost (asked again
 * when the last answer is a second old); a slow reader costs no memory, since it pulls; a reader who goes frees all.
 * Life: allowed? → (snapshot, unless `after`) → events → done, or one last RESUME error when this process stops.
 * Not here: what each subscription shows (order-status.ts, edition-status.ts, runs.ts, health.ts).
 */
import type { Accounts, Viewer } from '../accounts/accounts.ts';
import type { StoredEvent } from '../streams/event.ts';
import type { LiveEvents } from '../streams/live-subscriber.ts';
import type { Context } from './context.ts';
import { type HubError, NotFoundError, OverloadedError, ResumeError, UnauthenticatedError } from './errors.ts';
import { gathered } from './gather.ts';

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
  /** Whether the caller may (still) see it. */
  allowed: () => Promise<boolean>;
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
  if (!(await source.allowed())) throw new NotFoundError(source.noun);
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

class LiveIterator<Update extends { readonly seq: number }> implements AsyncIterableIterator<LiveValue<Update>> {
  readonly #source: LiveSource<Update>;
  readonly #auth: Accounts;
  readonly #token: string | null;
  readonly #viewer: Viewer | null;
  readonly #leave: () => void;
  readonly #feed: LiveEvents;
  /** -1 before the snapshot. */
  #lastSeq: number;
  #checkedAtMs: number;
  #ended = false;

  constructor({ auth, token, viewer, live, stopping }: Context, source: LiveSource<Update>, leave: () => void) {
    this.#source = source;
    this.#auth = auth;
    this.#token = token;
    this.#viewer = viewer;
    this.#leave = leave;
    this.#lastSeq = source.after ?? -1;
    this.#checkedAtMs = performance.now();
    // Registered before the snapshot is read, so that nothing falls between the two.
    this.#feed = live.subscribe(source.subject, { after: source.after, signal: stopping });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<LiveValue<Update>>> {
    try {
      if (this.#lastSeq < 0 && !this.#ended) return await this.#first();
      while (!this.#ended) {
        const { value: event, done } = await this.#feed.next();
        if (this.#isOver()) break;
        if (done) return this.#last(new ResumeError(this.#lastSeq));
        if (performance.now() - this.#checkedAtMs >= RIGHT_FRESH_MS && !(await this.#stillAllowed())) {
          return this.#last(new UnauthenticatedError('Your session ended, or this is not yours any more.'));
        }
        if (this.#isOver()) break;
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
      await this.#feed.return();
    }
    return { value: undefined, done: true };
  }

  /** The first value of a subscription that does not resume. */
  async #first(): Promise<IteratorResult<LiveValue<Update>>> {
    const update = await this.#source.snapshot();
    if (this.#isOver()) return { value: undefined, done: true };
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
    const [viewer, allowed] = await Promise.all([
      this.#token === null ? undefined : viewerOf(this.#auth, this.#token),
      this.#source.allowed(),
    ]);
    const sameViewer = viewer?.id === this.#viewer?.id && viewer?.role === this.#viewer?.role;
    if (!sameViewer || !allowed) return false;
    this.#checkedAtMs = performance.now();
    return true;
  }

  /** `return()` may have come while something was awaited. */
  #isOver(): boolean {
    return this.#ended;
  }
}
