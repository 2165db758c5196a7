/** The program as a user starts it: real processes, private servers, signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { cloneDatabase } from '../support/database.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dataDir: string;
const started: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'booky-hub-main-'));
  await chmod(dataDir, 0o711);
});
afterEach(async () => {
  for (const child of started.splice(0).reverse()) await stop(child);
  await rm(dataDir, { recursive: true, force: true });
});

function start(role: string[] = [], environment: Record<string, string> = {}) {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env;
  const child = spawn(process.execPath, ['src/main.ts', ...role], {
    cwd: root,
    env: { ...inherited, NODE_ENV: 'development', PORT: '0', DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const heard = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => (heard.out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (heard.err += chunk.toString()));
  return { child, heard };
}

const running = (heard: { out: string }) =>
  vi.waitFor(() => expect(heard.out).toContain('Ctrl-C'), { timeout: 60_000, interval: 50 });
const urlIn = (text: string) => /(http:\/\/localhost:\d+)\/graphql/.exec(text)?.[1] ?? '';

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return ended;
}

const ask = async (url: string, query: string) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-booky-hub': '1' },
    body: JSON.stringify({ query }),
  });
  return response.json();
};

/** The priorities of a process' threads: those of V8's helpers, and those of all others. */
function prioritiesOf(pid: number) {
  const threads = `/proc/${pid}/task`;
  const ids = readdirSync(threads);
  const [helpers, others] = [true, false].map((isHelper) =>
    ids
      .filter((id) => (readFileSync(`${threads}/${id}/comm`, 'utf8') === 'V8Worker\n') === isHelper)
      .map((id) => getPriority(Number(id))),
  );
  return { helpers: new Set(helpers), others: new Set(others) };
}

// Only there threads have priorities of their own.
test.runIf(process.platform === 'linux')('what V8 does beside the program gives way to all else', async () => {
  const { child, heard } = start();
  await running(heard);
  const below = Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL);
  expect(prioritiesOf(child.pid ?? 0)).toEqual({ helpers: new Set([below]), others: new Set([getPriority()]) });
});

test('one command gives a running program, keeps its data over a restart, and ends cleanly', async () => {
  const first = start();
  await running(first.heard);
  expect(first.heard.out).toMatch(/GraphiQL\s+http/);
  expect(first.heard.out).toMatch(/Password\s+\S{20}/);
  const url = urlIn(first.heard.out);
  expect(await ask(url, '{ catalogue(first: 1) { edges { cursor } } }')).toMatchObject({
    data: { catalogue: { edges: [] } },
  });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await stop(first.child)).toBe(0);
  const second = start();
  await running(second.heard);
  // The admin is made once: the data is that of the first run.
  expect(second.heard.out).not.toContain('Password');
});

test('api and worker run apart on one data folder, started at once', async () => {
  const [one, worker, two] = [start(['api']), start(['worker']), start(['api'])];
  await Promise.all([one, worker, two].map(({ heard }) => running(heard)));
  const urls = [urlIn(one.heard.out), urlIn(two.heard.out)];
  expect(new Set(urls).size).toBe(2);
  for (const url of urls) expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('a second program on the same data folder is refused in plain words', async () => {
  const first = start();
  await running(first.heard);
  const second = start();
  await vi.waitFor(() => expect(second.child.exitCode).toBe(1), { timeout: 20_000, interval: 50 });
  expect(second.heard.err).toContain('is in use by another Booky Hub');
  expect(second.heard.err).not.toContain(' at ');
});

test.each([
  [
    ['DATABASE_URL', 'mysql://x'],
    ['PORT', 'many'],
  ],
])('wrong settings are all named at once', async (...settings) => {
  const { child, heard } = start([], Object.fromEntries(settings));
  await vi.waitFor(() => expect(child.exitCode).toBe(1), { timeout: 20_000, interval: 50 });
  for (const [name] of settings) expect(heard.err).toContain(name);
});

test('a database that cannot be reached is told in plain words', async () => {
  const { child, heard } = start([], { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:9/none' });
  await vi.waitFor(() => expect(child.exitCode).toBe(1), { timeout: 40_000, interval: 50 });
  expect(heard.err).toContain('could not start');
  expect(heard.err).not.toContain('    at ');
});

test('with servers of your own nothing private is started', async () => {
  const clone = await cloneDatabase();
  try {
    const { child, heard } = start([], {
      DATABASE_URL: clone.url,
      REDIS_URL: inject('redisUrl'),
      REDIS_KEY_PREFIX: `own-${process.pid}:`,
    });
    await running(heard);
    expect((await fetch(`${urlIn(heard.out)}/readyz`)).status).toBe(200);
    expect(await readdir(dataDir)).not.toEqual(expect.arrayContaining([expect.stringMatching(/postgres|redis/)]));
    expect(await stop(child)).toBe(0);
  } finally {
    await clone.drop();
  }
});
