/**
 * Where a private server keeps its data, and as whom it runs there.
 *
 * Promise: the folder exists, belongs to that user with mode 0700, and that user can enter it.
 * As root the data normally stays in the data folder, owned by an unprivileged account. Where that account cannot enter
 * (below /root, say) it goes to /var/lib/booky-hub/<hash of the data folder's path>. A choice once made is kept.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { unprivilegedAccount, type Account } from './account.ts';
import { DataFolderUnusableError } from './errors.ts';
import { runCommand } from './run-command.ts';

const SYSTEM_DATA = '/var/lib/booky-hub';
const PROBE_TIMEOUT_MS = 10_000;

export interface Place {
  folder: string;
  account: Account | undefined;
}

/** @throws DataFolderUnusableError when no folder can be made or it belongs to somebody else */
export async function preparePlace(dataDir: string, server: 'postgres' | 'redis'): Promise<Place> {
  const wanted = join(resolve(dataDir), server);
  try {
    const account = await unprivilegedAccount();
    return account === undefined ? await ownPlace(wanted) : await rootPlace(resolve(dataDir), server, account);
  } catch (error) {
    if (error instanceof DataFolderUnusableError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DataFolderUnusableError(wanted, `${why}. Set DATA_DIR to a folder this user can write.`, {
      cause: error,
    });
  }
}

async function ownPlace(folder: string): Promise<Place> {
  await makeFolders(join(folder, '..'));
  await makeFolder(folder);
  const owner = (await stat(folder)).uid;
  if (process.getuid !== undefined && owner !== process.getuid()) {
    throw new DataFolderUnusableError(
      folder,
      `it belongs to another user (uid ${owner}); it was probably made when Booky Hub ran as root or somebody else. ` +
        'Run as that user again, or set DATA_DIR to another folder.',
    );
  }
  await chmod(folder, 0o700);
  return { folder, account: undefined };
}

async function rootPlace(dataDir: string, server: string, fallback: Account): Promise<Place> {
  const systemFolder = join(SYSTEM_DATA, createHash('sha256').update(dataDir).digest('hex').slice(0, 16), server);
  const chosenBefore = await ownerOf(systemFolder);
  if (chosenBefore !== undefined) return handOver(systemFolder, chosenBefore.uid === 0 ? fallback : chosenBefore);

  await makeFolders(dataDir);
  const near = join(dataDir, server);
  const owner = await ownerOf(near);
  // Data made by an ordinary user stays theirs, so that they can start it again.
  const place = await handOver(near, owner === undefined || owner.uid === 0 ? fallback : owner);
  if (await canEnter(place)) return place;

  await rmdir(near).catch(() => {});
  // One by one: a recursive mkdir with a mode would shut the parents too.
  await makeFolder(SYSTEM_DATA);
  await chmod(SYSTEM_DATA, 0o755);
  const parent = join(systemFolder, '..');
  await makeFolder(parent);
  await chmod(parent, 0o755);
  await writeFile(join(parent, 'belongs-to'), `${dataDir}\n`);
  const systemPlace = await handOver(systemFolder, fallback);
  if (await canEnter(systemPlace)) return systemPlace;
  throw new DataFolderUnusableError(
    systemFolder,
    `the account with uid ${fallback.uid} cannot enter it, nor ${near}. Set DATA_DIR to a folder every user may enter.`,
  );
}

async function handOver(folder: string, account: Account): Promise<Place> {
  await makeFolder(folder);
  await chown(folder, account.uid, account.gid);
  await chmod(folder, 0o700);
  return { folder, account };
}

async function canEnter(place: Place): Promise<boolean> {
  const probe = await runCommand('/bin/sh', ['-c', 'cd "$1" && [ -w . ]', 'sh', place.folder], {
    timeoutMs: PROBE_TIMEOUT_MS,
    cwd: '/',
    account: place.account,
  });
  return probe.ok;
}

async function ownerOf(folder: string): Promise<Account | undefined> {
  return stat(folder).then(
    ({ uid, gid }) => ({ uid, gid }),
    () => undefined,
  );
}

/** Makes what is missing of a path. Not Node's recursive mkdir: below /proc that one never returns. */
export async function makeFolders(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isThere) return;
  if (dirname(folder) !== folder) await makeFolders(dirname(folder));
  await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    // Another process may have been quicker.
    if (error.code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  });
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
