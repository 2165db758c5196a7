/**
 * A private Redis for a machine that has none.
 *
 * Promise: the append-only file survives a restart and a kill; it listens on 127.0.0.1 only, behind a generated
 * password; any number of data folders work at once, one program per folder.
 * In DATA_DIR/redis: the append-only files, `redis.conf` (with the password, mode 0600), `password`, `server.log`,
 * `owner.json`.
 */
import { chown, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { takeFolder, type FolderLock } from './folder-lock.ts';
import { withFreePort } from './free-port.ts';
import { preparePlace, type Place } from './place.ts';
import type { EmbeddedOptions, EmbeddedServer } from './postgres.ts';
import { findRedis, type RedisProgram } from './redis-binary.ts';
import { readOrMakeSecret } from './secret.ts';
import { launchServer, type RunningServer } from './server-process.ts';

/** Reading a large append-only file may take this long. */
const START_TIMEOUT_MS = 120_000;
const PING_TIMEOUT_MS = 1_000;
const REPLY_BYTES_MAX = 1_024;

export interface EmbeddedRedisOptions extends EmbeddedOptions {
  /** True passes over a Redis on PATH and fetches the system's package. (Default: false) */
  ignorePath?: boolean | undefined;
}

/**
 * @throws DataFolderBusyError when a living program uses the folder
 * @throws DataFolderUnusableError when the folder cannot be made, entered or written
 * @throws RedisMissingError when there is no Redis and none can be fetched
 * @throws ServerStartError with the end of the server's log
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedServer> {
  const place = await preparePlace(options.dataDir, 'redis');
  const program = await findRedis({
    account: place.account,
    onProgress: options.onProgress,
    ignorePath: options.ignorePath,
  });
  const lock = await takeFolder(place.folder);
  try {
    const password = await readOrMakeSecret(join(place.folder, 'password'), place.account);
    const { port, server } = await withFreePort(async (port) => ({
      port,
      server: await startServer(program, place, lock, { port, password }, options),
    }));
    options.log.info({ port, folder: place.folder }, 'Private Redis is running');
    let stopping: Promise<void> | undefined;
    return {
      url: `redis://:${password}@127.0.0.1:${port}`,
      stop: () => (stopping ??= server.stop().finally(() => lock.release())),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startServer(
  program: RedisProgram,
  place: Place,
  lock: FolderLock,
  access: { port: number; password: string },
  options: EmbeddedRedisOptions,
): Promise<RunningServer> {
  // In a file and not among the arguments, which every user of the machine can list.
  const config = join(place.folder, 'redis.conf');
  await rm(config, { force: true });
  await writeFile(config, settings(place.folder, access, options.isDurable !== false), { mode: 0o600 });
  if (place.account !== undefined) await chown(config, place.account.uid, place.account.gid);
  return launchServer({
    name: 'Redis',
    command: program.command,
    args: [config],
    env: program.env,
    place,
    logFile: join(place.folder, 'server.log'),
    lock,
    startTimeoutMs: START_TIMEOUT_MS,
    politeSignal: 'SIGTERM',
    firmSignal: 'SIGKILL',
    log: options.log,
    isReady: () => answersPing(access),
  });
}

function settings(folder: string, access: { port: number; password: string }, isDurable: boolean): string {
  const quoted = folder.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `bind 127.0.0.1
port ${access.port}
requirepass ${access.password}
dir "${quoted}"
daemonize no
logfile ""
loglevel warning
save ""
appendonly yes
appendfsync ${isDurable ? 'everysec' : 'no'}
maxmemory-policy noeviction
`;
}

/** The password proves that it is our server that answers on the port; while it reads its file it says LOADING. */
function answersPing({ port, password }: { port: number; password: string }): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (isReady: boolean) => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(PING_TIMEOUT_MS, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      if (reply.includes('+PONG')) finish(true);
      else if (reply.length > REPLY_BYTES_MAX || /^-/m.test(reply)) finish(false);
    });
  });
}
