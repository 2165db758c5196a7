/**
 * Child process: runs one long task, such as a reading of a book, where it holds up nobody and can be killed.
 *
 * Why a process and not a worker thread: a thread's resourceLimits count the JavaScript heap only, while what a hostile
 * book fills is WebAssembly, zlib and image memory, and a crash in native code takes every thread with it. A process has
 * a heap limit of its own, its whole memory is watched from outside, and SIGKILL always ends it. It gets no environment
 * (no secrets) and Node's permission model forbids it to write files or start programs.
 *
 * It gives way to everything else, so that a burst of books slows nothing down: at a low priority, and, where this process
 * may take that back (root, or a limit for `nice` of 20), for its first ten seconds in the class of what runs only when nothing
 * else wants to (SCHED_IDLE, by `chrt`; Linux). For as long it is also kept to a pace, where there is `setpriv` (pace.ts). What
 * somebody waits for is at a low priority alone.
 *
 * Life of a run: forked → task sent → progress and partial results → result → killed. Every path ends in a value, and
 * the child is gone before the promise settles.
 */
import { execFile, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { boundToParent, keepPace } from './pace.ts';
import { readMemoryMb } from './process-memory.ts';

const CAPS = {
  /** Of a child's memory, the JavaScript heap: told to V8, so that it collects before the whole is used up. */
  heapShare: 0.6,
  /** How often the parent looks at the child's memory. */
  memoryCheckIntervalMs: 100,
  /** So long in the idle class and kept to a pace; the slowest real book takes 6 s on idle cores. */
  idleMs: 10_000,
  /** What is kept of the child's last words, to tell a full heap from a crash. */
  stderrLengthMax: 16 * 1024,
} as const;

export type ProgressEvent = { step: string; doneCount: number; totalCount: number };

export type ChildOutcome =
  | { outcome: 'DONE'; value: unknown }
  | { outcome: 'TIMED_OUT' | 'OUT_OF_MEMORY' | 'CRASHED' | 'ABORTED'; detail: string };

type RunOptions = {
  /** The child's program; it calls `serveTask`. */
  program: URL;
  timeoutMs: number;
  memoryMbMax: number;
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Somebody waits for it: it keeps out of the idle class. (Default: false) */
  isWaitedFor?: boolean;
  /** A result worth having even if the run does not reach its end. */
  onPart?: ((part: unknown) => void) | undefined;
  signal?: AbortSignal | undefined;
};

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), step: z.string().max(100), doneCount: z.number(), totalCount: z.number() }),
  z.object({ type: z.literal('part'), value: z.unknown() }),
  z.object({ type: z.literal('result'), value: z.unknown() }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);

const HEAP_FULL =
  /heap out of memory|Array buffer allocation failed|Cannot enlarge memory|memory access out of bounds/iu;

/** Program → the file that it was built into. */
const builtPrograms = new Map<string, string>();

/** From now on, runs a program from the file that it was built into (build-programs.ts). */
export function runFrom(program: URL, builtPath: string): void {
  builtPrograms.set(program.href, builtPath);
}

/** @param task what the program takes; it is copied as `structuredClone` would */
export async function runInChild(task: object, options: RunOptions): Promise<ChildOutcome> {
  const bound = options.isWaitedFor === true || !existsSync(SHELL) ? null : await boundToParent();
  if (options.signal?.aborted === true) return { outcome: 'ABORTED', detail: 'Stopped before it began.' };
  const child = startChild(options, bound);
  const exited = once(child, 'exit');
  // `exit` may come with an error instead (the program cannot be started); awaitOutcome tells that one.
  exited.catch(() => undefined);
  try {
    return await awaitOutcome(child, task, options, bound !== null);
  } finally {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await exited.catch(() => undefined);
    }
  }
}

