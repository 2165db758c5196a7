/**
 * Private PostgreSQL and Redis for one run, as the product starts them: default durability, `synchronous_commit` on,
 * Redis with an append-only file. On loopback and free ports, in a temporary folder that goes away with them.
 *
 * PostgreSQL also keeps the time of each commit (`track_commit_timestamp`), so that the database itself says when a
 * purchase was done, and nobody has to watch.
 */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { startServices } from '../../../src/embedded/services.ts';
import { quiet } from './quiet.ts';

export interface PrivateServers {
  /** A superuser's address of the cluster's own database; ask `createDatabase` for one to work in. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Process numbers, for machine/cpu.ts. */
  readonly postgresPid: number;
  readonly redisPid: number;
  /** A folder for whatever else the run needs; goes away with the servers. */
  readonly folder: string;
  /** An empty database of this name; one that was there before is dropped. @returns its address */
  createDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** Empties Redis. */
  emptyRedis(): Promise<void>;
  stop(): Promise<void>;
}

const LEAVE_MS_MAX = 3_000;
const LEAVE_LOOK_EVERY_MS = 50;
const FOLDER_PREFIX = 'booky-hub-bench-';
const SETTING_NAME = /^[a-z_]+(\.[a-z_]+)?$/;
const DATABASE_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** @param settings more settings of PostgreSQL, beyond those that the product has */
export async function startPrivateServers(settings: Readonly<Record<string, string>> = {}): Promise<PrivateServers> {
  await sweepAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  // As root the servers run as another user, who must be able to enter.
  await chmod(folder, 0o711);
  try {
    await configure(folder, { track_commit_timestamp: 'on', ...settings });
    const services = await startServices(addresses(folder), quiet);
    const admin = postgres(services.databaseUrl, { max: 1, onnotice: () => {} });
    const redis = new Redis(services.redisUrl);
    return {
      databaseUrl: services.databaseUrl,
      redisUrl: services.redisUrl,
      postgresPid: await postmasterPid(folder, admin),
      redisPid: redisPid(await redis.info('server')),
      folder,
      createDatabase: async (name) => {
        await dropDatabase(admin, name);
        await admin.unsafe(`create database ${name}`);
        const url = new URL(services.databaseUrl);
        url.pathname = `/${name}`;
        return url.href;
      },
      dropDatabase: (name) => dropDatabase(admin, name),
      emptyRedis: async () => {
        await redis.flushall();
      },
      stop: async () => {
        redis.disconnect();
        await admin.end({ timeout: 5 });
        await services.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const addresses = (folder: string) => ({ DATABASE_URL: undefined, REDIS_URL: undefined, DATA_DIR: folder });

/** Such settings need a restart: the servers are started once for them and stopped again. */
async function configure(folder: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const services = await startServices(addresses(folder), quiet);
  const admin = postgres(services.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    for (const [name, value] of Object.entries(settings)) {
      if (!SETTING_NAME.test(name)) throw new TypeError(`'${name}' is no setting of PostgreSQL`);
      await admin.unsafe(`alter system set ${name} = '${value.replaceAll("'", "''")}'`);
    }
  } finally {
    await admin.end({ timeout: 5 });
    await services.stop();
  }
}

/** Clients that are on their way out are let out: some libraries do not survive being cut off while they leave. */
async function waitUntilLeft(admin: postgres.Sql, name: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < LEAVE_MS_MAX; waitedMs += LEAVE_LOOK_EVERY_MS) {
    const [row] = await admin<{ sessions: number }[]>`
      select count(*)::int as sessions from pg_stat_activity where datname = ${name} and backend_type = 'client backend'`;
    if (row?.sessions === 0) return;
    await delay(LEAVE_LOOK_EVERY_MS);
  }
}

/** Folders of runs that were killed; a living run's process number is in its folder's name. */
async function sweepAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isLiving(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isLiving(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function dropDatabase(admin: postgres.Sql, name: string): Promise<void> {
  if (!DATABASE_NAME.test(name)) throw new TypeError(`'${name}' is no name for a database`);
  await waitUntilLeft(admin, name);
  await admin.unsafe(`drop database if exists ${name} with (force)`);
}

/** The first line of postmaster.pid, as the server itself reads it: its folder may be readable for another user only. */
async function postmasterPid(folder: string, admin: postgres.Sql): Promise<number> {
  const [row] = await admin<{ line: string }[]>`
    select split_part(pg_read_file('postmaster.pid'), E'\n', 1) as line`;
  const pid = Number(row?.line);
  if (!Number.isInteger(pid) || pid <= 0) throw new Error(`PostgreSQL in ${folder} does not say its process number`);
  return pid;
}

function redisPid(info: string): number {
  const pid = Number(/^process_id:(\d+)/m.exec(info)?.[1]);
  if (!Number.isInteger(pid)) throw new Error('Redis does not say its process number');
  return pid;
}
