/**
 * What an operator sees while servers are away: `/readyz` says what is missing, each process says so in one line that a
 * person understands, and again when it is back; and the log stays short, however long it takes.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { placePurchases, planPurchases } from './harness/load.ts';
import { quiet } from './harness/log.ts';
import { seededRandom } from './harness/random.ts';
import { waitForRest } from './harness/rest.ts';
import type { FaultContext } from './harness/row.ts';
import { freePort } from './harness/servers.ts';
import { openStack, type Stack } from './harness/stack.ts';
import { pause, waitFor } from './harness/wait.ts';

/** Lines of one process while one server is away for as long as `AWAY_MS`, all levels that are shown. */
const LINES_MAX = 12;
const AWAY_MS = 6_000;
const PURCHASES = 20;
const TIMEOUT_MS = 60_000;
const WAIT_MS = 20_000;

const kept: { stop(): Promise<unknown> }[] = [];
let folder = '';
let stack: Stack;
let ready: () => Promise<{ code: number; checks: Record<string, string> }>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-hub-operator-'));
  await chmod(folder, 0o711);
  const context: FaultContext = {
    seed: 1,
    random: seededRandom(1),
    isShort: true,
    folder,
    log: quiet,
    say: () => {},
    keep: (part) => {
      kept.push(part);
      return part;
    },
  };
  stack = await openStack(context, { purchases: 4 * PURCHASES });
  const port = await freePort();
  await Promise.all([stack.api('api', port).start(), stack.worker('worker').start()]);
  ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    const { checks } = z.object({ checks: z.record(z.string(), z.string()) }).parse(await answer.json());
    return { code: answer.status, checks };
  };
}, TIMEOUT_MS);

afterAll(async () => {
  for (const part of kept.reverse()) await part.stop();
  await rm(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

const linesOf = async (name: string): Promise<string[]> =>
  (await readFile(join(folder, 'logs', `${name}.log`), 'utf8')).split('\n').filter((line) => line.trim() !== '');

/** What both processes said while `during` happened. */
async function said(during: () => Promise<void>): Promise<{ api: string[]; worker: string[] }> {
  const before = { api: (await linesOf('api')).length, worker: (await linesOf('worker')).length };
  await during();
  return { api: (await linesOf('api')).slice(before.api), worker: (await linesOf('worker')).slice(before.worker) };
}

const becomes = (code: number) =>
  waitFor(`/readyz to answer ${code}`, WAIT_MS, async () => (await ready()).code === code);

let plannedFrom = 0;
async function buy(): Promise<void> {
  const plan = planPurchases(stack.market, 4 * PURCHASES, seededRandom(1), 0);
  await placePurchases(stack.database, plan.slice(plannedFrom, plannedFrom + PURCHASES));
  plannedFrom += PURCHASES;
}

test('without Redis', { timeout: TIMEOUT_MS }, async () => {
  expect((await ready()).code).toBe(200);
  const lines = await said(async () => {
    await stack.redis.crash();
    await buy();
    await becomes(503);
    expect((await ready()).checks).toMatchObject({ database: 'UP', migrations: 'UP', redis: 'DOWN' });
    // Asked again and again, as a load balancer does.
    for (const until = Date.now() + AWAY_MS; Date.now() < until;) {
      await ready();
      await pause(200);
    }
    await stack.redis.start();
    await becomes(200);
    await waitForRest(stack);
  });
  for (const text of [lines.api.join('\n'), lines.worker.join('\n')]) {
    expect(text.match(/Redis cannot be reached; trying again until it can/g)).toHaveLength(1);
    expect(text.match(/Redis is back/g)).toHaveLength(1);
  }
  expect(lines.api.slice(LINES_MAX)).toEqual([]);
  expect(lines.worker.slice(LINES_MAX)).toEqual([]);
});

test('without PostgreSQL', { timeout: TIMEOUT_MS }, async () => {
  await buy();
  const lines = await said(async () => {
    await stack.postgres.crash();
    await becomes(503);
    expect((await ready()).checks).toMatchObject({ database: 'DOWN', redis: 'UP' });
    for (const until = Date.now() + AWAY_MS; Date.now() < until;) {
      await ready();
      await pause(200);
    }
    await stack.postgres.start();
    await becomes(200);
    await waitForRest(stack);
  });
  expect(lines.api.join('\n')).toMatch(/"probe":"database".*not ready: this does not answer/);
  expect(lines.api.join('\n')).toMatch(/"probe":"database".*this answers again/);
  expect(lines.worker.join('\n').match(/PostgreSQL cannot be reached; trying again until it can/g)).toHaveLength(1);
  expect(lines.worker.join('\n').match(/PostgreSQL is back/g)).toHaveLength(1);
  expect(lines.api.slice(LINES_MAX)).toEqual([]);
  expect(lines.worker.slice(LINES_MAX)).toEqual([]);
});

test('without both', { timeout: TIMEOUT_MS }, async () => {
  await buy();
  const lines = await said(async () => {
    await Promise.all([stack.redis.crash(), stack.postgres.crash()]);
    await becomes(503);
    expect((await ready()).checks).toMatchObject({ database: 'DOWN', redis: 'DOWN' });
    await pause(AWAY_MS / 2);
    await Promise.all([stack.redis.start(), stack.postgres.start()]);
    await becomes(200);
    await waitForRest(stack);
  });
  expect(lines.worker.slice(2 * LINES_MAX)).toEqual([]);
});
