/**
 * What every resolver is given: the services, who asks, and the one way to write.
 *
 * Promise: whoever writes does it in one transaction through `commit`, and the relay is told only after it.
 */
import type { Accounts, Viewer } from '../accounts/accounts.ts';
import type { ShopTerms } from '../books/shop-terms.ts';
import type { Db, Tx } from '../db/client.ts';
import type { NoticeReader } from '../ports/payments/notices.ts';
import type { UrlRule } from '../ports/webhooks/addresses.ts';
import type { IdentityProvider } from '../ports/identity/provider.ts';
import type { BlobStorage } from '../ports/storage/blob-storage.ts';
import type { SigningSecrets } from '../ports/storage/signed-url.ts';
import type { Backlog } from '../streams/backlog.ts';
import type { DraftAnswer } from '../streams/event.ts';
import type { Delivered } from '../streams/delivery-counts.ts';
import type { EngineView } from '../streams/inspect.ts';
import type { FlowGraph } from '../streams/flow-graph.ts';
import type { Wake } from '../streams/hints.ts';
import type { LiveEvents } from '../streams/live-subscriber.ts';
import type { Log } from '../streams/log.ts';
import { OverloadedError, UnauthenticatedError } from './errors.ts';
import type { ApiLimits } from './limits.ts';
import type { Seats } from './seats.ts';

/**
 * The live side of the engine: events of a subject with seq greater than `after`, in order and without gaps.
 * With `after` null it gathers at once and begins where `startAfter` says.
 */
export interface Live {
  subscribe(subject: string, options: { after: number | null; signal?: AbortSignal }): LiveEvents;
  /** To how many subscriptions of this process an event was handed; null for none, and for one of long ago. */
  delivered(eventId: number): Delivered | null;
}

/** A mail that the local adapter kept instead of sending it. */
export interface LocalMail {
  to: string;
  subject: string;
  text: string;
  at: Date;
}

export interface LocalMails {
  /** Newest first. */
  list(): Promise<readonly LocalMail[]>;
  /** Whether readers see theirs: not where anybody may sign up with an e-mail that nobody has proven. */
  readonly areForReaders: boolean;
}

/** A schedule as people see it. */
export interface ScheduleView {
  name: string;
  /** In UTC. */
  cron: string;
  next(): Date | null;
  /** Claims the slot of this second. @returns false when it has been claimed already */
  runNow(tx: Tx, options: { by: string; now: Date }): Promise<boolean>;
}

export interface SchemaServices {
  db: Db;
  /** The same, for statements that look up by key, again and again: each is planned once. */
  keyedDb: Db;
  clock: { now(): Date };
  /** How much accepted work waits: beyond its limit, what would start more is refused. */
  backlog: Backlog;
  /** Number of shards the outbox is split into. */
  shards: number;
  /** Tells the relay what was committed. */
  wake: Wake;
  live: Live;
  storage: BlobStorage;
  /** The first signs, all verify: so that a secret can be changed without breaking links that are out. */
  signing: { secrets: SigningSecrets };
  /** Where this API is reached from outside, without a slash at the end. */
  publicUrl: string;
  limits: ApiLimits;
  log: Log;
  flowGraph: FlowGraph;
  /** What the engine is doing, for the workbench. */
  engine: EngineView;
  schedules: readonly ScheduleView[];
  /** An event from a payload that somebody wrote; null for a type that nobody declares. */
  draftOf(type: string, payload: unknown): DraftAnswer | null;
  auth: Accounts;
  /** Whether an account is made only when its e-mail is proven. */
  signsUpByMail: boolean;
  /** Who else may say who somebody is. */
  identityProviders: readonly IdentityProvider[];
  /** On what terms orders are taken. */
  terms: ShopTerms;
  /** Reads the webhooks of the payment provider; its name is that of the gateway that new payments are made at. */
  notices: NoticeReader;
  /** Where webhooks may be sent to. */
  webhookUrls: UrlRule;
  /** Absent where mail is really sent. */
  localMails?: LocalMails;
}

export interface Context extends SchemaServices {
  viewer: Viewer | null;
  /** The session's token, for sign-out and for asking again whether it still holds. */
  token: string | null;
  /** The caller's network address, for counting attempts; never shown. */
  address: string;
  /** Whose budget the operation is paid from: an account's id, or a network address. */
  payer: string;
  requestId: string;
  /** The trace that the request belongs to (W3C Trace Context), as a UUID; its own id where none was told. */
  traceId: string;
  /** Last-Event-ID of a reconnecting EventSource: where its subscription goes on, unless it says `after`. */
  resumeAfter: number | null;
  /** Subscriptions a caller may have open. */
  seats: Seats;
  /** Aborted when this process stops: live subscriptions then end with RESUME. */
  stopping: AbortSignal;
  /**
   * Runs `work` in one transaction, up to three times when it lost a race, and wakes the relay after the commit.
   * @throws whatever `work` throws; then nothing was written
   */
  commit<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** The same by `keyedDb`. */
  commitByKey<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work`, which stores by one statement, without a transaction by `keyedDb`, and wakes the relay afterwards. */
  storeByKey<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** @throws UnauthenticatedError when nobody is signed in */
export function signedIn(context: Pick<Context, 'viewer'>): Viewer {
  if (!context.viewer) throw new UnauthenticatedError();
  return context.viewer;
}

export type { Viewer };

/**
 * Called before something is accepted that starts work for the workers.
 * @throws OverloadedError when too much waits already
 */
export async function refuseWhenOverloaded({ backlog }: Pick<Context, 'backlog'>, tx: Tx): Promise<void> {
  const retryAfterMs = await backlog.retryAfterMs(tx);
  if (retryAfterMs > 0) throw new OverloadedError(retryAfterMs);
}
