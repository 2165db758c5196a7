/** The house rules that nobody has to remember: which room may import which, and how long a file may grow. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PROGRAMS } from '../src/child-processes/build-programs.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Room → the rooms it may import. What is not listed is not allowed. */
const ALLOWED: Record<string, readonly string[]> = {
  books: [],
  build: [],
  'child-processes': ['build'],
  epub: ['child-processes'],
  ports: ['child-processes'],
  env: [],
  log: ['env'],
  'helper-threads': [],
  demo: [],
  embedded: ['env'],
  db: ['books'],
  streams: ['db'],
  events: ['streams'],
  accounts: ['db'],
  consumers: ['books', 'child-processes', 'db', 'epub', 'events', 'ports', 'streams'],
  schema: ['accounts', 'books', 'db', 'events', 'ports', 'streams'],
  server: ['accounts', 'books', 'child-processes', 'db', 'epub', 'ports', 'schema', 'streams'],
  import: ['books', 'db', 'embedded', 'env'],
  assemble: ['books', 'db', 'embedded', 'env', 'events', 'ports', 'streams'],
  gateways: ['assemble', 'env', 'ports'],
  worker: ['assemble', 'consumers', 'env', 'gateways', 'ports', 'streams'],
  api: ['accounts', 'assemble', 'consumers', 'env', 'gateways', 'schema', 'server', 'streams'],
  web: ['build'],
  main: ['api', 'assemble', 'child-processes', 'db', 'embedded', 'env', 'helper-threads', 'log', 'web', 'worker'],
};
const FILE_LINES_MAX = 350;

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter(
    (name) =>
      name.endsWith('.ts') &&
      !name.endsWith('.d.ts') &&
      !name.startsWith('web/shop/') &&
      !name.startsWith('web/shared/') &&
      !name.startsWith('web/workbench/'),
  )
  .map((name) => join(src, name));
const roomOf = (file: string): string => relative(src, file).replace(/\.ts$/, '').split('/')[0] ?? '';
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((found) =>
    resolve(dirname(file), found[1] ?? ''),
  );

describe('rooms', () => {
  test('every room is known', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in ALLOWED))).toEqual([]);
  });

  test('import only what stands below them', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((imported) => imported.startsWith(src))
        .filter((imported) => roomOf(imported) !== roomOf(file))
        .filter((imported) => !ALLOWED[roomOf(file)]?.includes(roomOf(imported)))
        .map((imported) => `${relative(src, file)} → ${relative(src, imported)}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the API and the business never meet', () => {
    const meets = (room: string, other: string) =>
      files.filter((file) => roomOf(file) === room && importsOf(file).some((imported) => roomOf(imported) === other));
    expect([...meets('schema', 'consumers'), ...meets('consumers', 'schema'), ...meets('server', 'consumers')]).toEqual(
      [],
    );
  });
});

test('every program of a child process is built', () => {
  const programs = files.filter((file) => /^serveTask\(/m.test(readFileSync(file, 'utf8')));
  expect(programs.map((file) => relative(src, file)).toSorted()).toEqual(PROGRAMS.toSorted());
});

test('what computes for long is reached by programs of child processes alone', () => {
  const readersOf = (name: string) =>
    files.filter((file) => importsOf(file).includes(join(src, name))).map((file) => relative(src, file));
  expect(readersOf('ports/ai/describe-text.ts')).toEqual(['ports/ai/local-main.ts']);
  expect(readersOf('epub/checker.ts')).toEqual(['epub/child-main.ts']);
  expect(readersOf('epub/extract-book.ts')).toEqual(['epub/child-main.ts']);
});

/** An adapter of this library brings all of AWS's. */
const packageOf = (name: string): string =>
  name.startsWith('flydrive') ? name : name.replace(/^((@[^/]+\/)?[^/]+).*/, '$1');

/** Packages that come with a file at its start: what `import()` brings comes later, types never. */
function packagesOf(file: string, seen = new Set<string>()): Set<string> {
  const statics = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\s)(?:[^;']*from\s)?'([^']+)'/gm);
  for (const [, name = ''] of statics) {
    const target = name.startsWith('.') ? resolve(dirname(file), name) : packageOf(name);
    if (seen.has(target)) continue;
    seen.add(target);
    if (target.startsWith(src) && target.endsWith('.ts')) packagesOf(target, seen);
  }
  return new Set([...seen].filter((name) => !name.startsWith(src)));
}

test('a role loads no large library that it can do without: all of it would be looked through by V8 again and again', () => {
  const graphs = ['graphql', 'graphql-yoga', '@pothos/core', 'better-auth'];
  const ports = [
    'openai',
    'stripe',
    'nodemailer',
    '@aws-sdk/client-s3',
    '@aws-sdk/s3-request-presigner',
    'flydrive/drivers/s3',
  ];
  const documents = [
    'sharp',
    'libxml2-wasm',
    'fast-xml-parser',
    '@cantoo/pdf-lib',
    'fontkit',
    'wink-nlp',
    '@likecoin/epubcheck-ts',
  ];
  const pages = ['@graphql-yoga/render-graphiql', 'vite'];
  const large = [...graphs, ...ports, ...documents, ...pages];
  const loads = (...roots: string[]) => {
    const loaded = new Set(['main.ts', ...roots].flatMap((root) => [...packagesOf(join(src, root))]));
    return large.filter((name) => loaded.has(name));
  };
  expect(loads()).toEqual([]);
  expect(loads('worker.ts')).toEqual([]);
  expect(loads('api.ts')).toEqual(graphs);
});

test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > FILE_LINES_MAX);
  expect(long.map((file) => relative(src, file))).toEqual([]);
});

test('nothing is named utils, helpers, common or misc', () => {
  expect(files.filter((file) => /\/(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file))).toEqual([]);
});
