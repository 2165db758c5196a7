import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

/** Resolves with whether the gateway came up; one that is refused the books ends by itself. */
async function cameUp(child: ChildProcess): Promise<boolean> {
  const up = child.stdout === null ? Promise.reject(new Error('no stdout')) : once(child.stdout, 'data');
  return Promise.race([up.then(() => true), once(child, 'exit').then(() => false)]);
}

it('lets exactly one of many gateways take over the books of one that was killed', { timeout: 60_000 }, async () => {
  const booksPath = await mkdtemp(join(tmpdir(), 'booky-books-'));
  const started: ChildProcess[] = [];
  onTestFinished(async () => {
    for (const child of started) child.kill('SIGKILL');
    await rm(booksPath, { recursive: true });
  });
  function start(): ChildProcess {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'gateway-process.ts'), booksPath], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    started.push(child);
    return child;
  }
  let holders: ChildProcess[] = [start()];
  await Promise.all(holders.map(cameUp));
  for (let round = 0; round < 4; round += 1) {
    for (const holder of holders) {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    }
    const rivals = Array.from({ length: 6 }, start);
    const up = await Promise.all(rivals.map(cameUp));
    holders = rivals.filter((_, index) => up[index] === true);
    expect(holders).toHaveLength(1);
  }
});
