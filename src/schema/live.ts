/**
 * A live subscription: the present state first, then every change, in order, resumable.
 *
 * Promise: seq is gapless per subject; nobody gets an event after the session ended or the right was lost (asked again
 * when the last answer is a second old); a slow reader costs no memory, since it pulls; a reader who goes frees all.
 * Life: allowed? → (snapshot, unless `after`) → events → done, or one last RESUME error when this process stops.
 * Not here: what each subscription shows (order-status.ts, edition-status.ts, runs.ts, health.ts).
 */
import type { StoredEvent } from '../streams/event.ts';
import type { Context } from './context.ts';
import { type HubError, NotFoundError, OverloadedError, ResumeError, UnauthenticatedError } from './errors.ts';

/** What a subscription yields: an update, or the error that ends it. */
export type LiveValue<Update> = { readonly update: Update } | { readonly error: HubError };

export interface LiveSource<Update extends { readonly seq: number }> {
  context: Context;
  /** Such as `order:UUID`. */
  subject: string;
  /** What the subject is called in an error. */
  noun: string;
  /** Resume behind this seq, without the snapshot. */
  after: number | null | undefined;
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
 * @throws NotFoundError when it does not exist or is not the caller's
 * @throws OverloadedError when the caller has too many subscriptions open
 */
export async function openLive<Update extends { readonly seq: number }>(
  source: LiveSource<Update>,
): Promise<AsyncIterableIterator<LiveValue<Update>>> {
  if (!(await source.allowed())) throw new NotFoundError(source.noun);
  const leave = source.context.seats.take(source.context.viewer?.id ?? source.context.address);
  if (!leave) throw new OverloadedError(SEATS_RETRY_AFTER_MS, 'You have too many subscriptions open. Close one first.');
  return new LiveIterator(source, leave);
}

/** The resolver of every live field: the update, or the error that ends the subscription. */
export function shown<Update>(value: LiveValue<Update>): Update {
  if ('error' in value) throw value.error;
  return value.update;
}

class LiveIterator<Update extends { readonly seq: number }> implements AsyncIterableIterator<LiveValue<Update>> {
  readonly #source: LiveSource<Update>;
  readonly #leave: () => void;
  #feed: AsyncIterableIterator<StoredEvent> | null = null;
  #lastSeq: number;
  #checkedAtMs: number;
  #ended = false;

  constructor(source: LiveSource<Update>, leave: () => void) {
    this.#source = source;
    this.#leave = leave;
    this.#lastSeq = source.after ?? source.context.resumeAfter ?? -1;
    this.#checkedAtMs = performance.now();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<LiveValue<Update>>> {
    if (this.#ended) return { value: undefined, done: true };
    try {
      const value = (await this.#snapshot()) ?? (await this.#nextShown());
      // `return()` may have come while this waited.
      if (this.#isOver()) return { value: undefined, done: true };
      if ('error' in value) await this.return();
      return { value, done: false };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<LiveValue<Update>>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#leave();
      await this.#feed?.return?.();
    }
    return { value: undefined, done: true };
  }

  /** The first value of a subscription that does not resume. */
  async #snapshot(): Promise<LiveValue<Update> | null> {
    if (this.#lastSeq >= 0) return null;
    const update = await this.#source.snapshot();
    if (!update) return { error: new NotFoundError(this.#source.noun) };
    this.#lastSeq = update.seq;
    return { update };
  }

  async #nextShown(): Promise<LiveValue<Update>> {
    const { context, subject } = this.#source;
    this.#feed ??= context.live.subscribe(subject, { after: this.#lastSeq, signal: context.stopping });
    for (;;) {
      const { value: event, done } = await this.#feed.next();
      if (done) return { error: new ResumeError(this.#lastSeq) };
      if (!(await this.#stillAllowed())) {
        return { error: new UnauthenticatedError('Your session ended, or this is not yours any more.') };
      }
      this.#lastSeq = event.seq;
      const update = this.#source.show(event);
      if (update) return { update };
    }
  }

  async #stillAllowed(): Promise<boolean> {
    if (performance.now() - this.#checkedAtMs < RIGHT_FRESH_MS) return true;
    const { context, allowed } = this.#source;
    const viewer = context.token === null ? null : await context.auth.viewerOf(context.token);
    const sameViewer = viewer?.id === context.viewer?.id && viewer?.role === context.viewer?.role;
    if (!sameViewer || !(await allowed())) return false;
    this.#checkedAtMs = performance.now();
    return true;
  }

  #isOver(): boolean {
    return this.#ended;
  }
}
