/**
 * A running API for tests: real server, PostgreSQL, Redis and folder storage; what the worker would do, a test does by
 * hand (`happen`).
 *
 *     const api = useApi();
 *     const { token } = await api.signUp();
 *     const { data } = await api.ask('{ viewer { email } }', {}, token);
 */
import { sql } from 'drizzle-orm';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { z } from 'zod';
import { createAccounts } from '../../../src/accounts/accounts.ts';
import { ROYALTY_BPS } from '../../../src/books/sale-split.ts';
import { NO_TAX } from '../../../src/books/tax-rates.ts';
import { draftOf } from '../../../src/assemble.ts';
import { claimSlotIn, nextSlot, schedulesOf, workflows } from '../../../src/consumers/index.ts';
import { createSandboxNoticeReader, sandboxNoticeSecret } from '../../../src/ports/payments/sandbox/notices.ts';
import { createFolderStorage } from '../../../src/ports/storage/folder-storage.ts';
import type { SchemaServices } from '../../../src/schema/context.ts';
import { defaultLimits } from '../../../src/schema/limits.ts';
import { buildPages } from '../../../src/web/build-pages.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../../src/server.ts';
import type { EventDraft } from '../../../src/streams/event.ts';
import { flowGraph } from '../../../src/streams/flow-graph.ts';
import { viewEngine } from '../../../src/streams/inspect.ts';
import { LiveFeed } from '../../../src/streams/live.ts';
import { watchBacklog } from '../../../src/streams/backlog.ts';
import { appendEvents } from '../../../src/streams/outbox.ts';
import { openRedis, streamKeys } from '../../../src/streams/redis.ts';
import { createRegistry } from '../../../src/streams/registry.ts';
import { relayOnce } from '../../../src/streams/relay.ts';
import type { Database } from '../../../src/db/client.ts';
import { cloneDatabase, emptyDatabase } from '../../support/database.ts';

export const PASSWORD = 'correct horse battery';
export const ALLOWED_ORIGIN = 'https://shop.example.org';

const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
});
export type Answer = z.infer<typeof answerSchema>;

export interface LogLine {
  level: string;
  fields: object;
  message: string;
}

interface Opened {
  server: RunningServer;
  services: SchemaServices;
  feed: LiveFeed;
  relay: () => Promise<void>;
  close: () => Promise<void>;
}

export interface ApiOptions {
  limits?: Partial<SchemaServices['limits']>;
  development?: boolean;
  now?: () => Date;
  /** More for the server itself. */
  server?: Partial<Pick<ServerOptions, 'trustedHops' | 'patienceMs' | 'introspection' | 'operations'>>;
  /** Where users see it. (Default: where it listens) */
  publicUrl?: string;
  /** For tests that send events: an emptied database would be behind Redis. (Default: rows are deleted between tests) */
  keepRows?: boolean;
  /** (Default: the sandbox's) */
  notices?: SchemaServices['notices'];
  /** (Default: at once) */
  signsUpByMail?: boolean;
  /** (Default: mail is really sent) */
  localMails?: SchemaServices['localMails'];
  /** (Default: none) */
  identityProviders?: SchemaServices['identityProviders'];
  /** (Default: 50,000) */
  backlogEventsMax?: number;
  /** (Default: no country has a tax) */
  terms?: Partial<SchemaServices['terms']>;
}

