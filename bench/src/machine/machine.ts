/** What it was measured on, in one sentence for the report. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { PrivateServers } from './servers.ts';
import postgres from 'postgres';
import { Redis } from 'ioredis';

const GIB_BYTES = 1024 ** 3;

export async function describeMachine(servers: PrivateServers): Promise<string> {
  const sql = postgres(servers.databaseUrl, { max: 1 });
  const redis = new Redis(servers.redisUrl);
  try {
    const [version] = await sql<{ server_version: string }[]>`show server_version`;
    const redisVersion = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1];
    const memory = Math.round(totalmem() / GIB_BYTES);
    return (
      `${availableParallelism()} cores (${cpus()[0]?.model ?? process.arch}), ${memory} GiB, ` +
      `Node ${process.versions.node}, PostgreSQL ${version?.server_version.split(' ')[0]}, Redis ${redisVersion}`
    );
  } finally {
    redis.disconnect();
    await sql.end({ timeout: 5 });
  }
}
