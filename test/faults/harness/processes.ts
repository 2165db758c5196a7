/**
 * Real processes of the program: `src/main.ts api` and `src/main.ts worker`, killed and started again at will.
 *
 * Each writes its output to `NAME.log` in the row's folder, the later ones below the earlier. All end with this process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const mainPath = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 40_000;
/** Output kept in memory to find the banner, and to show when the start fails. */
const OUTPUT_CHARS_MAX = 64_000;

export interface ProgramOptions {
  readonly role: 'api' | 'worker' | 'all';
  /** Names its log file, and its sessions in PostgreSQL. */
  readonly name: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Program {
  readonly name: string;
  readonly isRunning: boolean;
  /** Null while it does not run. */
  readonly pid: number | null;
  /** Starts it; resolves when it says that it runs. */
  start(): Promise<void>;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM: it drains. @returns how it ended */
  drain(): Promise<string>;
  /** Ends it if it still runs. */
  stop(): Promise<void>;
}

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export function program(options: ProgramOptions): Program {
  let child: ChildProcess | null = null;
  let ended: Promise<string> = Promise.resolve('never started');

  function launch(): { started: ChildProcess; ready: Promise<void> } {
    mkdirSync(options.folder, { recursive: true });
    const file = createWriteStream(join(options.folder, `${options.name}.log`), { flags: 'a' });
    const started = spawn(process.execPath, [mainPath, options.role], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    living.add(started);
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    let output = '';
    const take = (chunk: Buffer) => {
      file.write(chunk);
      if (output.length < OUTPUT_CHARS_MAX) output += chunk.toString('utf8');
      if (output.includes('is running.')) resolve();
    };
    started.stdout?.on('data', take);
    started.stderr?.on('data', take);
    ended = new Promise((done) => {
      started.once('close', (code, signal) => {
        living.delete(started);
        file.end();
        reject(new Error(`${options.name} ended before it ran: ${output.slice(-2_000)}`));
        done(signal ?? `code ${code ?? 'unknown'}`);
      });
    });
    ready.catch(() => {});
    return { started, ready };
  }

  async function end(signal: NodeJS.Signals): Promise<string> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`${options.name} did not end on ${signal}`)), END_TIMEOUT_MS);
    try {
      child?.kill(signal);
      return await Promise.race([ended, late]);
    } finally {
      clearTimeout(timer);
      child = null;
    }
  }

  return {
    name: options.name,
    get isRunning() {
      return child !== null && child.exitCode === null && child.signalCode === null;
    },
    get pid() {
      return child?.pid ?? null;
    },
    async start() {
      const { started, ready } = launch();
      child = started;
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`${options.name} did not start in time`)), READY_TIMEOUT_MS);
      try {
        await Promise.race([ready, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    async kill() {
      await end('SIGKILL');
    },
    drain: () => end('SIGTERM'),
    async stop() {
      if (child) await end('SIGKILL');
    },
  };
}
