/**
 * Everything a row stands on: servers, networks, gateway, a market with buyers and books, and processes on demand.
 *
 *     const stack = await openStack(context, { purchases: 2_000 });
 *     const worker = stack.worker('worker-1');  await worker.start();
 *
 * The gateway stands outside, in the row's own process, so that no kill of ours reaches it; its books are what the
 * invariants are compared with. `throughProxies` puts a breakable network before each of the three.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Database, openDatabase } from '../../../src/db/client.ts';
import { migrateDatabase } from '../../../src/db/migrate.ts';
import { startSandboxGateway } from '../../../src/ports/payments/sandbox/server.ts';
import type { FaultScript } from '../../../src/ports/payments/sandbox/wire.ts';
import { quiet } from './log.ts';
import { type Market, openMarket } from './load.ts';
import { type Program, program } from './processes.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import type { FaultContext } from './row.ts';
import { type FaultServer, startPostgres, startRedis } from './servers.ts';

export const KEY_PREFIX = 'booky:';

export interface StackOptions {
  /** How many purchases the market must have buyers and books for. */
  readonly purchases: number;
  /** Redis keeps an append-only file. (Default: false, it forgets everything when it dies) */
  readonly isRedisPersistent?: boolean;
  /** (Default: false) */
  readonly throughProxies?: boolean;
  /** Faults of the gateway at random, each by its rate. (Default: none) */
  readonly gatewayFaults?: Partial<FaultScript['rates']>;
  /** More variables for the program's processes. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Proxies {
  readonly postgres: FaultProxy;
  readonly redis: FaultProxy;
  readonly gateway: FaultProxy;
}

export interface Stack {
  readonly postgres: FaultServer;
  readonly redis: FaultServer;
  /** Null unless `throughProxies`. */
  readonly proxies: Proxies | null;
  /** The row's own way to the servers, past all proxies. */
  readonly database: Database;
  /** The row's own Redis client, which reconnects by itself. */
  readonly redisClient: Redis;
  readonly market: Market;
  readonly booksPath: string;
  readonly dataDir: string;
  /** Where the program finds PostgreSQL and Redis. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly worker: (name: string, env?: Readonly<Record<string, string>>) => Program;
  /** Listens on `port`. */
  readonly api: (name: string, port: number, env?: Readonly<Record<string, string>>) => Program;
}

export async function openStack(context: FaultContext, options: StackOptions): Promise<Stack> {
  const postgres = context.keep(await startPostgres(join(context.folder, 'servers')));
  const redis = context.keep(
    await startRedis(join(context.folder, 'servers'), { isPersistent: options.isRedisPersistent ?? false }),
  );
  await migrateDatabase(postgres.url);
  const database = openDatabase(postgres.url, { poolMax: 5, applicationName: 'faults' });
  context.keep({ stop: () => database.close() });
  const redisClient = openRowRedis(context, redis.url);
  const dataDir = join(context.folder, 'data');
  const booksPath = join(dataDir, 'gateway');
  const gatewayPort = await startGateway(context, booksPath, options.gatewayFaults);
  const proxies = options.throughProxies ? await startProxies(context, postgres, redis, gatewayPort) : null;
  const toGateway = proxies?.gateway.port ?? gatewayPort;
  await writeFile(join(booksPath, 'address'), `http://127.0.0.1:${toGateway}`);
  const databaseUrl = withPort(postgres.url, proxies?.postgres.port);
  const redisUrl = withPort(redis.url, proxies?.redis.port);
  const market = await openMarket(database, options.purchases);

  const launch = (role: 'api' | 'worker', name: string, env: Readonly<Record<string, string>>) => {
    const own = new URL(databaseUrl);
    own.searchParams.set('application_name', name);
    return context.keep(
      program({
        role,
        name,
        folder: join(context.folder, 'logs'),
        env: {
          NODE_ENV: 'test',
          DATA_DIR: dataDir,
          DATABASE_URL: own.href,
          REDIS_URL: redisUrl,
          REDIS_KEY_PREFIX: KEY_PREFIX,
          // The health checks have rows of their own; here they would only add events to count.
          HEALTH_CRON: '0 0 1 1 *',
          APP_SECRET: 'a secret of the fault catalogue alone',
          ...options.env,
          ...env,
        },
      }),
    );
  };
  return {
    postgres,
    redis,
    proxies,
    database,
    redisClient,
    market,
    booksPath,
    dataDir,
    databaseUrl,
    redisUrl,
    worker: (name, env = {}) => launch('worker', name, env),
    api: (name, port, env = {}) => launch('api', name, { PORT: String(port), ...env }),
  };
}

/** A client for looking at Redis from outside; it waits while Redis is away. */
export function openRowRedis(context: FaultContext, url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  context.keep({ stop: async () => client.disconnect() });
  return client;
}

async function startGateway(
  context: FaultContext,
  booksPath: string,
  rates: StackOptions['gatewayFaults'],
): Promise<number> {
  await mkdir(booksPath, { recursive: true });
  const gateway = context.keep(await startSandboxGateway({ booksPath, log: quiet, slowMs: 200, hangMsMax: 12_000 }));
  if (rates) {
    const script = { seed: context.seed, rates, faultsPerKeyMax: 3 };
    const answer = await fetch(new URL('/script', gateway.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(script),
    });
    if (!answer.ok) throw new Error(`the gateway refused the script: ${await answer.text()}`);
  }
  return Number(new URL(gateway.url).port);
}

async function startProxies(
  context: FaultContext,
  postgres: FaultServer,
  redis: FaultServer,
  gatewayPort: number,
): Promise<Proxies> {
  return {
    postgres: context.keep(await startProxy(postgres.port)),
    redis: context.keep(await startProxy(redis.port)),
    gateway: context.keep(await startProxy(gatewayPort)),
  };
}

function withPort(url: string, port: number | undefined): string {
  const changed = new URL(url);
  if (port !== undefined) changed.port = String(port);
  return changed.href;
}
