/**
 * A Redis program that runs on this machine: one on PATH, else Debian's or Ubuntu's own package in the cache.
 *
 * Promise: what it answers has run `--version` here, as the given account, and is Redis 6.2 (or Valkey) or newer.
 */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Account } from './account.ts';
import { RedisMissingError } from './errors.ts';
import { fetchRedisPackage } from './redis-package.ts';
import { runCommand, serverEnvironment } from './run-command.ts';

const PROBE_TIMEOUT_MS = 20_000;
const PROGRAMS = ['redis-server', 'valkey-server'];

export interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

export interface FindRedisOptions {
  account: Account | undefined;
  onProgress?: ((words: string) => void) | undefined;
  /** True passes over a Redis on PATH and takes the package. (Default: false) */
  ignorePath?: boolean | undefined;
}

/** @throws RedisMissingError with the line to type when there is none and none can be fetched */
export async function findRedis(options: FindRedisOptions): Promise<RedisProgram> {
  const passedOver: string[] = [];
  if (options.ignorePath !== true) {
    for (const command of await onPath()) {
      const program = { command, env: serverEnvironment() };
      const fault = await faultOf(program, options.account);
      if (fault === undefined) return program;
      passedOver.push(`${command}: ${fault}`);
    }
  }
  const reasons = passedOver.length > 0 ? passedOver : ['none on PATH'];
  const fetched = await fetchRedisPackage(options.onProgress, (program) => faultOf(program, options.account));
  if ('program' in fetched) return fetched.program;
  throw new RedisMissingError([...reasons, fetched.why].join('; '));
}

async function faultOf(program: RedisProgram, account: Account | undefined): Promise<string | undefined> {
  const { ok, stdout, lastLines } = await runCommand(program.command, ['--version'], {
    timeoutMs: PROBE_TIMEOUT_MS,
    cwd: '/',
    env: program.env,
    account,
  });
  if (!ok) return lastLines;
  const version = /\bv=(\d+)\.(\d+)/.exec(stdout);
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  return major > 6 || (major === 6 && minor >= 2) ? undefined : `too old or unknown: ${stdout.trim()}`;
}

async function onPath(): Promise<string[]> {
  const found: string[] = [];
  for (const program of PROGRAMS) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      if (!isAbsolute(folder)) continue;
      const command = join(folder, program);
      const isThere = await access(command, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) found.push(command);
    }
  }
  return found;
}
