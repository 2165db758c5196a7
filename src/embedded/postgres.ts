/**
 * A private PostgreSQL for a machine that has none.
 *
 * Promise: data survives a restart of the program, of the machine, and a kill of either; it listens on 127.0.0.1 only,
 * behind a generated password; any number of data folders work at once, one program per folder.
 * Life: folder taken → cluster made on first use → started on a free port → database made → stopped with the program.
 * In DATA_DIR/postgres: `cluster` (the data), `password`, `server.log`, `owner.json`.
 * Not here: tables and migrations (src/db).
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { DataFolderBusyError, ServerStartError } from './errors.ts';
import { takeFolder, type FolderLock } from './folder-lock.ts';
import { withFreePort } from './free-port.ts';
import { preparePlace, type Place } from './place.ts';
import { findPostgres } from './postgres-binaries.ts';
import { commandLine, processBirth } from './process-birth.ts';
import { runCommand, serverEnvironment } from './run-command.ts';
import { readOrMakeSecret } from './secret.ts';
import { launchServer, type RunningServer, type ServiceLog } from './server-process.ts';

const USER = 'booky';
const DATABASE = 'booky_hub';
const DRAFT = 'cluster.making-';
const INIT_TIMEOUT_MS = 120_000;
/** Replaying the log after a crash may take this long. */
const START_TIMEOUT_MS = 120_000;
/** Above any process number a system gives out. */
const NO_SUCH_PID = 2_147_483_646;

export interface EmbeddedOptions {
  /** The server keeps its files in a folder of its own below this one. */
  dataDir: string;
  log: ServiceLog;
  /** Told in plain words when a step takes seconds, so that nobody thinks the program hangs. */
  onProgress?: ((words: string) => void) | undefined;
  /** False gives up safety against a power cut for speed; for tests alone. (Default: true) */
  isDurable?: boolean | undefined;
  /** Called once the folder is this program's. */
  onFolderTaken?: (() => void) | undefined;
}

export interface EmbeddedServer {
  url: string;
  /** Idempotent; ends within 40 s. */
  stop(): Promise<void>;
}

/**
 * @throws DataFolderBusyError when a living program uses the folder
 * @throws DataFolderUnusableError when the folder cannot be made, entered or written
 * @throws PostgresMissingError when there is no program for this platform
 * @throws ServerStartError with the end of the server's log
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = await preparePlace(options.dataDir, 'postgres');
  const programs = await findPostgres(place.account);
  const lock = await takeFolder(place.folder);
  options.onFolderTaken?.();
  let server: RunningServer | undefined;
  try {
    const password = await readOrMakeSecret(join(place.folder, 'password'), place.account);
    await makeCluster(programs, place, options);
    await forgetStalePid(place.folder);
    const started = await withFreePort(async (port) => ({
      port,
      server: await startServer(programs, place, lock, port, options),
    }));
    server = started.server;
    const url = await openDatabase(started.port, password);
    options.log.info({ port: started.port, folder: place.folder }, 'Private PostgreSQL is running');
    let stopping: Promise<void> | undefined;
    return { url, stop: () => (stopping ??= started.server.stop().finally(() => lock.release())) };
  } catch (error) {
    await server?.stop();
    lock.release();
    throw error;
  }
}

/** Made beside its final place and renamed, so that a cut in the middle leaves nothing that looks like a cluster. */
async function makeCluster(programs: string, place: Place, options: EmbeddedOptions): Promise<void> {
  const cluster = join(place.folder, 'cluster');
  if (existsSync(join(cluster, 'PG_VERSION'))) return;
  options.onProgress?.('Making a private PostgreSQL database (a second or two, once) …');
  for (const name of await readdir(place.folder)) {
    if (name.startsWith(DRAFT)) await rm(join(place.folder, name), { recursive: true, force: true });
  }
  const draft = join(place.folder, `${DRAFT}${randomUUID()}`);
  const args = [
    '-D',
    draft,
    '-U',
    USER,
    '--pwfile',
    join(place.folder, 'password'),
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ];
  // The sort order is PostgreSQL's own, the same on every machine.
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  if (options.isDurable === false) args.push('--no-sync');
  const made = await runCommand(join(programs, 'initdb'), args, {
    timeoutMs: INIT_TIMEOUT_MS,
    cwd: place.folder,
    env: serverEnvironment(),
    account: place.account,
  });
  if (!made.ok) {
    await rm(draft, { recursive: true, force: true });
    throw new ServerStartError(
      'PostgreSQL',
      'its data could not be made',
      join(place.folder, 'server.log'),
      made.lastLines,
    );
  }
  await rename(draft, cluster);
}

function startServer(
  programs: string,
  place: Place,
  lock: FolderLock,
  port: number,
  options: EmbeddedOptions,
): Promise<RunningServer> {
  const cluster = join(place.folder, 'cluster');
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    // A statement that fails is told to the caller; the log is for the server's own troubles.
    log_min_error_statement: 'panic',
    ...(options.isDurable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  return launchServer({
    name: 'PostgreSQL',
    command: join(programs, 'postgres'),
    args: ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: serverEnvironment(),
    place,
    logFile: join(place.folder, 'server.log'),
    lock,
    startTimeoutMs: START_TIMEOUT_MS,
    politeSignal: 'SIGINT',
    firmSignal: 'SIGQUIT',
    log: options.log,
    isReady: (pid) => isReady(cluster, pid),
  }).catch((error: unknown) => {
    if (error instanceof ServerStartError && error.message.includes('lock file "postmaster.pid" already exists')) {
      throw new DataFolderBusyError(place.folder, undefined);
    }
    throw error;
  });
}

/** The server writes its process number on line 1 and its state on line 8 of postmaster.pid. */
async function isReady(cluster: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return lines[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready';
}

/**
 * After a crash the number in postmaster.pid may belong to an unrelated process, and PostgreSQL would refuse to start.
 * Only the number is replaced: PostgreSQL still checks by the shared memory named there that no old backend lives.
 */
async function forgetStalePid(folder: string): Promise<void> {
  const file = join(folder, 'cluster', 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || processBirth(pid) === undefined) return;
  if (commandLine(pid).includes('postgres')) return;
  lines[0] = String(NO_SUCH_PID);
  await writeFile(file, lines.join('\n'));
}

async function openDatabase(port: number, password: string): Promise<string> {
  const base = `postgres://${USER}:${password}@127.0.0.1:${port}`;
  const sql = postgres(`${base}/postgres`, { max: 1, onnotice: () => {}, connect_timeout: 30 });
  try {
    const found = await sql`select 1 from pg_database where datname = ${DATABASE}`;
    if (found.length === 0) await sql.unsafe(`create database ${DATABASE}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
  return `${base}/${DATABASE}`;
}
