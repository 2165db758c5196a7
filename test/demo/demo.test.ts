/** `npm run demo` against a running program: what the README promises of it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { type Program, startProgram } from '../e2e/program.ts';
import { cloneDatabase } from '../support/database.ts';

const DEMO = fileURLToPath(new URL('../../src/demo/demo.ts', import.meta.url));

describe('the demo', () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  let folder: string;

  beforeAll(async () => {
    clone = await cloneDatabase();
    program = await startProgram({ databaseUrl: clone.url, redisUrl: inject('redisUrl') });
    folder = await mkdtemp(join(tmpdir(), 'booky-hub-demo-'));
  });
  afterAll(async () => {
    await program?.stop();
    await clone?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const book = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  };
  const sound = async (title: string) => {
    const chapters = [{ title: 'One', paragraphs: [`A paragraph of ${title}.`] }];
    return book('sound.epub', await buildEpub({ title, language: 'en', contributors: [{ name: 'Ada' }], chapters }));
  };
  const run = (...args: string[]): Promise<{ status: number; said: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [DEMO, ...args], (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, said: stdout + stderr });
      });
    });

  test('publishes a book, buys it and compares what was delivered, and can be repeated', async () => {
    const path = await sound('Twice told');
    for (let times = 0; times < 2; times++) {
      const { status, said } = await run(path, '--url', program.url);
      expect(said).toMatch(/PUBLISHED[\s\S]*COMPLETED[\s\S]*the same to the byte/);
      expect(status).toBe(0);
    }
  });

  test('tells why a book was not published, with status 2', async () => {
    const { status, said } = await run(await book('none.epub', Buffer.from('no book')), '--url', program.url);
    expect(said).toContain('The book was not published');
    expect(status).toBe(2);
  });

  test('tells that a card was declined, with status 2', async () => {
    const path = await sound('Declined');
    const { status, said } = await run(path, '--url', program.url, '--token', 'tok_declined');
    expect(said).toContain('The order ended DECLINED; nothing was charged.');
    expect(status).toBe(2);
  });

  test('says what to do where nothing runs, and without a book, with status 1', async () => {
    const nowhere = await run(await sound('Nowhere'), '--url', 'http://127.0.0.1:9');
    expect([nowhere.status, nowhere.said]).toEqual([1, expect.stringContaining('Start one with: npm start')]);
    expect(await run()).toEqual({ status: 1, said: expect.stringContaining('Say which book') });
  });
});
