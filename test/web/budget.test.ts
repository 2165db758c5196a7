/** What a first visit costs: the scripts that the shop's first page loads before it shows anything. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildPages } from '../../src/web/build-pages.ts';

const GZIPPED_BYTES_MAX = 150 * 1024;

test('the first page of the shop loads at most 150 KiB of gzipped script, and no desk', async () => {
  const { shopFolder } = await buildPages();
  const scripts = new Map<string, number>();
  const load = async (path: string): Promise<void> => {
    if (scripts.has(path)) return;
    const text = await readFile(join(shopFolder, path), 'utf8');
    scripts.set(path, gzipSync(text).byteLength);
    for (const [, name = ''] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
      await load(`assets/${name}`);
    }
  };
  const page = await readFile(join(shopFolder, 'index.html'), 'utf8');
  const entries = [...page.matchAll(/(?:src|href)="\/app\/(assets\/[\w.-]+\.js)"/g)];
  for (const [, path = ''] of entries) await load(path);
  expect(entries.length).toBeGreaterThan(0);
  expect([...scripts.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(GZIPPED_BYTES_MAX);
  expect([...scripts.keys()].filter((path) => /desk|manuscript|draft/.test(path))).toEqual([]);
});