/** @param bound what its command begins with, where it may be kept to a pace */
function startChild(
  { program, memoryMbMax, isWaitedFor = false }: RunOptions,
  bound: readonly string[] | null,
): ChildProcess {
  const node = { execPath: process.execPath, execArgv: sandboxArguments(memoryMbMax) };
  const child = fork(builtPrograms.get(program.href) ?? fileURLToPath(program), {
    ...(isWaitedFor || !existsSync(SHELL) ? node : idly(node, bound ?? [])),
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  if (child.pid !== undefined) giveWay(child.pid);
  return child;
}

const SHELL = '/bin/sh';
/**
 * Enters the idle class, if another process of ours could enter and leave it: then this one can be taken out again.
 * Where there is no `chrt`, or it is forbidden, nothing happens.
 */
export const ENTER_IDLE_CLASS =
  `sh -c 'chrt --idle --pid 0 $$ && chrt --other --pid 0 $$' >/dev/null 2>&1 && ` +
  `chrt --idle --pid 0 $$ >/dev/null 2>&1`;

/** The shell becomes Node, as the same process; it has made itself a variable, which Node shall not have. */
const idly = ({ execPath, execArgv }: { execPath: string; execArgv: string[] }, bound: readonly string[]) => {
  const [file, ...args] = [...bound, SHELL, '-c', `${ENTER_IDLE_CLASS}; unset PWD; exec "$@"`, 'sh'];
  return { execPath: file, execArgv: [...args, execPath, ...execArgv] };
};

/** In the ordinary class it runs in what processor time purchases and readers leave over. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system does not allow it: then it runs as any other.
  }
}

/** All its threads; nothing happens to one that has not entered it. */
function leaveIdleClass(pid: number): void {
  if (process.platform === 'linux') execFile('chrt', ['--all-tasks', '--other', '--pid', '0', String(pid)], () => {});
}

/** Node's own fence: the heap's size, no writing of files, no programs, no threads. */
export function sandboxArguments(memoryMbMax: number): string[] {
  return [
    `--max-old-space-size=${Math.ceil(memoryMbMax * CAPS.heapShare)}`,
    '--permission',
    '--allow-fs-read=*',
    // sharp is a native addon.
    '--allow-addons',
    '--disable-warning=SecurityWarning',
  ];
}

async function awaitOutcome(
  child: ChildProcess,
  task: object,
  options: RunOptions,
  isPaced: boolean,
): Promise<ChildOutcome> {
  const { promise, resolve } = Promise.withResolvers<ChildOutcome>();
  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-CAPS.stderrLengthMax);
  });
  child.on('message', (raw) => handleMessage(raw, options, resolve));
  child.on('error', (error) => resolve({ outcome: 'CRASHED', detail: error.message }));
  child.on('close', (code, signal) => resolve(explainExit(lastWords, code, signal)));
  const abort = () => resolve({ outcome: 'ABORTED', detail: 'Stopped on request.' });
  options.signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => {
    resolve({ outcome: 'TIMED_OUT', detail: `Not finished after ${options.timeoutMs} ms.` });
  }, options.timeoutMs);
  const endPace = isPaced ? keepPace(child) : () => {};
  const patience = setTimeout(() => {
    endPace();
    if (child.pid !== undefined) leaveIdleClass(child.pid);
  }, CAPS.idleMs);
  const watch = watchMemory(child, options.memoryMbMax, resolve);
  child.send(task, (error) => {
    if (error !== null) resolve({ outcome: 'CRASHED', detail: error.message });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearTimeout(patience);
    endPace();
    clearInterval(watch);
    options.signal?.removeEventListener('abort', abort);
  }
}

function handleMessage(raw: unknown, options: RunOptions, resolve: (outcome: ChildOutcome) => void): void {
  const parsed = messageSchema.safeParse(raw);
  if (!parsed.success) {
    resolve({ outcome: 'CRASHED', detail: 'The child sent something that is no message.' });
    return;
  }
  const message = parsed.data;
  switch (message.type) {
    case 'progress':
      options.onProgress?.({ step: message.step, doneCount: message.doneCount, totalCount: message.totalCount });
      break;
    case 'part':
      options.onPart?.(message.value);
      break;
    case 'result':
      resolve({ outcome: 'DONE', value: message.value });
      break;
    case 'failed':
      resolve({ outcome: HEAP_FULL.test(message.message) ? 'OUT_OF_MEMORY' : 'CRASHED', detail: message.message });
      break;
  }
}

function explainExit(lastWords: string, code: number | null, signal: string | null): ChildOutcome {
  if (HEAP_FULL.test(lastWords)) return { outcome: 'OUT_OF_MEMORY', detail: 'The heap was full.' };
  const detail = `Ended early (code ${code ?? 'none'}, signal ${signal ?? 'none'}): ${lastWords.slice(-500)}`;
  return { outcome: 'CRASHED', detail };
}

function watchMemory(
  child: ChildProcess,
  memoryMbMax: number,
  resolve: (outcome: ChildOutcome) => void,
): NodeJS.Timeout {
  return setInterval(() => {
    if (child.pid === undefined) return;
    void readMemoryMb(child.pid).then((memoryMb) => {
      if (memoryMb === null || memoryMb <= memoryMbMax) return;
      resolve({ outcome: 'OUT_OF_MEMORY', detail: `Used ${memoryMb} MB; ${memoryMbMax} are allowed.` });
    });
  }, CAPS.memoryCheckIntervalMs);
}
