/**
 * Programs that are fetched or copied once per machine and kept between runs; never data.
 *
 * Promise: an entry is there whole or not at all, even when two programs make it at once; nobody but this user can
 * write it.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './account.ts';
import { DataFolderUnusableError } from './errors.ts';

const ABANDONED_MS = 60 * 60 * 1000;

/**
 * The entry's folder; made by `build` in a work folder beside it when it is not there yet.
 * @param isSound tells whether an entry that is already there can be used
 */
export async function cached(
  name: string,
  build: (folder: string) => Promise<void>,
  isSound: (folder: string) => Promise<boolean>,
): Promise<string> {
  const cache = await cacheFolder();
  const entry = join(cache, name);
  if (await isSound(entry)) return entry;
  await sweepAbandoned(cache);
  const work = await mkdtemp(join(cache, '.making-'));
  try {
    await chmod(work, 0o755);
    await build(work);
    try {
      await rename(work, entry);
    } catch (error) {
      // Another program made it at the same time, or a broken one lies there.
      if (!(await isSound(entry))) {
        await rm(entry, { recursive: true, force: true });
        await rename(work, entry).catch(() => Promise.reject(error));
      }
    }
    return entry;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function cacheFolder(): Promise<string> {
  const tried: string[] = [];
  for (const folder of candidates()) {
    try {
      await mkdir(folder, { recursive: true });
      const { uid, mode } = await stat(folder);
      // Programs are run from here: nobody else may be able to put one in.
      if (uid === process.getuid?.()) {
        await chmod(folder, isRoot() ? 0o755 : mode & 0o755);
        await rm(await mkdtemp(join(folder, '.making-')), { recursive: true });
        return folder;
      }
    } catch {
      // The next candidate.
    }
    tried.push(folder);
  }
  throw new DataFolderUnusableError(
    tried.join(', '),
    'no folder for downloaded programs can be written; set XDG_CACHE_HOME.',
  );
}

function candidates(): string[] {
  const temporary = join(tmpdir(), `booky-hub-cache-${process.getuid?.() ?? 0}`);
  if (isRoot()) return ['/var/cache/booky-hub', temporary];
  const user = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return [join(process.env['XDG_CACHE_HOME'] ?? user, 'booky-hub'), temporary];
}

async function sweepAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('.making-')) continue;
    const folder = join(cache, name);
    const age = await stat(folder).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
  }
}
