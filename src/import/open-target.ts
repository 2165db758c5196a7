/**
 * The database that an import goes into: the one that DATABASE_URL names, else the private one, which may be running for
 * the program itself at this moment or is started for as long as the import takes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderBusyError } from '../embedded/errors.ts';
import { preparePlace } from '../embedded/place.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import type { ServiceLog } from '../embedded/server-process.ts';
import type { Env } from '../env.ts';

export interface ImportDatabase {
  url: string;
  stop(): Promise<void>;
}

/** @throws EmbeddedServiceError whose message says what to do */
export async function openTarget(
  env: Pick<Env, 'DATABASE_URL' | 'DATA_DIR'>,
  log: ServiceLog,
  say: (words: string) => void,
): Promise<ImportDatabase> {
  if (env.DATABASE_URL !== undefined) return { url: env.DATABASE_URL, stop: async () => {} };
  try {
    return await startEmbeddedPostgres({ dataDir: env.DATA_DIR, log, onProgress: say });
  } catch (error) {
    if (!(error instanceof DataFolderBusyError)) throw error;
    const url = await runningUrl(env.DATA_DIR);
    if (url === null) throw error;
    say('Booky Hub is running on this data folder; importing into its database.');
    return { url, stop: async () => {} };
  }
}

/** The address of a private PostgreSQL that another process runs: its port is on line 4 of postmaster.pid. */
async function runningUrl(dataDir: string): Promise<string | null> {
  const { folder } = await preparePlace(dataDir, 'postgres');
  const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8').catch(() => '');
  const [password, lines] = await Promise.all([read('password'), read('cluster', 'postmaster.pid')]);
  const port = lines.split('\n')[3]?.trim() ?? '';
  if (password.trim() === '' || !/^\d{2,5}$/.test(port)) return null;
  return `postgres://booky:${password.trim()}@127.0.0.1:${port}/booky_hub`;
}
