/**
 * Building: makes a folder of files when there is none made from the present sources; a few seconds, then nothing.
 *
 * The built files are not checked in: they lie in `.web` of the project, in a folder whose name says what they were made
 * from. So nobody reads a folder that changes: processes that build at once put the same files there, and one that runs yet
 * when the sources change keeps its own.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('../..', import.meta.url));
const outFolder = join(project, '.web');
const BUILD_NOW = '--build-now';
const WORDS_MAX = 4_000;
/** What was made from other sources is taken away when it is older. */
const OLD_MS = 24 * 3_600_000;

export interface Target {
  /** What the folder's name in `.web` begins with. */
  readonly name: string;
  /** Folders whose files it is made from, beside the packages that are installed. */
  readonly sources: readonly string[];
  /** `import.meta.url` of the module that builds it, which calls `buildIfAsked`. */
  readonly builder: string;
}

/**
 * Makes sure that the folder is there and new. What builds it is a process of its own: it needs a hundred megabytes, and
 * none of the caller's environment.
 * @param words what is told when it has to be built
 * @returns the folder
 * @throws Error with the builder's last words when it cannot be built
 */
export async function buildWhenStale(target: Target, tell: (words: string) => void, words: string): Promise<string> {
  const folder = await folderOf(target);
  if (existsSync(folder)) return folder;
  tell(words);
  const child = spawn(process.execPath, [fileURLToPath(target.builder), BUILD_NOW], {
    cwd: project,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-WORDS_MAX);
  });
  await once(child, 'close');
  // It is put in place whole, or not at all.
  if (!existsSync(folder)) throw new Error(`${target.name} could not be built: ${lastWords.trim()}`);
  return folder;
}

/** In the process that `buildWhenStale` has started: builds, and puts what was built in place. */
export async function buildIfAsked(target: Target, build: (intoFolder: string) => Promise<void>): Promise<void> {
  if (process.argv[2] !== BUILD_NOW || process.argv[1] !== fileURLToPath(target.builder)) return;
  const folder = await folderOf(target);
  await mkdir(outFolder, { recursive: true });
  const fresh = join(outFolder, `${target.name}-${randomUUID()}`);
  await build(fresh);
  await rename(fresh, folder).catch(async (error: unknown) => {
    await rm(fresh, { recursive: true, force: true });
    // Another process was faster, with the same files.
    if (!existsSync(folder)) throw error;
  });
  await removeOld(target);
}

async function removeOld({ name }: Target): Promise<void> {
  for (const other of await readdir(outFolder)) {
    if (!other.startsWith(`${name}-`)) continue;
    const path = join(outFolder, other);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > OLD_MS) await rm(path, { recursive: true, force: true });
  }
}

const folderOf = async (target: Target): Promise<string> =>
  join(outFolder, `${target.name}-${(await fingerprint(target)).slice(0, 32)}`);

/** Of every source file, and of the packages that are installed now. */
async function fingerprint({ sources }: Target): Promise<string> {
  const hash = createHash('sha256');
  const entries = await Promise.all(sources.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })));
  const files = entries.flat().filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
  for (const path of paths) hash.update(path.slice(project.length)).update(await readFile(path));
  // What npm has installed; another installer is taken at the word of the lock file.
  const installed = readFile(join(project, 'node_modules/.package-lock.json'));
  hash.update(await installed.catch(() => readFile(join(project, 'package-lock.json'))));
  return hash.digest('hex');
}
