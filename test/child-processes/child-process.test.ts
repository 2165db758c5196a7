/** What a child may take of the processor. Its limits and its fence: test/epub/validate.test.ts. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { ENTER_IDLE_CLASS, runFrom } from '../../src/child-processes/child-process.ts';
import { runInChild } from '../../src/child-processes/index.ts';

const program = new URL('scheduling-program.ts', import.meta.url);
const limits = { timeoutMs: 60_000, memoryMbMax: 256 };
/** sched(7) */
const ORDINARY = 0;
const IDLE = 5;
const NOBODY = 65_534;

const isLinux = process.platform === 'linux';
/** May this process enter the idle class and leave it again? Root may; others where the limit for `nice` is 20. */
const mayIdle = spawnSync('/bin/sh', ['-c', ENTER_IDLE_CLASS]).status === 0;
const policyAs = (ids: { uid?: number; gid?: number }) => {
  const { stdout } = spawnSync('/bin/sh', ['-c', `${ENTER_IDLE_CLASS}; cat /proc/$$/stat`], {
    encoding: 'utf8',
    ...ids,
  });
  return Number(stdout.split(') ')[1]?.split(' ')[38]);
};

afterEach(() => {
  vi.useRealTimers();
});

test('a program that was built runs from the file that it was built into', async () => {
  const source = new URL('nowhere.ts', import.meta.url);
  const task = { policies: null };
  expect(await runInChild(task, { ...limits, program: source })).toMatchObject({ outcome: 'CRASHED' });
  runFrom(source, fileURLToPath(program));
  expect(await runInChild(task, { ...limits, program: source })).toMatchObject({ outcome: 'DONE' });
});

test.runIf(isLinux)('a child is nice, runs when nothing else wants to, and is given no environment', async () => {
  const ended = await runInChild({ policies: null }, { ...limits, program });
  const value = { nice: 10, policies: [mayIdle ? IDLE : ORDINARY], environment: [] };
  expect(ended).toEqual({ outcome: 'DONE', value });
});

test.runIf(isLinux)('one that somebody waits for is nice alone', async () => {
  const ended = await runInChild({ policies: null }, { ...limits, program, isWaitedFor: true });
  expect(ended).toMatchObject({ outcome: 'DONE', value: { nice: 10, policies: [ORDINARY] } });
});

test.runIf(isLinux && mayIdle)('one that takes long leaves the idle class with all its threads', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { promise: begun, resolve } = Promise.withResolvers<unknown>();
  const running = runInChild({ policies: [ORDINARY] }, { ...limits, program, onPart: resolve });
  expect(await begun).toEqual({ nice: 10, policies: [IDLE] });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await running).toMatchObject({ outcome: 'DONE', value: { nice: 10, policies: [ORDINARY] } });
});

test.runIf(isLinux && mayIdle && process.getuid?.() === 0)(
  'who could not leave the idle class does not enter it',
  () => {
    expect(policyAs({})).toBe(IDLE);
    expect(policyAs({ uid: NOBODY, gid: NOBODY })).toBe(ORDINARY);
  },
);
