/**
 * This project's own purchase workflow: five stages with a payment gateway over HTTP, everything on.
 *
 * It does more than the saga (authorize and capture at a gateway, an announcement before the capture, a receipt by
 * mail), so it is a line of its own and no ratio is told of it. The gateway runs in the bench's process: it is the outside.
 */
import { join } from 'node:path';
import { openPlatform } from '../../../../src/assemble.ts';
import { openDatabase } from '../../../../src/db/client.ts';
import { parseEnv } from '../../../../src/env.ts';
import { openLog } from '../../../../src/log.ts';
import { createNotifier, openRedis } from '../../../../src/streams/index.ts';
import { startWorker } from '../../../../src/worker.ts';
import { type Market, placePurchases, PRICE_MINOR } from '../../../../test/faults/harness/load.ts';
import { KEY_PREFIX } from '../../../../test/faults/harness/stack.ts';
import { quiet } from '../../machine/quiet.ts';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { openProductShop } from './product-shop.ts';

const PLACE_AT_ONCE = 500;

/** The producer places orders as `Mutation.placeOrder` does: order, line, payment and event in one commit. */
async function openProducer(place: Place): Promise<Producer> {
  const database = openDatabase(place.databaseUrl, { poolMax: 2 });
  const redis = openRedis(place.redisUrl, quiet);
  const wake = createNotifier(redis, KEY_PREFIX);
  const market = await readMarket(database.sql);
  let placed = 0;
  const next = (orderId: string) => {
    const buyerId = market.buyerIds[Math.floor(placed / market.editionIds.length)];
    const editionId = market.editionIds[placed % market.editionIds.length];
    if (buyerId === undefined || editionId === undefined) throw new RangeError('the market is too small for this load');
    placed += 1;
    return {
      orderId,
      buyerId,
      editionId,
      authorId: market.authorId,
      amountMinor: PRICE_MINOR,
      paymentToken: 'tok_succeeds',
    };
  };
  const enqueueMany = async (orderIds: readonly string[]) => {
    for (let at = 0; at < orderIds.length; at += PLACE_AT_ONCE) {
      await placePurchases(database, orderIds.slice(at, at + PLACE_AT_ONCE).map(next));
    }
    wake();
  };
  return {
    enqueueMany,
    enqueueOne: (orderId) => enqueueMany([orderId]),
    close: async () => {
      redis.disconnect();
      await database.close();
    },
  };
}

async function readMarket(sql: ReturnType<typeof openDatabase>['sql']): Promise<Market> {
  const buyers = await sql<{ id: string }[]>`select id from "user" where role = 'READER' order by id`;
  const editions = await sql<{ id: string; ownerId: string }[]>`
    select id, owner_id as "ownerId" from edition order by id`;
  const authorId = editions[0]?.ownerId ?? '';
  return { authorId, buyerIds: buyers.map(({ id }) => id), editionIds: editions.map(({ id }) => id) };
}

async function openWorker(place: Place): Promise<Worker> {
  const env = parseEnv({
    NODE_ENV: 'test',
    DATA_DIR: join(place.folder, 'product'),
    DATABASE_URL: place.databaseUrl,
    REDIS_URL: place.redisUrl,
    APP_SECRET: 'a secret of the bench and of nobody else',
    // Once a year: the health checks have nothing to do with purchases.
    HEALTH_CRON: '0 0 1 1 *',
  });
  const platform = await openPlatform(env, place, openLog({ LOG_LEVEL: 'warn' }));
  let running: Awaited<ReturnType<typeof startWorker>> | null = null;
  return {
    start: async () => {
      running = await startWorker(platform);
    },
    stop: async () => {
      await running?.stop();
      running = null;
    },
    close: () => platform.close(),
  };
}

export const product: Contestant = {
  name: 'product',
  label: 'Booky Hub purchases, five stages, gateway',
  kind: 'PRODUCT',
  tuning: 'as shipped: one worker process, WORKER_BATCH_MAX 1500, WORKER_CONCURRENCY 64, DATABASE_POOL_MAX 10',
  openShop: openProductShop,
  install: async () => {},
  openProducer,
  openWorker,
};
