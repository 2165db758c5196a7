/**
 * The two servers the program needs: the ones that the environment names, else private ones for as long as it runs.
 *
 * Promise: either both are there, or none was left running.
 */
import type { Env } from '../env.ts';
import { startEmbeddedPostgres, type EmbeddedServer } from './postgres.ts';
import { startEmbeddedRedis } from './redis.ts';
import type { ServiceLog } from './server-process.ts';

export interface Services {
  databaseUrl: string;
  redisUrl: string;
  /** Stops the private servers only; idempotent. Call it after every connection of this program is closed. */
  stop(): Promise<void>;
}

export interface ServicesOptions {
  onProgress?: (words: string) => void;
  /** False only in tests: faster, not safe against a power cut. (Default: true) */
  isDurable?: boolean;
}

/** @throws EmbeddedServiceError whose message says what to do */
export async function startServices(
  env: Pick<Env, 'DATABASE_URL' | 'REDIS_URL' | 'DATA_DIR'>,
  log: ServiceLog,
  options: ServicesOptions = {},
): Promise<Services> {
  const shared = { dataDir: env.DATA_DIR, log, onProgress: options.onProgress, isDurable: options.isDurable };
  const taken = Promise.withResolvers<void>();
  const starting =
    env.DATABASE_URL === undefined
      ? startEmbeddedPostgres({ ...shared, onFolderTaken: taken.resolve })
      : given(env.DATABASE_URL);
  const startRedis = async () => {
    // One folder after the other: of two programs that start at once none gets what the other waits for.
    await Promise.race([taken.promise, starting]);
    return env.REDIS_URL === undefined ? startEmbeddedRedis(shared) : given(env.REDIS_URL);
  };
  const [database, redis] = await Promise.allSettled([starting, startRedis()]);
  if (database.status === 'fulfilled' && redis.status === 'fulfilled') {
    return {
      databaseUrl: database.value.url,
      redisUrl: redis.value.url,
      stop: () => stopAll([database.value, redis.value]),
    };
  }
  await stopAll([database, redis].flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  throw database.status === 'rejected' ? database.reason : redis.status === 'rejected' ? redis.reason : undefined;
}

async function stopAll(servers: EmbeddedServer[]): Promise<void> {
  const results = await Promise.allSettled(servers.map((server) => server.stop()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

const given = async (url: string): Promise<EmbeddedServer> => ({ url, stop: async () => {} });
