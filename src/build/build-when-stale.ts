/**
 * Building: makes a folder of files when it is missing or older than what it is made from; a few seconds, then nothing.
 *
 * The built files are not checked in: they lie in `.web` of the project, and a stamp beside them says what they were made
 * from. Two processes that build at once do no harm: each builds into a folder of its own, which is put in place whole.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const project = fileURLToPath(new URL('../..', import.meta.url));
const outFolder = join(project, '.web');
const STAMP = 'made-from.txt';
const BUILD_NOW = '--build-now';
const WORDS_MAX = 4_000;

export interface Target {
  /** Of the folder in `.web`. */
  readonly name: string;
  /** Folders whose files it is made from, beside the packages of package-lock.json. */
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
  const folder = join(outFolder, target.name);
  if ((await readStamp(folder)) === (await fingerprint(target))) return folder;
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
  const [code] = z.tuple([z.number().nullable(), z.string().nullable()]).parse(await once(child, 'close'));
  if (code !== 0) throw new Error(`${target.name} could not be built: ${lastWords.trim()}`);
  return folder;
}

/** In the process that `buildWhenStale` has started: builds, and puts what was built in place. */
export async function buildIfAsked(target: Target, build: (intoFolder: string) => Promise<void>): Promise<void> {
  if (process.argv[2] !== BUILD_NOW || process.argv[1] !== fileURLToPath(target.builder)) return;
  const madeFrom = await fingerprint(target);
  await mkdir(outFolder, { recursive: true });
  const fresh = join(outFolder, `${target.name}-${randomUUID()}`);
  await build(fresh);
  await writeFile(join(fresh, STAMP), madeFrom);
  await putInPlace(fresh, join(outFolder, target.name));
}

async function putInPlace(fresh: string, folder: string): Promise<void> {
  const old = join(outFolder, `old-${randomUUID()}`);
  await rename(folder, old).catch(() => {});
  try {
    await rename(fresh, folder);
  } catch {
    // Another process was faster, with the same files.
    await rm(fresh, { recursive: true, force: true });
  }
  await rm(old, { recursive: true, force: true });
}

async function readStamp(folder: string): Promise<string | null> {
  return readFile(join(folder, STAMP), 'utf8').catch(() => null);
}

/** Of every source file and of the packages that go into what is built. */
async function fingerprint({ sources }: Target): Promise<string> {
  const hash = createHash('sha256');
  const entries = await Promise.all(sources.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })));
  const files = entries.flat().filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
  for (const path of [...paths, join(project, 'package-lock.json')]) {
    hash.update(path.slice(project.length)).update(await readFile(path));
  }
  return hash.digest('hex');
}
