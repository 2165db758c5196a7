/**
 * A book's whole life through GraphQL, with the very documents that GraphiQL opens with, in their order, on the api and
 * the worker as `npm start` runs them.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';
import { type Api, startApi } from '../../src/api.ts';
import { openPlatform, type Platform } from '../../src/assemble.ts';
import { parseEnv } from '../../src/env.ts';
import { buildEpub } from '../../src/epub/build.ts';
import { examples } from '../../src/server/examples.ts';
import { openLog } from '../../src/log.ts';
import { startWorker, type Worker } from '../../src/worker.ts';
import { cloneDatabase } from '../support/database.ts';

let folder: string;
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let platform: Platform;
let worker: Worker;
let api: Api;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-hub-life-'));
  clone = await cloneDatabase();
  const env = parseEnv({
    PORT: '0',
    DATA_DIR: folder,
    DATABASE_URL: clone.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_KEY_PREFIX: `life-${process.pid}:`,
    NODE_ENV: 'test',
    LOG_LEVEL: 'error',
  });
  platform = await openPlatform(env, { databaseUrl: clone.url, redisUrl: inject('redisUrl') }, openLog(env));
  worker = await startWorker(platform);
  api = await startApi(platform, { wake: () => worker.wake() });
});
afterAll(async () => {
  await api.stop();
  await worker.stop();
  await platform.close();
  await clone.drop();
  await rm(folder, { recursive: true, force: true });
});

const example = (prefix: string) => {
  const found = examples.find(({ name }) => name.startsWith(prefix));
  if (!found) throw new Error(`there is no example ${prefix}`);
  return found;
};
/** What earlier answers gave, by the word that stands for it in the examples' variables. */
type Known = Record<string, string | number>;

const fill = (value: unknown, known: Known): unknown => {
  if (typeof value === 'string') return known[value] ?? value;
  if (Array.isArray(value)) return value.map((one) => fill(one, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(known[key] ?? one, known)]));
};
const variablesSchema = z.record(z.string(), z.unknown());

async function run<Shape>(prefix: string, known: Known, schema: z.ZodType<Shape>): Promise<Shape> {
  const { document, variables } = example(prefix);
  const token = known['TOKEN'];
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: document, variables: fill(variables, known) }),
  });
  const answer = z.looseObject({ data: variablesSchema.nullish() }).parse(await response.json());
  const parsed = schema.safeParse(Object.values(answer.data ?? {})[0]);
  if (!parsed.success) throw new Error(`${prefix} answered ${JSON.stringify(answer)}`);
  return parsed.data;
}

async function watch(prefix: string, known: Known, end: string) {
  const { document, variables } = example(prefix);
  const client = createClient({
    url: `${api.url}/graphql`,
    headers: { authorization: `Bearer ${known['TOKEN']}` },
  });
  const updates: { seq: number; status: string }[] = [];
  const update = z.object({ seq: z.int(), status: z.string() });
  for await (const { data } of client.iterate({
    query: document,
    variables: variablesSchema.parse(fill(variables, known)),
  })) {
    const next = update.parse(Object.values(data ?? {})[0]);
    updates.push(next);
    if (next.status === end) break;
  }
  client.dispose();
  return updates;
}

test('the examples, run in order, take a book from a draft to a download', async () => {
  const book = await buildEpub({
    title: 'A Book of Mine',
    language: 'en',
    chapters: [{ title: 'One', paragraphs: ['Words.'] }],
  });
  const session = z.object({ session: z.object({ token: z.string() }) });
  const edition = z.object({ edition: z.object({ id: z.string() }) });
  const known: Known = {
    sizeBytes: book.byteLength,
    SHA256: createHash('sha256').update(book).digest('hex'),
  };
  known['TOKEN'] = (await run('01', {}, session)).session.token;
  await run('02', known, z.object({ viewer: z.object({ role: z.literal('AUTHOR') }) }));
  known['EDITION_ID'] = (await run('03', known, edition)).edition.id;
  const upload = await run('04', known, z.object({ uploadUrl: z.string(), file: z.object({ id: z.string() }) }));
  known['FILE_ID'] = upload.file.id;
  expect((await fetch(upload.uploadUrl, { method: 'PUT', body: new Uint8Array(book) })).status).toBe(200);
  await run('05', known, z.object({ file: z.object({ state: z.literal('STORED') }) }));
  await run('06', known, edition);
  await run('07', known, edition);
  const published = await watch('08', known, 'PUBLISHED');
  expect(published.map(({ seq }) => seq)).toEqual(published.map((_, index) => (published[0]?.seq ?? 0) + index));

  known['TOKEN'] = (await run('09', {}, session)).session.token;
  const catalogue = await run(
    '10',
    known,
    z.object({ nodes: z.array(z.object({ id: z.string(), isBuyable: z.boolean() })) }),
  );
  expect(catalogue.nodes).toEqual([{ id: known['EDITION_ID'], isBuyable: true }]);
  known['ORDER_ID'] = (await run('11', known, z.object({ order: z.object({ id: z.string() }) }))).order.id;
  const bought = await watch('12', known, 'COMPLETED');
  expect(bought.at(-1)?.status).toBe('COMPLETED');
  const library = await run('13', known, z.object({ nodes: z.array(z.unknown()) }));
  expect(library.nodes).toHaveLength(1);
  const download = await run('14', known, z.object({ url: z.string() }));
  expect(Buffer.from(await (await fetch(download.url)).arrayBuffer()).equals(book)).toBe(true);

  // The receipt hangs off the finished order: it comes a moment later, and only its reader sees it.
  await vi.waitFor(async () => expect(await mailsOf(known)).toEqual(['Your book: A Book of Mine']), {
    timeout: 10_000,
  });
});

async function mailsOf(known: Known): Promise<string[]> {
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${known['TOKEN']}` },
    body: JSON.stringify({ query: '{ localMails { subject } }' }),
  });
  const schema = z.object({ data: z.object({ localMails: z.array(z.object({ subject: z.string() })) }) });
  return schema.parse(await response.json()).data.localMails.map((mail) => mail.subject);
}
