/** How a child is kept from what purchases need, and that it is never left stopped. */
import { ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { runInChild } from '../../src/child-processes/index.ts';
import { boundToParent, keepPace } from '../../src/child-processes/pace.ts';

const program = new URL('scheduling-program.ts', import.meta.url);
const limits = { timeoutMs: 60_000, memoryMbMax: 256 };
const isLinux = process.platform === 'linux';
/** Where there is `setpriv`; else no child is kept to a pace. */
const mayBind = (await boundToParent()) !== null;
const LOOK_MS = 250;
const BOUND_MS = 20;

/** As proc_pid_stat(5) says it: T is stopped; null when there is no such process, or only its remains. */
function stateOf(pid: number | undefined): string | null {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] ?? null;
    return state === 'Z' ? null : state;
  } catch {
    return null;
  }
}

const isStopped = (pid: number | undefined) => stateOf(pid) === 'T';

/** Turns of the event loop, which has no rest meanwhile: to the child's parent that is short work. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

const childrenOf = (pid: number | undefined): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);

function startSleeper(): ChildProcess {
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void sleeper.kill('SIGKILL'));
  return sleeper;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.runIf(isLinux)('while its parent is busy a child works for 5 ms of 20', async () => {
  const sleeper = startSleeper();
  const end = keepPace(sleeper, () => true);
  vi.advanceTimersByTime(BOUND_MS);
  expect(stateOf(sleeper.pid)).not.toBe('T');
  for (let round = 0; round < 20; round++) {
    vi.advanceTimersByTime(5);
    await until(() => isStopped(sleeper.pid));
    vi.advanceTimersByTime(14);
    expect(stateOf(sleeper.pid)).toBe('T');
    vi.advanceTimersByTime(1);
    await until(() => !isStopped(sleeper.pid));
  }
  end();
});

test.runIf(isLinux)(
  'while its parent is calm a child is left alone, and so it is when that becomes calm again',
  async () => {
    const sleeper = startSleeper();
    const stops: unknown[] = [];
    const kill = (name: NodeJS.Signals) => {
      if (name === 'SIGSTOP') stops.push(name);
      return sleeper.kill(name);
    };
    let busy = false;
    const end = keepPace({ kill }, () => busy);
    vi.advanceTimersByTime(4 * LOOK_MS);
    expect(stops).toHaveLength(0);
    busy = true;
    vi.advanceTimersByTime(2 * LOOK_MS);
    expect(stops.length).toBeGreaterThan(10);
    busy = false;
    vi.advanceTimersByTime(2 * LOOK_MS);
    const before = stops.length;
    vi.advanceTimersByTime(4 * LOOK_MS);
    expect(stops).toHaveLength(before);
    await until(() => !isStopped(sleeper.pid));
    end();
  },
);

test.runIf(isLinux)('a child whose pace ends is left going', async () => {
  const sleeper = startSleeper();
  const end = keepPace(sleeper, () => true);
  vi.advanceTimersByTime(BOUND_MS + 5);
  await until(() => isStopped(sleeper.pid));
  end();
  await until(() => !isStopped(sleeper.pid));
  expect(vi.getTimerCount()).toBe(0);
});

test.runIf(mayBind)('a task beside short work is kept to a pace for its first ten seconds', async () => {
  const kill = vi.spyOn(ChildProcess.prototype, 'kill');
  const signals = () => kill.mock.calls.splice(0).map(([name]) => name);
  const stop = new AbortController();
  const { promise: begun, resolve } = Promise.withResolvers<unknown>();
  const never = { policies: [] };
  const running = runInChild(never, { ...limits, program, onPart: resolve, signal: stop.signal });
  await begun;
  const since = performance.now();
  await until(() => performance.now() - since > LOOK_MS);
  vi.advanceTimersByTime(BOUND_MS + 20);
  expect(signals()).toEqual(['SIGSTOP', 'SIGCONT']);
  vi.advanceTimersByTime(10_000);
  expect(signals().at(-1)).toBe('SIGCONT');
  vi.advanceTimersByTime(1_000);
  expect(signals()).toEqual([]);
  stop.abort();
  expect(await running).toMatchObject({ outcome: 'ABORTED' });
});

test.runIf(mayBind)('one that somebody waits for is not', async () => {
  const kill = vi.spyOn(ChildProcess.prototype, 'kill');
  const stop = new AbortController();
  const { promise: begun, resolve } = Promise.withResolvers<unknown>();
  const task = { ...limits, program, onPart: resolve, signal: stop.signal, isWaitedFor: true };
  const running = runInChild({ policies: [] }, task);
  await begun;
  const since = performance.now();
  await until(() => performance.now() - since > LOOK_MS);
  vi.advanceTimersByTime(1_000);
  expect(kill).not.toHaveBeenCalled();
  stop.abort();
  await running;
});

test.runIf(mayBind)('a child that is stopped when its parent is killed is gone with it', async () => {
  const parent = fork(fileURLToPath(new URL('parent-program.ts', import.meta.url)));
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [message] = await once(parent, 'message');
  expect(message).toBe('begun');
  const [child] = childrenOf(parent.pid);
  if (child === undefined) throw new Error('the parent has no child');
  onTestFinished(() => {
    if (stateOf(child) !== null) process.kill(child, 'SIGKILL');
  });
  process.kill(child, 'SIGSTOP');
  await until(() => isStopped(child));
  parent.kill('SIGKILL');
  await until(() => stateOf(child) === null);
});
