/**
 * Fetches Redis from the Debian or Ubuntu mirrors that this machine is set up for, without touching the system.
 *
 * Promise: apt's lists, downloads and the unpacked files stay in the cache folder; nothing is installed, no root is
 * needed, no hook of the system's apt runs; apt checks the signatures as ever. A few seconds once, then nothing.
 * Life: lists → what is missing here (Redis and its libraries) → downloaded → unpacked → runs with LD_LIBRARY_PATH.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache-folder.ts';
import type { RedisProgram } from './redis-binary.ts';
import { lastLinesOf, runCommand, serverEnvironment, type CommandResult } from './run-command.ts';

const APT_TIMEOUT_MS = 180_000;
const PACKAGES_MAX = 40;

type Fetched = { program: RedisProgram } | { why: string };

class FetchFailed extends Error {}

/** @param faultOf tells what is wrong with a program; `undefined` when it runs */
export async function fetchRedisPackage(
  onProgress: ((words: string) => void) | undefined,
  faultOf: (program: RedisProgram) => Promise<string | undefined>,
): Promise<Fetched> {
  if (process.platform !== 'linux') return { why: 'private copies are fetched on Debian and Ubuntu only' };
  if (!(await hasApt())) return { why: 'this is not Debian or Ubuntu, so none could be fetched' };
  try {
    const folder = await cached(
      `redis-${await systemName()}`,
      async (work) => {
        onProgress?.('Fetching Redis from the system’s package mirror (a few seconds, once) …');
        await download(work);
        const fault = await faultOf(await programIn(work));
        if (fault !== undefined) throw new FetchFailed(`the fetched one does not run: ${fault}`);
      },
      async (entry) => (await faultOf(await programIn(entry))) === undefined,
    );
    return { program: await programIn(folder) };
  } catch (error) {
    if (error instanceof FetchFailed) return { why: error.message };
    throw error;
  }
}

async function download(work: string): Promise<void> {
  const apt = await aptIn(work);
  const updated = await apt(['update']);
  const planned = await apt(['install', '--print-uris', '-y', '--no-install-recommends', 'redis-server']);
  if (!planned.ok) {
    throw new FetchFailed(
      `apt could not find redis-server: ${lastLinesOf(`${updated.lastLines}\n${planned.lastLines}`)}`,
    );
  }
  // The program itself lies in redis-tools; both are named since a machine that has them installed plans nothing.
  const names = new Set(['redis-server', 'redis-tools']);
  for (const line of planned.stdout.split('\n')) {
    const name = /^'[^']+' ([a-z0-9][a-z0-9+.-]*)_\S+\.deb /.exec(line)?.[1];
    if (name !== undefined) names.add(name);
  }
  if (names.size > PACKAGES_MAX) throw new FetchFailed(`apt wanted ${names.size} packages, more than ${PACKAGES_MAX}`);
  const downloads = join(work, 'downloads');
  await mkdir(downloads);
  const downloaded = await apt(['download', ...names], downloads);
  if (!downloaded.ok) throw new FetchFailed(`the download failed: ${downloaded.lastLines}`);
  for (const file of await readdir(downloads)) {
    const unpacked = await runCommand('dpkg', ['-x', join(downloads, file), join(work, 'root')], {
      timeoutMs: APT_TIMEOUT_MS,
    });
    if (!unpacked.ok) throw new FetchFailed(`${file} could not be unpacked: ${unpacked.lastLines}`);
  }
  await rm(downloads, { recursive: true });
  await rm(join(work, 'apt'), { recursive: true });
}

/** apt with all its state in the work folder and, of the system's settings, only how to reach the mirrors. */
async function aptIn(work: string): Promise<(args: string[], cwd?: string) => Promise<CommandResult>> {
  const state = join(work, 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(state, folder), { recursive: true });
  const system = await runCommand('apt-config', ['dump'], { timeoutMs: APT_TIMEOUT_MS });
  const reach = system.stdout
    .split('\n')
    .filter((line) => /^Acquire::(http|https|Check-Valid-Until|Retries|ForceIPv)/i.test(line));
  const config = join(state, 'apt.conf');
  const own = [
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    `Dir::State::lists "${state}/lists/";`,
    `Dir::Cache "${state}/cache/";`,
    'Debug::NoLocking "1";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
  ];
  await writeFile(config, `${[...reach, ...own].join('\n')}\n`);
  const env = { ...process.env, APT_CONFIG: config, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return (args, cwd = state) => runCommand('apt-get', args, { timeoutMs: APT_TIMEOUT_MS, cwd, env });
}

async function programIn(entry: string): Promise<RedisProgram> {
  const root = join(entry, 'root');
  const libraries: string[] = [];
  for (const folder of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    libraries.push(folder);
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.includes('-linux-')) libraries.push(join(folder, name));
    }
  }
  return {
    command: join(root, 'usr', 'bin', 'redis-server'),
    env: { ...serverEnvironment(), LD_LIBRARY_PATH: libraries.join(':') },
  };
}

async function hasApt(): Promise<boolean> {
  const apt = await runCommand('apt-get', ['--version'], { timeoutMs: APT_TIMEOUT_MS });
  const dpkg = await runCommand('dpkg', ['--version'], { timeoutMs: APT_TIMEOUT_MS });
  return apt.ok && dpkg.ok;
}

/** A newer release of the system brings libraries of its own, so its copy is another one. */
async function systemName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}
