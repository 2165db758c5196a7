/**
 * Keeps one server process: starts it, waits until it answers, watches it, stops it.
 *
 * Promise: the server ends with this program, even when this program is killed with SIGKILL, and never before it on
 * Ctrl-C. A start either gives a server that answers, or a ServerStartError with the end of the server's own log.
 * Life: spawned in a session of its own → answers → (stop: polite signal → firm signal → SIGKILL).
 * The watchdog is a shell that reads a pipe from this program: when the program goes, however it goes, the pipe ends
 * and the shell tells the server to stop.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerStartError } from './errors.ts';
import type { FolderLock } from './folder-lock.ts';
import type { Place } from './place.ts';
import { lastLinesOf } from './run-command.ts';

const POLL_MS = 20;
const LOG_BYTES_MAX = 5 * 1024 * 1024;
const STOP_POLITE_MS = 30_000;
const STOP_FIRM_MS = 5_000;

export interface ServiceLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface LaunchOptions {
  name: 'PostgreSQL' | 'Redis';
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  place: Place;
  logFile: string;
  lock: FolderLock;
  startTimeoutMs: number;
  politeSignal: NodeJS.Signals;
  firmSignal: NodeJS.Signals;
  log: ServiceLog;
  /** Asked every 20 ms; true once the server takes commands. */
  isReady(pid: number): Promise<boolean>;
}

export interface RunningServer {
  stop(): Promise<void>;
}

/** @throws ServerStartError when the server ends or stays silent past `startTimeoutMs` */
export async function launchServer(options: LaunchOptions): Promise<RunningServer> {
  rotateLog(options.logFile);
  const logStart = sizeOf(options.logFile);
  const child = spawnServer(options);
  const state = { ended: '', isStopping: false };
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      state.ended = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      state.ended = `it ended with ${signal ?? `code ${code}`}`;
      resolve();
    });
  });
  const { pid } = child;
  const failure = (why: string) =>
    new ServerStartError(options.name, why, options.logFile, logSince(options.logFile, logStart));
  if (pid === undefined) {
    await ended;
    throw failure(state.ended);
  }
  options.lock.noteServer(pid);
  const watchdog = startWatchdog(pid, options.politeSignal);
  void ended.then(() => watchdog.kill('SIGKILL'));
  const stop = async () => {
    state.isStopping = true;
    await endServer(child, ended, options);
    watchdog.kill('SIGKILL');
  };

  const until = Date.now() + options.startTimeoutMs;
  for (;;) {
    if (state.ended !== '') throw failure(state.ended);
    if (await options.isReady(pid)) break;
    if (Date.now() > until) {
      await stop();
      throw failure(`it did not answer within ${options.startTimeoutMs} ms`);
    }
    await Promise.race([delay(POLL_MS), ended]);
  }
  child.once('exit', () => {
    if (state.isStopping) return;
    const lastLines = logSince(options.logFile, logStart);
    options.log.error({ logFile: options.logFile, lastLines }, `The private ${options.name} is gone: ${state.ended}`);
  });
  return { stop };
}

function spawnServer(options: LaunchOptions): ChildProcess {
  const logHandle = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(options.command, options.args, {
      // A session of its own: Ctrl-C reaches this program only, which then stops the server in its own order.
      detached: true,
      cwd: options.place.folder,
      env: options.env,
      stdio: ['ignore', logHandle, logHandle],
      ...options.place.account,
    });
    child.unref();
    return child;
  } finally {
    closeSync(logHandle);
  }
}

function startWatchdog(pid: number, signal: NodeJS.Signals): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', `read _; kill -s ${signal.slice(3)} ${pid}`], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.on('error', () => {});
  watchdog.stdin.on('error', () => {});
  if ('unref' in watchdog.stdin && typeof watchdog.stdin.unref === 'function') watchdog.stdin.unref();
  watchdog.unref();
  return watchdog;
}

async function endServer(child: ChildProcess, ended: Promise<void>, options: LaunchOptions): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const steps: { signal: NodeJS.Signals; waitMs: number }[] = [
    { signal: options.politeSignal, waitMs: STOP_POLITE_MS },
    { signal: options.firmSignal, waitMs: STOP_FIRM_MS },
    { signal: 'SIGKILL', waitMs: STOP_FIRM_MS },
  ];
  for (const { signal, waitMs } of steps) {
    child.kill(signal);
    const timer = new AbortController();
    const isOver = await Promise.race([
      ended.then(() => true),
      delay(waitMs, false, { signal: timer.signal }).catch(() => false),
    ]);
    timer.abort();
    if (isOver) return;
    options.log.warn({ signal, waitMs }, `The private ${options.name} did not stop in time`);
  }
}

function rotateLog(logFile: string): void {
  if (sizeOf(logFile) > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function logSince(logFile: string, start: number): string {
  try {
    return lastLinesOf(readFileSync(logFile).subarray(start).toString('utf8'));
  } catch {
    return '';
  }
}
