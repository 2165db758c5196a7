/** Builds the pages of shop and workbench (`.web/pages-…`). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfAsked, buildWhenStale, type Target } from '../build/build-when-stale.ts';

const source = fileURLToPath(new URL('.', import.meta.url));
/** Page → the address that it is served at. */
const PAGES = { shop: '/app/', workbench: '/workbench/' };
const target: Target = { name: 'pages', sources: [source], builder: import.meta.url };

export interface BuiltPages {
  shopFolder: string;
  workbenchFolder: string;
}

/**
 * Makes sure that the pages are there and new.
 * @returns the folders, each with index.html and the assets
 * @throws Error with the builder's last words when they cannot be built
 */
export async function buildPages(tell: (words: string) => void = () => {}): Promise<BuiltPages> {
  const folder = await buildWhenStale(target, tell, 'Building the pages (a few seconds, once) …');
  return { shopFolder: join(folder, 'shop'), workbenchFolder: join(folder, 'workbench') };
}

await buildIfAsked(target, async (intoFolder) => {
  const { build } = await import('vite');
  for (const [page, base] of Object.entries(PAGES)) {
    await build({
      root: join(source, page),
      base,
      configFile: false,
      logLevel: 'error',
      mode: 'production',
      // Inlined files would need a content security policy that allows them.
      build: {
        outDir: join(intoFolder, page),
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
      },
    });
  }
});
