/**
 * Builds the programs of child processes (`.web/programs-…`): each, with all that it imports, in a few files. From its
 * sources a child reads and translates hundreds of modules before it begins: a third of the processor time of a short book.
 */
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfAsked, buildWhenStale, project, type Target } from '../build/build-when-stale.ts';
import { runFrom } from './child-process.ts';

const src = fileURLToPath(new URL('..', import.meta.url));
export const PROGRAMS = ['epub/child-main.ts', 'ports/ai/local-main.ts'];
const target: Target = {
  name: 'programs',
  sources: [...new Set(['child-processes', ...PROGRAMS.map((program) => program.split('/')[0] ?? '')])].map((room) =>
    join(src, room),
  ),
  builder: import.meta.url,
};

const builtName = (program: string): string => `${program.replaceAll('/', '-').replace(/\.ts$/, '')}.mjs`;

/**
 * Makes sure that the programs are built, and that child processes of this process run them from there.
 * @returns the folder
 * @throws Error with the builder's last words when they cannot be built; then they run from their sources
 */
export async function buildPrograms(tell: (words: string) => void = () => {}): Promise<string> {
  const folder = await buildWhenStale(target, tell, 'Building what reads books (a second, once) …');
  for (const program of PROGRAMS) runFrom(pathToFileURL(join(src, program)), join(folder, builtName(program)));
  return folder;
}

await buildIfAsked(target, async (intoFolder) => {
  const { build } = await import('vite');
  await build({
    root: project,
    configFile: false,
    envDir: false,
    logLevel: 'error',
    mode: 'production',
    // Its own build in one file; the other reads its tables from its package.
    resolve: { alias: [{ find: /^css-tree$/, replacement: 'css-tree/dist/csstree.esm' }] },
    // A native addon, which is found in its package.
    ssr: { noExternal: true, external: ['sharp'] },
    build: {
      ssr: true,
      target: 'node24',
      minify: false,
      outDir: intoFolder,
      emptyOutDir: true,
      rolldownOptions: {
        input: Object.fromEntries(
          PROGRAMS.map((program) => [basename(builtName(program), '.mjs'), join(src, program)]),
        ),
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
      },
    },
  });
});
