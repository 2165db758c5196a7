/**
 * Joining: roles that run apart on one machine share the private servers of the data folder.
 *
 * Whoever comes first starts them and says where they are; the others use them. They live as long as their starter.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Env } from '../env.ts';
import { DataFolderBusyError } from './errors.ts';
import type { ServiceLog } from './server-process.ts';
import { type Services, type ServicesOptions, startServices } from './services.ts';

const addressSchema = z.object({ databaseUrl: z.string(), redisUrl: z.string(), pid: z.int() });

/** A starter that is still busy says where its servers are within this time. */
const ADDRESS_WAIT_MS = 30_000;
const ADDRESS_LOOK_EVERY_MS = 200;

/**
 * Starts what has no URL, or joins whoever has started it on the same data folder.
 * @param options.mayJoin false for a program that does everything itself: two of those on one folder are a mistake
 * @throws EmbeddedServiceError whose message says what to do
 */
export async function startOrJoinServices(
  env: Pick<Env, 'DATABASE_URL' | 'REDIS_URL' | 'DATA_DIR'>,
  log: ServiceLog,
  options: ServicesOptions & { mayJoin: boolean },
): Promise<Services> {
  const path = join(env.DATA_DIR, 'servers.json');
  try {
    const services = await startServices(env, log, options);
    if (env.DATABASE_URL !== undefined && env.REDIS_URL !== undefined) return services;
    const { databaseUrl, redisUrl } = services;
    await mkdir(env.DATA_DIR, { recursive: true });
    await writeFile(path, JSON.stringify({ databaseUrl, redisUrl, pid: process.pid }), { mode: 0o600 });
    return {
      ...services,
      stop: async () => {
        await rm(path, { force: true });
        await services.stop();
      },
    };
  } catch (error) {
    if (!(error instanceof DataFolderBusyError) || !options.mayJoin) throw error;
    return joinServices(path, error);
  }
}

async function joinServices(path: string, busy: DataFolderBusyError): Promise<Services> {
  for (let waitedMs = 0; waitedMs < ADDRESS_WAIT_MS; waitedMs += ADDRESS_LOOK_EVERY_MS) {
    const text = await readFile(path, 'utf8').catch(() => null);
    const address = text === null ? null : addressSchema.safeParse(parseJson(text)).data;
    if (address && isLiving(address.pid)) {
      return { databaseUrl: address.databaseUrl, redisUrl: address.redisUrl, stop: async () => {} };
    }
    await delay(ADDRESS_LOOK_EVERY_MS);
  }
  throw busy;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
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