export function useApi(options: ApiOptions = {}) {
  const lines: LogLine[] = [];
  let clone: Awaited<ReturnType<typeof cloneDatabase>> | undefined;
  let opened: Opened | undefined;
  const current = () => {
    if (!opened) throw new Error('the API runs only while tests do');
    return opened;
  };
  beforeAll(async () => {
    clone = await cloneDatabase();
    opened = await open(clone.database, lines, options);
  });
  afterEach(async () => {
    if (clone && options.keepRows !== true) await emptyDatabase(clone.database);
  });
  afterAll(async () => {
    await opened?.close();
    await clone?.drop();
  });

  const post = (query: string, variables: Record<string, unknown> = {}, token?: string) =>
    fetch(`${current().server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query, variables }),
    });
  const ask = async (query: string, variables?: Record<string, unknown>, token?: string): Promise<Answer> =>
    answerSchema.parse(await (await post(query, variables, token)).json());

  return {
    get url() {
      return current().server.url;
    },
    get db() {
      return current().services.db;
    },
    get server() {
      return current().server;
    },
    get services() {
      return current().services;
    },
    get feed() {
      return current().feed;
    },
    lines,
    post,
    ask,
    /** @returns the token and the id of a new account */
    async signUp(role: 'READER' | 'AUTHOR' | 'ADMIN' = 'READER') {
      const email = `${randomUUID()}@example.org`;
      const input = { name: 'Ada', email, password: PASSWORD, address: randomUUID() };
      const { token, viewer } = await current().services.auth.signUp(input);
      await current().services.db.execute(sql`update "user" set role = ${role}::user_role where id = ${viewer.id}`);
      return { token, email, id: viewer.id };
    },
    /** What the worker or a mutation would have done: appends events and sends them. */
    async happen(...drafts: (EventDraft & { origin?: Parameters<typeof appendEvents>[1][number]['origin'] })[]) {
      await appendEvents(current().services.db, drafts.map(withoutEmptyOrigin), { now: new Date(), shards: 1 });
      await current().relay();
    },
  };
}

function withoutEmptyOrigin({
  origin,
  ...draft
}: EventDraft & { origin?: Parameters<typeof appendEvents>[1][number]['origin'] }) {
  return origin ? { ...draft, origin } : draft;
}

async function open({ db }: Database, lines: LogLine[], options: ApiOptions): Promise<Opened> {
  let services: SchemaServices | undefined;
  const log = {
    debug: () => {},
    info: (fields: object, message: string) => lines.push({ level: 'info', fields, message }),
    warn: (fields: object, message: string) => lines.push({ level: 'warn', fields, message }),
    error: (fields: object, message: string) => lines.push({ level: 'error', fields, message }),
  };
  const clock = { now: options.now ?? (() => new Date()) };
  const keyPrefix = `test:${randomUUID()}:`;
  const keys = streamKeys(keyPrefix);
  const redisUrl = inject('redisUrl');
  const redis = openRedis(redisUrl, log);
  const eventTypes = [
    'order.placed',
    'order.validated',
    'order.completed',
    'refund.requested',
    'refund.submitted',
    'refund.settled',
    'payee.requested',
    'payee.opened',
    'payee.ready',
    'payout.requested',
    'payout.submitted',
    'payout.paid',
    'payout.returned',
    'order.claimed',
    'edition.drafted',
    'edition.submitted',
    'edition.progressed',
    'edition.published',
    'health.reported',
    'stage.retrying',
  ];
  const feed = new LiveFeed({ db, redis, redisUrl, keyPrefix, eventTypes, shards: 1, log });
  await feed.start();
  const folderPath = await mkdtemp(join(tmpdir(), 'booky-api-'));
  const secret = 'a secret of more than thirty-two characters';
  const server = await startServer({
    services: (port) => {
      const publicUrl = options.publicUrl ?? `http://127.0.0.1:${port}`;
      services = {
        db,
        keyedDb: db,
        clock,
        shards: 1,
        backlog: watchBacklog({
          eventsMax: options.backlogEventsMax ?? 50_000,
          clock: { now: options.now ?? (() => new Date()) },
        }),
        wake: () => {},
        live: feed,
        storage: createFolderStorage({ folderPath }),
        signing: { secrets: secret },
        publicUrl,
        // Tests write by SQL as well, which no server hears of.
        limits: { ...defaultLimits, sharedAnswersMs: 0, ...options.limits },
        log,
        flowGraph: flowGraph(workflows),
        engine: viewEngine({ db, redis, keys, workflows, shards: 1, clock }),
        schedules: schedulesOf({ health: '0 3 * * *', payouts: '0 4 1 * *' }).map((schedule) => ({
          name: schedule.name,
          cron: schedule.cron,
          next: () => nextSlot(schedule.cron),
          runNow: (tx, { by, now }) => claimSlotIn(tx, schedule, { date: now, shards: 1, by }),
        })),
        draftOf,
        auth: createAccounts({ db, secret, publicUrl, now: clock.now }),
        signsUpByMail: options.signsUpByMail ?? false,
        identityProviders: options.identityProviders ?? [],
        ...(options.localMails && { localMails: options.localMails }),
        webhookUrls: { allowsPrivate: false },
        terms: {
          royaltyBps: ROYALTY_BPS,
          taxRates: NO_TAX,
          shopCountry: null,
          refundWindowMs: 14 * 86_400_000,
          payouts: { holdMs: 30 * 86_400_000, thresholds: new Map([['EUR', 1_000]]) },
          ...options.terms,
        },
        notices: options.notices ?? createSandboxNoticeReader(sandboxNoticeSecret(secret)),
      };
      return services;
    },
    redis,
    host: '127.0.0.1',
    port: 0,
    corsOrigins: [ALLOWED_ORIGIN],
    development: options.development ?? false,
    ...(await buildPages()),
    ...options.server,
  });
  return {
    server,
    services: given(services),
    feed,
    relay: async () => {
      await relayOnce({ db, redis, keys, shard: 0, log, registry: createRegistry<unknown>([]) });
    },
    close: async () => {
      await server.stop();
      await feed.stop();
      redis.disconnect();
      await rm(folderPath, { recursive: true, force: true });
    },
  };
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the server started without its services');
  return value;
}
