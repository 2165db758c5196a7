/**
 * Builds the pages of shop and workbench when they are missing or older than what they are made from; a few seconds, then
 * nothing.
 *
 * The built files are not checked in: they lie in `.web/pages` of the project, and a stamp beside them says what they
 * were made from. Two processes that build at once do no harm: each builds into a folder of its own, which is put in place whole.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const source = fileURLToPath(new URL('.', import.meta.url));
const project = fileURLToPath(new URL('../..', import.meta.url));
const outFolder = join(project, '.web');
const builtFolder = join(outFolder, 'pages');
/** Page → the address that it is served at. */
const PAGES = { shop: '/app/', workbench: '/workbench/' };
const STAMP = 'made-from.txt';
const BUILD_NOW = '--build-now';
const WORDS_MAX = 4_000;

export interface BuiltPages {
  shopFolder: string;
  workbenchFolder: string;
}

/**
 * Makes sure that the pages are there and new. What builds them is a process of its own: it needs a hundred megabytes,
 * and none of the caller's environment.
 * @returns the folders, each with index.html and the assets
 * @throws Error with the builder's last words when they cannot be built
 */
export async function buildPages(tell: (words: string) => void = () => {}): Promise<BuiltPages> {
  const built = { shopFolder: join(builtFolder, 'shop'), workbenchFolder: join(builtFolder, 'workbench') };
  if ((await readStamp()) === (await fingerprint())) return built;
  tell('Building the pages (a few seconds, once) …');
  const builder = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [builder, BUILD_NOW], {
    cwd: project,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-WORDS_MAX);
  });
  const [code] = z.tuple([z.number().nullable(), z.string().nullable()]).parse(await once(child, 'close'));
  if (code !== 0) throw new Error(`the pages could not be built: ${lastWords.trim()}`);
  return built;
}

async function buildNow(): Promise<void> {
  const madeFrom = await fingerprint();
  const { build } = await import('vite');
  const fresh = join(outFolder, `pages-${randomUUID()}`);
  for (const [page, base] of Object.entries(PAGES)) {
    await build({
      root: join(source, page),
      base,
      configFile: false,
      logLevel: 'error',
      mode: 'production',
      // Inlined files would need a content security policy that allows them.
      build: {
        outDir: join(fresh, page),
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
      },
    });
  }
  await writeFile(join(fresh, STAMP), madeFrom);
  await putInPlace(fresh);
}

async function putInPlace(fresh: string): Promise<void> {
  const old = join(outFolder, `old-${randomUUID()}`);
  await rename(builtFolder, old).catch(() => {});
  try {
    await rename(fresh, builtFolder);
  } catch {
    // Another process was faster, with the same files.
    await rm(fresh, { recursive: true, force: true });
  }
  await rm(old, { recursive: true, force: true });
}

async function readStamp(): Promise<string | null> {
  return readFile(join(builtFolder, STAMP), 'utf8').catch(() => null);
}

/** Of every source file of the pages and of the packages that go into them. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(source, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
  for (const path of [...paths, join(project, 'package-lock.json')]) {
    hash.update(path.slice(project.length)).update(await readFile(path));
  }
  await mkdir(outFolder, { recursive: true });
  return hash.digest('hex');
}

if (process.argv[2] === BUILD_NOW) await buildNow();
