/**
 * Assembly: from the configuration to the parts that both roles stand on.
 *
 * Not here: what the roles do with them (server.ts, worker.ts).
 */
import { join } from 'node:path';
import { mkdir, readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ShopTerms } from './books/shop-terms.ts';
import { parseTaxRates } from './books/tax-rates.ts';
import { type Database, openDatabase } from './db/client.ts';
import type { Env } from './env.ts';
import { resolveSecret } from './embedded/secret.ts';
import * as events from './events/index.ts';
import { createFolderMail, type FolderMail } from './ports/mail/folder-mail.ts';
import type { MailSender } from './ports/mail/mail-sender.ts';
import type { BlobStorage } from './ports/storage/blob-storage.ts';
import { createFolderStorage } from './ports/storage/folder-storage.ts';
import type { DraftAnswer } from './streams/event.ts';
import { openRedis, RETRYING, type StreamKeys, streamKeys } from './streams/index.ts';

const DAY_MS = 86_400_000;

export interface Platform {
  readonly env: Env;
  readonly log: Logger;
  readonly database: Database;
  /** For statements that look up by key, again and again: stages, orders, sessions. It connects when first needed. */
  readonly keyedDatabase: Database;
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly storage: BlobStorage;
  readonly mail: MailSender;
  /** The mails that were kept instead of sent; null where mail is really sent. */
  readonly keptMails: FolderMail | null;
  readonly secret: string;
  /** The one before, which still verifies what it signed. */
  readonly previousSecret: string | undefined;
  readonly terms: ShopTerms;
  close(): Promise<void>;
}

/** The connection strings of the servers, given or embedded. */
export interface ServerUrls {
  databaseUrl: string;
  redisUrl: string;
}

/** Every event type there is, for the live feed. */
export const eventTypes: readonly string[] = [
  RETRYING,
  ...Object.values(events).flatMap((event) => (typeof event === 'object' && 'type' in event ? [event.type] : [])),
];

/** An event of a type that is only known by its name, from a payload that somebody wrote; or what is wrong with it. */
export function draftOf(type: string, payload: unknown): DraftAnswer | null {
  for (const event of Object.values(events)) {
    if (typeof event === 'object' && 'type' in event && event.type === type) return event.draft(payload);
  }
  return null;
}

export async function openPlatform(env: Env, urls: ServerUrls, log: Logger): Promise<Platform> {
  const terms = await readTerms(env);
  await mkdir(env.DATA_DIR, { recursive: true });
  const storage = await openStorage(env);
  const smtp = await openSmtp(env);
  const database = openDatabase(urls.databaseUrl, { poolMax: env.DATABASE_POOL_MAX });
  const keyedDatabase = openDatabase(urls.databaseUrl, { poolMax: env.DATABASE_POOL_MAX, looksUpByKey: true });
  const redis = openRedis(urls.redisUrl, log);
  const keptMails = env.SMTP_URL === undefined ? openKeptMails(env) : null;
  const mail = keptMails ?? smtp;
  if (!mail) throw new Error('no mail adapter');
  return {
    env,
    log,
    database,
    keyedDatabase,
    redisUrl: urls.redisUrl,
    redis,
    keys: streamKeys(env.REDIS_KEY_PREFIX),
    storage,
    mail,
    keptMails,
    secret: await resolveSecret(env),
    previousSecret: env.APP_SECRET_PREVIOUS,
    terms,
    close: async () => {
      smtp?.close();
      redis.disconnect();
      await keyedDatabase.close();
      await database.close();
    },
  };
}

/** @throws TaxRatesError when the file of tax rates is faulty: no order is taken on rates that nobody understands */
const readTerms = async (env: Env): Promise<ShopTerms> => ({
  royaltyBps: env.ROYALTY_BPS,
  taxRates: parseTaxRates(await readFile(env.TAX_RATES_FILE, 'utf8')),
  shopCountry: env.SHOP_COUNTRY ?? null,
  refundWindowMs: env.REFUND_WINDOW_DAYS * DAY_MS,
  payouts: { holdMs: env.PAYOUT_HOLD_DAYS * DAY_MS, thresholds: env.PAYOUT_THRESHOLD },
});

/** As every port whose library is large, loaded only where it is configured. */
async function openSmtp({ SMTP_URL, MAIL_FROM }: Env) {
  if (SMTP_URL === undefined) return null;
  const { createSmtpMail } = await import('./ports/mail/smtp-mail.ts');
  return createSmtpMail({ url: SMTP_URL, from: MAIL_FROM });
}

const openKeptMails = (env: Env): FolderMail =>
  createFolderMail({ folderPath: join(env.DATA_DIR, 'mails'), from: env.MAIL_FROM });

/** `s3://bucket?region=…&endpoint=…`, else a folder. */
async function openStorage(env: Env): Promise<BlobStorage> {
  if (env.STORAGE_URL === undefined) return createFolderStorage({ folderPath: join(env.DATA_DIR, 'files') });
  const { createS3Storage } = await import('./ports/storage/s3-storage.ts');
  const url = new URL(env.STORAGE_URL);
  return createS3Storage({
    bucket: url.host,
    region: url.searchParams.get('region') ?? undefined,
    endpoint: url.searchParams.get('endpoint') ?? undefined,
    accessKeyId: env.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '',
  });
}
