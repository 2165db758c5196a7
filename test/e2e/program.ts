/** The whole program, api and worker, on the servers of the tests and a free port. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, startApi } from '../../src/api.ts';
import { openPlatform } from '../../src/assemble.ts';
import { parseEnv } from '../../src/env.ts';
import { openLog } from '../../src/log.ts';
import { buildPages } from '../../src/web/build-pages.ts';
import { startWorker, type Worker } from '../../src/worker.ts';

export interface Program {
  /** Such as `http://localhost:4000`. */
  url: string;
  dataDir: string;
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  stopApi(): Promise<void>;
  /** On the same port as before. */
  startApi(): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings environment variables, besides those that every test has */
export async function startProgram(
  servers: { databaseUrl: string; redisUrl: string },
  settings: Record<string, string> = {},
): Promise<Program> {
  const dataDir = await mkdtemp(join(tmpdir(), 'booky-hub-e2e-'));
  const env = parseEnv({
    NODE_ENV: 'test',
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    REDIS_KEY_PREFIX: `e2e-${randomUUID()}`,
    ...settings,
  });
  const platform = await openPlatform(env, servers, openLog(env));
  let worker: Worker | null = null;
  let api: Api | null = null;
  let port = env.PORT;
  const program = {
    url: '',
    dataDir,
    stopWorker: async () => {
      await worker?.stop();
      worker = null;
    },
    startWorker: async () => {
      worker ??= await startWorker(platform);
    },
    stopApi: async () => {
      await api?.stop();
      api = null;
    },
    startApi: async () => {
      api ??= await startApi(
        { ...platform, env: { ...env, PORT: port } },
        { wake: () => worker?.wake(), ...(await buildPages()) },
      );
      program.url = api.publicUrl;
      port = Number(new URL(api.url).port);
    },
    stop: async () => {
      await program.stopApi();
      await program.stopWorker();
      await platform.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await program.startWorker();
  await program.startApi();
  return program;
}
