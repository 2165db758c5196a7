/**
 * The real engine with the real workflows inside the row's own process, on the stack's servers and gateway.
 *
 * For rows that must stop it at an exact place or move its time by hand. An engine may be given a tripwire: each call it
 * makes to PostgreSQL, Redis or the gateway is then counted, before it is made and after it was answered.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { type ConsumerServices, workflows } from '../../../src/consumers/index.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { relations } from '../../../src/db/relations.ts';
import { createLocalEnricher } from '../../../src/ports/ai/local-enricher.ts';
import { createFolderMail } from '../../../src/ports/mail/folder-mail.ts';
import { createSandboxGatewayClient } from '../../../src/ports/payments/sandbox/client.ts';
import { createWebhookSender } from '../../../src/ports/webhooks/sender.ts';
import { createFolderStorage } from '../../../src/ports/storage/folder-storage.ts';
import type { Clock } from '../../../src/streams/clock.ts';
import { createEngine, openRedis } from '../../../src/streams/index.ts';
import { quiet } from '../harness/log.ts';
import { KEY_PREFIX, type Stack } from '../harness/stack.ts';
import { type Tripwire, wireGateway, wireRedis, wireSql } from './tripwire.ts';

export interface LocalOptions {
  /** (Default: the system's) */
  readonly clock?: Clock;
  readonly tripwire?: Tripwire;
  /** Of one call to the gateway. (Default: 500 ms) */
  readonly gatewayTimeoutMs?: number;
  readonly gateway?: (gateway: ConsumerServices['gateway']) => ConsumerServices['gateway'];
}

export type LocalEngine = Awaited<ReturnType<typeof openLocalEngine>>;

/** A worker of its own: another consumer in every group, with connections of its own. */
export async function openLocalEngine(stack: Stack, options: LocalOptions = {}) {
  const name = `local-${randomUUID().slice(0, 8)}`;
  const opened = openDatabase(stack.databaseUrl, { poolMax: 8, applicationName: name });
  const { tripwire } = options;
  const wired = tripwire ? wireSql(opened.sql, tripwire) : opened.sql;
  const database = { ...opened, db: tripwire ? drizzle({ client: wired, relations }) : opened.db };
  const redis = openRedis(stack.redisUrl, quiet);
  const url = await readFile(join(stack.booksPath, 'address'), 'utf8');
  const client = createSandboxGatewayClient({ url, timeoutMs: options.gatewayTimeoutMs ?? 500 });
  const watched = options.gateway ? options.gateway(client) : client;
  const services: ConsumerServices = {
    db: database.db,
    redis,
    gateway: tripwire ? wireGateway(watched, tripwire) : watched,
    storage: createFolderStorage({ folderPath: join(stack.dataDir, 'files') }),
    mail: createFolderMail({ folderPath: join(stack.dataDir, 'mails') }),
    enricher: createLocalEnricher(),
    webhooks: createWebhookSender({ allowsPrivate: true, timeoutMs: 500 }),
    shards: 1,
    scratchDir: join(stack.dataDir, 'scratch', name),
    publicUrl: 'http://localhost:4000',
    secret: 'a secret of more than thirty-two characters',
    seller: { lines: ['Books Ltd'], licence: 'For one reader.' },
    payouts: { holdMs: 0, thresholds: new Map() },
  };
  const engine = createEngine({
    database,
    redisUrl: stack.redisUrl,
    keyPrefix: KEY_PREFIX,
    shards: 1,
    workflows,
    services,
    log: quiet,
    ...(options.clock && { clock: options.clock }),
  });
  if (tripwire) wireRedis(engine.redis, tripwire);
  return {
    ...engine,

    /** Takes over at once whatever other consumers hold. @returns how many entries */
    async takeOver(): Promise<number> {
      let taken = 0;
      for (const consumer of engine.consumers) {
        await consumer.createGroups();
        taken += await consumer.reclaim(0);
      }
      for (const consumer of engine.consumers) await consumer.idle();
      return taken;
    },

    /** Ends as a killed process does: connections cut, nothing drained, what was under way never known. */
    async kill(): Promise<void> {
      engine.redis.disconnect();
      redis.disconnect();
      await opened.sql.end({ timeout: 0 });
    },

    async stop(): Promise<void> {
      await engine.stop(5_000);
      redis.disconnect();
      await opened.sql.end({ timeout: 1 });
    },
  };
}
