/** What the tests of the private servers share: folders that go away, one query, one command, a program to kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export const quiet = { info: () => {}, warn: () => {}, error: () => {} };

export async function makeDataDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'booky-hub-embedded-'));
  await chmod(folder, 0o777);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function query(url: string, statement: string): Promise<unknown[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

export async function redisCommand(url: string, command: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
  let refusal: Error | undefined;
  redis.on('error', (error) => {
    refusal = error;
  });
  try {
    await redis.connect();
    return await redis.call(command, ...args);
  } catch (error) {
    throw refusal ?? error;
  } finally {
    redis.disconnect();
  }
}

const answer = z.union([
  z.object({ databaseUrl: z.string(), redisUrl: z.string() }),
  z.object({ code: z.string(), message: z.string() }),
]);

export interface Owner {
  child: ChildProcess;
  /** Addresses, or why it could not start. */
  answer: z.infer<typeof answer>;
}

/** Runs owner.ts as a program of its own; `through` stands before it on the command line, as `setpriv …` does. */
export async function startOwner(
  dataDir: string,
  through: string[] = [],
  env: Record<string, string> = {},
): Promise<Owner> {
  const owner = join(import.meta.dirname, 'owner.ts');
  const [command, ...args] = [...through, process.execPath, owner, dataDir];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  onTestFinished(() => endOwner(child, 'SIGTERM'));
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, answer: answer.parse(JSON.parse(line)) };
  }
  throw new Error('the program ended without a word');
}

export async function endOwner(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** Waits until nobody listens at the address any more; fails after 30 s. */
export async function untilClosed(url: string): Promise<void> {
  const { port } = new URL(url);
  const until = Date.now() + 30_000;
  while (await isOpen(Number(port))) {
    if (Date.now() > until) throw new Error(`${port} is still open`);
    await delay(20);
  }
}

export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (isListening: boolean) => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
