import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataFolderBusyError, DataFolderUnusableError, ServerStartError } from '../../src/embedded/errors.ts';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { makeDataDir, query, quiet, untilClosed } from './fixtures.ts';

const start = (dataDir: string) => startEmbeddedPostgres({ dataDir, log: quiet });

test('keeps what was written over a restart', async () => {
  const dataDir = await makeDataDir();
  const first = await start(dataDir);
  await query(first.url, 'create table kept (word text)');
  await query(first.url, `insert into kept values ('still here')`);
  await first.stop();
  await untilClosed(first.url);

  const second = await start(dataDir);
  expect(await query(second.url, 'select word from kept')).toEqual([{ word: 'still here' }]);
  await second.stop();
});

test('is set up to be durable, in UTF-8, on the loopback alone and behind a password', async () => {
  const dataDir = await makeDataDir();
  const server = await start(dataDir);
  const [settings] = await query(
    server.url,
    `select current_setting('fsync') fsync, current_setting('max_connections') connections,
       current_setting('server_encoding') encoding, current_setting('listen_addresses') address,
       current_setting('unix_socket_directories') sockets, current_setting('password_encryption') password`,
  );
  expect(settings).toEqual({
    fsync: 'on',
    connections: '200',
    encoding: 'UTF8',
    address: '127.0.0.1',
    sockets: '',
    password: 'scram-sha-256',
  });
  const wrong = new URL(server.url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  expect((await stat(join(dataDir, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
  await server.stop();
});

test('refuses a second start on one data folder in plain words, while another folder works', async () => {
  const [dataDir, otherDir] = [await makeDataDir(), await makeDataDir()];
  const server = await start(dataDir);
  const refusal = await start(dataDir).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(DataFolderBusyError);
  expect(refusal).toMatchObject({ code: 'DATA_FOLDER_BUSY', message: expect.stringContaining('DATA_DIR') });
  const other = await start(otherDir);
  expect(new URL(other.url).port).not.toBe(new URL(server.url).port);
  expect(await query(server.url, 'select 1 one')).toEqual([{ one: 1 }]);
  await Promise.all([server.stop(), other.stop()]);
});

test('lets one of two starts at the same instant win on a new folder', async () => {
  const dataDir = await makeDataDir();
  const results = await Promise.allSettled([start(dataDir), start(dataDir)]);
  const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(winners).toHaveLength(1);
  expect(refusals).toEqual([expect.any(DataFolderBusyError)]);
  await Promise.all(winners.map((winner) => winner.stop()));
});

test('starts although a stale lock names a process that now is another program', async () => {
  const dataDir = await makeDataDir();
  const first = await start(dataDir);
  const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  const lines = (await readFile(pidFile, 'utf8')).split('\n');
  await first.stop();
  // As after a reboot: the file was left, and its number is that of this test.
  await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
  await writeFile(
    join(dataDir, 'postgres', 'owner.json'),
    JSON.stringify({ token: 'gone', owner: { pid: process.pid, birth: 'before the reboot' }, server: null }),
  );
  const second = await start(dataDir);
  expect(await query(second.url, 'select 1 one')).toEqual([{ one: 1 }]);
  await second.stop();
});

test('reports a damaged cluster with the end of the server’s log, and frees the folder', async () => {
  const dataDir = await makeDataDir();
  const first = await start(dataDir);
  await first.stop();
  const version = join(dataDir, 'postgres', 'cluster', 'PG_VERSION');
  await writeFile(version, '12\n');
  const failure = await start(dataDir).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ServerStartError);
  expect(failure).toMatchObject({ message: expect.stringContaining('version 12') });
  await writeFile(version, '18\n');
  const second = await start(dataDir);
  await second.stop();
});

test('leaves nothing half made when the data folder cannot be used', async () => {
  const dataDir = await makeDataDir();
  await writeFile(join(dataDir, 'file'), '');
  await expect(start(join(dataDir, 'file'))).rejects.toThrow(DataFolderUnusableError);
  await expect(start(join(dataDir, 'file', 'below'))).rejects.toThrow(DataFolderUnusableError);
  await expect(start('/proc/nowhere')).rejects.toThrow(DataFolderUnusableError);
});

test('cleans its own lock away when stopped', async () => {
  const dataDir = await makeDataDir();
  await mkdir(dataDir, { recursive: true });
  const server = await start(dataDir);
  await Promise.all([server.stop(), server.stop()]);
  const left = await readdir(join(dataDir, 'postgres'));
  expect(left.sort()).toEqual(['cluster', 'password', 'server.log']);
});
