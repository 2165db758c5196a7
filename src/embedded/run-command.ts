/**
 * Runs one short-lived program and hands back what it said.
 *
 * Promise: ends within `timeoutMs`, keeps at most 4 MB of output, never throws for an exit code.
 * Not here: servers that stay (server-process.ts).
 */
import { execFile } from 'node:child_process';
import type { Account } from './account.ts';

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

export interface CommandOptions {
  timeoutMs: number;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Runs as this user; only root may ask for it. */
  account?: Account | undefined;
}

export interface CommandResult {
  ok: boolean;
  stdout: string;
  /** Both streams, at most the last 15 lines: what an error message shows. */
  lastLines: string;
}

export function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_BYTES_MAX,
        encoding: 'utf8',
        env: options.env ?? process.env,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...options.account,
      },
      (error, stdout, stderr) => {
        const why =
          error?.killed === true ? `${command} did not end within ${options.timeoutMs} ms` : (error?.message ?? '');
        resolve({
          ok: error === null,
          stdout,
          lastLines: lastLinesOf(error === null ? stderr : `${why}\n${stdout}\n${stderr}`),
        });
      },
    );
  });
}

/** @returns the last 15 lines that are not empty */
export function lastLinesOf(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-15)
    .join('\n');
}

/** For the servers: nothing of this program's own settings reaches them; a PGDATA or PGPORT there would mislead. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
