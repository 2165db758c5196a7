/** Building by need: a builder of two lines, which copies its only source. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildWhenStale, project, type Target } from '../../src/build/build-when-stale.ts';

const TWO_DAYS_MS = 2 * 24 * 3_600_000;
const outFolder = join(project, '.web');
const name = `sample${process.pid}`;
let folder = '';
let target: Target;

beforeAll(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), 'booky-build-'));
  await mkdir(join(folder, 'sources'));
  target = { name, sources: [join(folder, 'sources')], builder: pathToFileURL(join(folder, 'builder.ts')).href };
  await writeFile(
    join(folder, 'builder.ts'),
    `import { cpSync, readFileSync } from 'node:fs';
    import { buildIfAsked } from ${JSON.stringify(join(project, 'src/build/build-when-stale.ts'))};
    const sources = ${JSON.stringify(join(folder, 'sources'))};
    await buildIfAsked({ name: ${JSON.stringify(name)}, sources: [sources], builder: import.meta.url }, async (into) => {
      if (readFileSync(sources + '/words', 'utf8') === 'broken') throw new Error('the source is broken');
      cpSync(sources, into, { recursive: true });
    });`,
  );
});
afterAll(async () => {
  for (const built of await ours()) await rm(join(outFolder, built), { recursive: true });
  await rm(folder, { recursive: true });
});

const ours = async () => (await readdir(outFolder)).filter((entry) => entry.startsWith(`${name}-`));
const write = (words: string) => writeFile(join(folder, 'sources/words'), words);
const told: string[] = [];
const build = () => buildWhenStale(target, (words) => told.push(words), 'Building …');
const wordsIn = (built: string) => readFile(join(built, 'words'), 'utf8');

test('is built once, however many ask at once, and again when a source has changed', async () => {
  await write('one');
  const [first, second] = await Promise.all([build(), build()]);
  expect(second).toBe(first);
  expect(await wordsIn(first)).toBe('one');
  expect(await ours()).toHaveLength(1);
  told.length = 0;
  expect(await build()).toBe(first);
  expect(told).toEqual([]);

  await write('two');
  const newer = await build();
  expect(told).toEqual(['Building …']);
  expect([await wordsIn(newer), await wordsIn(first)]).toEqual(['two', 'one']);
});

test('what cannot be built is told in the words of the builder, and leaves nothing that looks built', async () => {
  await write('broken');
  const before = await ours();
  await expect(build()).rejects.toThrow(/could not be built[^]*the source is broken/);
  expect(await ours()).toEqual(before);
});

test('what was made from other sources goes when it is older than a day', async () => {
  await write('three');
  const old = await build();
  const longAgo = new Date(Date.now() - TWO_DAYS_MS);
  await utimes(old, longAgo, longAgo);
  await write('four');
  const present = await build();
  expect((await ours()).map((built) => join(outFolder, built))).not.toContain(old);
  await utimes(present, longAgo, longAgo);
  expect(await wordsIn(await build())).toBe('four');
});
