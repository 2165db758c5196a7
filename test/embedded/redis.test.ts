import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DataFolderBusyError, RedisMissingError } from '../../src/embedded/errors.ts';
import { startEmbeddedRedis } from '../../src/embedded/redis.ts';
import { findRedis } from '../../src/embedded/redis-binary.ts';
import { runCommand } from '../../src/embedded/run-command.ts';
import { makeDataDir, quiet, redisCommand, untilClosed } from './fixtures.ts';

const start = (dataDir: string) => startEmbeddedRedis({ dataDir, log: quiet });
const hasApt = (await runCommand('apt-get', ['--version'], { timeoutMs: 10_000 })).ok;

test('keeps what was written over a restart', async () => {
  const dataDir = await makeDataDir();
  const first = await start(dataDir);
  await redisCommand(first.url, 'XADD', 'stream', '1-0', 'word', 'still here');
  await first.stop();
  await untilClosed(first.url);
  const second = await start(dataDir);
  expect(await redisCommand(second.url, 'XRANGE', 'stream', '-', '+')).toEqual([['1-0', ['word', 'still here']]]);
  await second.stop();
});

test('asks for its password, never evicts and appends to a file', async () => {
  const dataDir = await makeDataDir();
  const server = await start(dataDir);
  const open = new URL(server.url);
  open.password = '';
  await expect(redisCommand(open.href, 'GET', 'key')).rejects.toThrow(/NOAUTH/);
  const setting = async (name: string) => redisCommand(server.url, 'CONFIG', 'GET', name);
  expect(await setting('appendonly')).toEqual(['appendonly', 'yes']);
  expect(await setting('maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
  expect(await setting('bind')).toEqual(['bind', '127.0.0.1']);
  expect((await stat(join(dataDir, 'redis', 'redis.conf'))).mode & 0o777).toBe(0o600);
  await server.stop();
});

test('refuses a second start on one data folder, while another folder works', async () => {
  const [dataDir, otherDir] = [await makeDataDir(), await makeDataDir()];
  const server = await start(dataDir);
  await expect(start(dataDir)).rejects.toThrow(DataFolderBusyError);
  const other = await start(otherDir);
  expect(await redisCommand(server.url, 'PING')).toBe('PONG');
  await Promise.all([server.stop(), other.stop()]);
});

test.runIf(hasApt)('takes the system’s package when PATH holds no Redis, without touching the system', async () => {
  const before = await runCommand('dpkg-query', ['-W'], { timeoutMs: 10_000 });
  const program = await findRedis({ account: undefined, ignorePath: true });
  expect(program.command).toContain('booky-hub');
  const version = await runCommand(program.command, ['--version'], { timeoutMs: 10_000, env: program.env });
  expect(version.stdout).toMatch(/v=[78]\./);
  const after = await runCommand('dpkg-query', ['-W'], { timeoutMs: 10_000 });
  expect(after.stdout).toBe(before.stdout);
});

test('names the line to type when there is no Redis at all', () => {
  const error = new RedisMissingError('none on PATH');
  expect(error.code).toBe('REDIS_NOT_FOUND');
  expect(error.message).toContain(
    process.platform === 'darwin' ? 'brew install redis' : 'apt-get install redis-server',
  );
  expect(error.message).toContain('REDIS_URL');
});
