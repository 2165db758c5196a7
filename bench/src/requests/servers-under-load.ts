/** The processes that are put under load: the product's API, and bare Yoga. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { withFreePort } from '../../../src/embedded/free-port.ts';
import { program, type Program } from '../../../test/faults/harness/processes.ts';
import type { PrivateServers } from '../machine/servers.ts';

export interface UnderLoad {
  /** The GraphQL endpoint. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Far above what a bench can ask: the limit is looked up as ever, and never met. */
const COST_PER_MINUTE_MAX = '1000000000';

export async function startBareYoga(databaseUrl: string, mode: 'lean' | 'plain' = 'lean'): Promise<UnderLoad> {
  const child = fork(fileURLToPath(new URL('./bare-yoga-main.ts', import.meta.url)), [databaseUrl, mode], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  child.once('message', resolve);
  child.once('exit', (code) => reject(new Error(`bare Yoga ended with code ${code}`)));
  const { port } = z.object({ port: z.number() }).parse(await promise);
  const stop = async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  };
  return { url: `http://127.0.0.1:${port}/graphql`, pid: child.pid ?? 0, stop };
}

export interface Booky {
  readonly api: UnderLoad;
  readonly worker: Program;
}

/** The API as shipped, in a process of its own; the worker is ready to be started beside it. */
export async function startBooky(
  servers: PrivateServers,
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Booky> {
  return withFreePort((port) => startOn(port, servers, databaseUrl, env));
}

async function startOn(
  port: number,
  servers: PrivateServers,
  databaseUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<Booky> {
  const shared = {
    NODE_ENV: 'production',
    APP_SECRET: 'a secret of the bench and of nobody else',
    DATA_DIR: join(servers.folder, 'requests'),
    DATABASE_URL: databaseUrl,
    REDIS_URL: servers.redisUrl,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    HEALTH_CRON: '0 0 1 1 *',
    COST_PER_MINUTE_MAX,
    // The API alone accepts more than waits for no worker.
    BACKLOG_EVENTS_MAX: '100000000',
    ...env,
  };
  const folder = join(servers.folder, 'logs');
  const api = program({ role: 'api', name: 'requests-api', folder, env: shared });
  await api.start();
  return {
    api: { url: `http://127.0.0.1:${port}/graphql`, pid: api.pid ?? 0, stop: () => api.stop() },
    worker: program({ role: 'worker', name: 'requests-worker', folder, env: shared }),
  };
}
