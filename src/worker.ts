/**
 * The worker role: relay, consumers, timers and cron.
 *
 * Any number may run. `stop` drains: nothing new is taken, what is in work may finish within the limit, and what does
 * not stays pending for another worker.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Platform } from './assemble.ts';
import { keepSchedules, schedulesOf, workflows } from './consumers/index.ts';
import { createAiBudget } from './consumers/enrich/ai-budget.ts';
import { publicUrl } from './env.ts';
import { openGateway } from './gateways.ts';
import type { BookEnricher } from './ports/ai/enricher.ts';
import { createLocalEnricher } from './ports/ai/local-enricher.ts';
import { createWebhookSender } from './ports/webhooks/sender.ts';
import { createEngine, refuseStrandedShards, systemClock, type Wake, watchCalls } from './streams/index.ts';

export interface Worker {
  /** Tells the relay what was committed in this process. */
  wake: Wake;
  stop(): Promise<void>;
}

/** @throws StrandedShardsError when STREAM_SHARDS was lowered while work was under way */
export async function startWorker(platform: Platform): Promise<Worker> {
  const { env, log, database, keyedDatabase, redis, redisUrl, storage, mail } = platform;
  await refuseStrandedShards(database.db, env.STREAM_SHARDS);
  const enricher = await openEnricher(platform);
  const gateway = await openGateway(platform);
  const engine = createEngine({
    database,
    keyedDatabase,
    redisUrl,
    keyPrefix: env.REDIS_KEY_PREFIX,
    shards: env.STREAM_SHARDS,
    batchMax: env.WORKER_BATCH_MAX,
    concurrencyMax: env.WORKER_CONCURRENCY,
    workflows,
    log,
    services: {
      db: keyedDatabase.db,
      redis,
      gateway: watchCalls('gateway', gateway),
      storage: watchCalls('storage', storage),
      mail: watchCalls('mail', mail),
      enricher: watchCalls('enricher', enricher),
      webhooks: watchCalls('webhooks', createWebhookSender({ allowsPrivate: env.NODE_ENV !== 'production' })),
      shards: env.STREAM_SHARDS,
      scratchDir: join(env.DATA_DIR, 'scratch'),
      publicUrl: publicUrl(env),
      secret: platform.secret,
      seller: { lines: env.SELLER, licence: env.LICENCE_TEXT },
      payouts: platform.terms.payouts,
    },
  });
  engine.start();
  const schedules = keepSchedules(schedulesOf({ health: env.HEALTH_CRON, payouts: env.PAYOUT_CRON }), {
    db: database.db,
    shards: env.STREAM_SHARDS,
    node: `${hostname()}-${process.pid}`,
    wake: engine.wake,
    log,
  });
  return {
    wake: engine.wake,
    stop: async () => {
      await schedules.stop();
      await engine.stop(env.DRAIN_TIMEOUT_MS);
      await gateway.stop();
    },
  };
}

/** The AI server that is configured, else a local method that needs none. */
async function openEnricher({ env, database }: Platform): Promise<BookEnricher> {
  if (env.OPENAI_API_KEY === undefined) return createLocalEnricher();
  const { createOpenAiEnricher } = await import('./ports/ai/openai-enricher.ts');
  const limits = {
    tokensMaxPerDay: env.AI_TOKENS_MAX_PER_DAY,
    costMicrosMaxPerDay: env.AI_COST_MICROS_MAX_PER_DAY,
  };
  return createOpenAiEnricher({
    apiKey: env.OPENAI_API_KEY,
    baseUrl: env.OPENAI_BASE_URL,
    model: env.OPENAI_MODEL,
    timeoutMs: env.AI_TIMEOUT_MS,
    budget: createAiBudget(database.db, limits, systemClock),
  });
}
