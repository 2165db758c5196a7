/**
 * Secrets that the program makes for itself and keeps: the private servers' passwords, the signing secret in development.
 *
 * Promise: made once from 32 random bytes, kept with mode 0600, the same for every process that reads the file.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { chown, link, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Env } from '../env.ts';
import type { Account } from './account.ts';
import { DataFolderUnusableError } from './errors.ts';
import { makeFolders } from './place.ts';

const SECRET_LENGTH_MIN = 32;

/** @returns APP_SECRET, or outside production the one kept in DATA_DIR/secret, made on first use */
export async function resolveSecret(env: Pick<Env, 'APP_SECRET' | 'DATA_DIR'>): Promise<string> {
  if (env.APP_SECRET !== undefined) return env.APP_SECRET;
  await makeFolders(env.DATA_DIR);
  return readOrMakeSecret(join(env.DATA_DIR, 'secret'), undefined);
}

/** @throws DataFolderUnusableError when the file holds something too short to be a secret */
export async function readOrMakeSecret(file: string, account: Account | undefined): Promise<string> {
  const kept = (await read(file)) ?? (await make(file, account));
  if (kept.length < SECRET_LENGTH_MIN) {
    throw new DataFolderUnusableError(dirname(file), `${file} is damaged; put its old content back.`);
  }
  return kept;
}

async function make(file: string, account: Account | undefined): Promise<string> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
  try {
    if (account !== undefined) await chown(draft, account.uid, account.gid);
    // A link never replaces what another process has put there first.
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return (await read(file)) ?? '';
}

async function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
}
