/** What a child may take of the processor. Its limits and its fence: test/epub/validate.test.ts. */
import { afterEach, expect, test, vi } from 'vitest';
import { fileURLToPath } from 'node:url';
import { runFrom } from '../../src/child-processes/child-process.ts';
import { type ChildOutcome, runInChild } from '../../src/child-processes/index.ts';

const program = new URL('scheduling-program.ts', import.meta.url);
const limits = { timeoutMs: 60_000, memoryMbMax: 256 };
/** sched(7) */
const ORDINARY = 0;
const IDLE = 5;

afterEach(() => {
  vi.useRealTimers();
});

test('a program that was built runs from the file that it was built into', async () => {
  const source = new URL('nowhere.ts', import.meta.url);
  const task = { policy: null };
  expect(await runInChild(task, { ...limits, program: source })).toMatchObject({ outcome: 'CRASHED' });
  runFrom(source, fileURLToPath(program));
  expect(await runInChild(task, { ...limits, program: source })).toMatchObject({ outcome: 'DONE' });
});

test.runIf(process.platform === 'linux')('a child runs when nothing else wants to, and is nice besides', async () => {
  const ended = await runInChild({ policy: null }, { ...limits, program });
  expect(ended).toEqual({ outcome: 'DONE', value: { nice: 10, policy: IDLE } } satisfies ChildOutcome);
});

test.runIf(process.platform === 'linux')('one that takes long gets its share, at a low priority', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { promise: begun, resolve } = Promise.withResolvers<unknown>();
  const running = runInChild({ policy: ORDINARY }, { ...limits, program, onPart: resolve });
  expect(await begun).toEqual({ nice: 10, policy: IDLE });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await running).toEqual({ outcome: 'DONE', value: { nice: 10, policy: ORDINARY } });
});
