/**
 * The api role: the server with everything it needs. Any number may run; none of them ever writes to Redis Streams.
 */
import { join } from 'node:path';
import { createAccounts } from './accounts/accounts.ts';
import { redisAttempts } from './accounts/attempts.ts';
import { draftOf, eventTypes, type Platform } from './assemble.ts';
import { claimSlotIn, nextSlot, schedulesOf, workflows } from './consumers/index.ts';
import { publicUrl } from './env.ts';
import type { ScheduleView } from './schema/context.ts';
import { identityProviders, openNoticeReader } from './gateways.ts';
import { defaultLimits } from './schema/limits.ts';
import { schema } from './schema/index.ts';
import { redisBucket } from './server/budget.ts';
import { loadOperations } from './server/operations.ts';
import { type RunningServer, startServer } from './server.ts';
import {
  createNotifier,
  flowGraph,
  LiveFeed,
  systemClock,
  viewEngine,
  type Wake,
  watchBacklog,
} from './streams/index.ts';

export interface Api {
  readonly url: string;
  readonly publicUrl: string;
  /** The first admin's account, when it was made just now. */
  readonly firstAdmin: { email: string; password: string } | null;
  stop(): Promise<void>;
}

export interface ApiOptions {
  /** Tells a relay in this process; without one, other processes are told. */
  wake?: Wake;
  /** The built pages; without them they are not served. */
  shopFolder?: string;
  workbenchFolder?: string;
}

export async function startApi(
  platform: Platform,
  { wake, shopFolder, workbenchFolder }: ApiOptions = {},
): Promise<Api> {
  const { env, log, database, redis, redisUrl, keys, storage, keptMails, secret, previousSecret, terms } = platform;
  const { db } = database;
  const keyedDb = platform.keyedDatabase.db;
  const notices = await openNoticeReader(platform);
  const live = new LiveFeed({
    db: keyedDb,
    redis,
    redisUrl,
    keyPrefix: env.REDIS_KEY_PREFIX,
    eventTypes,
    shards: env.STREAM_SHARDS,
    log,
  });
  await live.start();
  const now = () => systemClock.now();
  const attempts = redisAttempts(redis, env.REDIS_KEY_PREFIX, systemClock);
  const openAccounts = (url: string) =>
    createAccounts({ db: keyedDb, secret, previousSecret, publicUrl: url, now, attempts });
  let server: RunningServer;
  let address = '';
  try {
    server = await startServer({
      redis,
      host: env.HOST,
      port: env.PORT,
      corsOrigins: env.CORS_ORIGINS,
      trustedHops: env.TRUST_PROXY,
      bucket: redisBucket(redis, env.REDIS_KEY_PREFIX),
      introspection: env.INTROSPECTION === 'on',
      ...(env.PERSISTED_OPERATIONS !== undefined && {
        operations: loadOperations(env.PERSISTED_OPERATIONS, env.PERSISTED_OPERATIONS_ONLY === 'yes', schema),
      }),
      scratchDir: join(env.DATA_DIR, 'scratch'),
      development: env.NODE_ENV !== 'production',
      ...(shopFolder !== undefined && { shopFolder }),
      ...(workbenchFolder !== undefined && { workbenchFolder }),
      services: (port) => {
        address = publicUrl(env, port);
        return {
          db,
          keyedDb,
          clock: systemClock,
          backlog: watchBacklog({ eventsMax: env.BACKLOG_EVENTS_MAX, clock: systemClock }),
          shards: env.STREAM_SHARDS,
          wake: wake ?? createNotifier(redis, env.REDIS_KEY_PREFIX),
          live,
          storage,
          signing: { secrets: previousSecret === undefined ? secret : [secret, previousSecret] },
          publicUrl: address,
          limits: {
            ...defaultLimits,
            uploadBytesMax: env.UPLOAD_BYTES_MAX,
            uploadQuota: {
              uploadsPerDayMax: env.UPLOADS_PER_DAY_MAX,
              storedBytesMax: env.UPLOAD_BYTES_PER_ACCOUNT_MAX,
            },
            costPerMinuteMax: env.COST_PER_MINUTE_MAX,
            socketsMax: env.WEBSOCKETS_PER_ADDRESS_MAX,
            samplePercent: env.SAMPLE_PERCENT,
          },
          log,
          flowGraph: flowGraph(workflows),
          engine: viewEngine({ db, redis, keys, workflows, shards: env.STREAM_SHARDS, clock: systemClock }),
          schedules: scheduleViews(env),
          draftOf,
          auth: openAccounts(address),
          signsUpByMail: (env.SIGN_UP ?? (keptMails ? 'at-once' : 'by-mail')) === 'by-mail',
          identityProviders: identityProviders(platform, now),
          terms,
          notices,
          webhookUrls: { allowsPrivate: env.NODE_ENV !== 'production' },
          ...(keptMails && {
            localMails: {
              list: async () => (await keptMails.list()).map(toLocalMail),
              areForReaders: env.NODE_ENV !== 'production',
            },
          }),
        };
      },
    });
  } catch (error) {
    await live.stop();
    throw error;
  }
  return {
    url: server.url,
    publicUrl: address,
    firstAdmin: await openAccounts(address).ensureFirstAdmin({ email: env.ADMIN_EMAIL }),
    stop: async () => {
      await server.stop();
      await live.stop();
    },
  };
}

const scheduleViews = (env: Platform['env']): ScheduleView[] =>
  schedulesOf({ health: env.HEALTH_CRON, payouts: env.PAYOUT_CRON }).map((schedule) => ({
    name: schedule.name,
    cron: schedule.cron,
    next: () => nextSlot(schedule.cron),
    runNow: (tx, { by, now }) => claimSlotIn(tx, schedule, { date: now, shards: env.STREAM_SHARDS, by }),
  }));

const toLocalMail = (mail: { to: string; subject: string; text: string; sentAt: string }) => ({
  to: mail.to,
  subject: mail.subject,
  text: mail.text,
  at: new Date(mail.sentAt),
});
