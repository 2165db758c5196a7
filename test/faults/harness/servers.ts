/**
 * Private PostgreSQL and Redis that a row may kill and start again, each always on the port it had first.
 *
 * PostgreSQL runs as in production (fsync and synchronous commits on): rows ask whether commits survive. Redis keeps an
 * append-only file or nothing at all, as the row wants. Not here: networks between them (proxy.ts).
 */
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import type { FolderLock } from '../../../src/embedded/folder-lock.ts';
import { preparePlace, type Place } from '../../../src/embedded/place.ts';
import { findPostgres } from '../../../src/embedded/postgres-binaries.ts';
import { startEmbeddedPostgres } from '../../../src/embedded/postgres.ts';
import { findRedis } from '../../../src/embedded/redis-binary.ts';
import { serverEnvironment } from '../../../src/embedded/run-command.ts';
import { launchServer, type LaunchOptions, type RunningServer } from '../../../src/embedded/server-process.ts';
import { quiet } from './log.ts';
import { waitFor } from './wait.ts';

const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 20_000;

export interface FaultServer {
  readonly port: number;
  readonly url: string;
  /** Ends it at once, as a crash would: `kill -9` for Redis, an immediate shutdown for PostgreSQL. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster of its own below `folder`. */
export async function startPostgres(folder: string): Promise<FaultServer> {
  const made = await startEmbeddedPostgres({ dataDir: folder, log: quiet });
  const url = new URL(made.url);
  await made.stop();
  const place = await preparePlace(folder, 'postgres');
  const programs = await findPostgres(place.account);
  const port = await freePort();
  url.port = String(port);
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    log_min_messages: 'fatal',
    log_min_error_statement: 'panic',
  };
  return keepServer(port, url.href, 'SIGQUIT', {
    name: 'PostgreSQL',
    command: join(programs, 'postgres'),
    args: [
      '-D',
      join(place.folder, 'cluster'),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    env: serverEnvironment(),
    place,
    logFile: join(place.folder, 'server.log'),
    politeSignal: 'SIGINT',
    firmSignal: 'SIGQUIT',
    isReady: () => answersSql(url.href),
  });
}

export interface RedisOptions {
  /** True keeps an append-only file; false forgets everything with each crash. */
  readonly isPersistent: boolean;
}

export async function startRedis(folder: string, options: RedisOptions): Promise<FaultServer> {
  const place = await preparePlace(folder, 'redis');
  const program = await findRedis({ account: place.account });
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const config = await writeRedisConfig(place, port, options);
  return keepServer(port, url, 'SIGKILL', {
    name: 'Redis',
    command: program.command,
    args: [config],
    env: program.env,
    place,
    logFile: join(place.folder, 'server.log'),
    politeSignal: 'SIGTERM',
    firmSignal: 'SIGKILL',
    isReady: () => answersPing(url),
  });
}

async function writeRedisConfig(place: Place, port: number, options: RedisOptions): Promise<string> {
  const config = join(place.folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${place.folder}"`,
    'save ""',
    `appendonly ${options.isPersistent ? 'yes' : 'no'}`,
    'maxmemory-policy noeviction',
    'repl-diskless-sync-delay 0',
    'loglevel warning',
  ];
  await rm(config, { force: true });
  await writeFile(config, `${lines.join('\n')}\n`);
  if (place.account !== undefined) await chown(config, place.account.uid, place.account.gid);
  return config;
}

async function keepServer(
  port: number,
  url: string,
  crashSignal: NodeJS.Signals,
  launch: Omit<LaunchOptions, 'lock' | 'startTimeoutMs' | 'log'>,
): Promise<FaultServer> {
  let pid = 0;
  let running: RunningServer | null = null;
  const lock: FolderLock = {
    noteServer: (started) => {
      pid = started;
    },
    release: () => {},
  };
  const start = async () => {
    running = await launchServer({ ...launch, lock, startTimeoutMs: START_TIMEOUT_MS, log: quiet });
  };
  await mkdir(launch.place.folder, { recursive: true });
  await start();
  return {
    port,
    url,
    start,
    crash: async () => {
      process.kill(pid, crashSignal);
      running = null;
      await waitFor(`the end of ${launch.name}`, END_TIMEOUT_MS, async () => !isLiving(pid));
    },
    stop: async () => {
      await running?.stop();
      running = null;
    },
  };
}

async function answersSql(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function answersPing(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** A port that is free now; the servers of a row start one after the other. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

function isLiving(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
