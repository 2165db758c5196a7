import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isRoot } from '../../src/embedded/account.ts';
import { takeFolder } from '../../src/embedded/folder-lock.ts';
import { preparePlace } from '../../src/embedded/place.ts';
import { resolveSecret } from '../../src/embedded/secret.ts';
import { startServices } from '../../src/embedded/services.ts';
import {
  endOwner,
  isOpen,
  makeDataDir,
  query,
  quiet,
  redisCommand,
  startOwner,
  untilClosed,
  type Owner,
} from './fixtures.ts';

const NOBODY = 65_534;
const asNobody = ['setpriv', '--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', '--'];
const canBecomeNobody = isRoot() && process.platform === 'linux' && hasProgram('setpriv');

test('kill -9 of the program stops both servers, and the next start finds all data', async () => {
  const dataDir = await makeDataDir();
  const first = await startOwner(dataDir);
  const urls = addresses(first);
  await query(urls.databaseUrl, 'create table kept (word text)');
  await redisCommand(urls.redisUrl, 'SET', 'word', 'still here');
  await endOwner(first.child, 'SIGKILL');
  // At once, while the old servers may still be going down.
  const second = addresses(await startOwner(dataDir));
  await Promise.all([untilClosed(urls.databaseUrl), untilClosed(urls.redisUrl)]);
  expect(await query(second.databaseUrl, 'select count(*)::int n from kept')).toEqual([{ n: 0 }]);
  expect(await redisCommand(second.redisUrl, 'GET', 'word')).toBe('still here');
});

test('kill -9 of the program stops both servers even when nobody starts again', async () => {
  const owner = await startOwner(await makeDataDir());
  const urls = addresses(owner);
  expect(await redisCommand(urls.redisUrl, 'PING')).toBe('PONG');
  await endOwner(owner.child, 'SIGKILL');
  await Promise.all([untilClosed(urls.databaseUrl), untilClosed(urls.redisUrl)]);
  const ports = [urls.databaseUrl, urls.redisUrl].map((url) => Number(new URL(url).port));
  expect(await Promise.all(ports.map(isOpen))).toEqual([false, false]);
});

test('a second program on the folder is refused, and the first goes on', async () => {
  const dataDir = await makeDataDir();
  const first = addresses(await startOwner(dataDir));
  expect((await startOwner(dataDir)).answer).toMatchObject({ code: 'DATA_FOLDER_BUSY' });
  expect(await query(first.databaseUrl, 'select 1 one')).toEqual([{ one: 1 }]);
  expect(await redisCommand(first.redisUrl, 'PING')).toBe('PONG');
});

test('takes no folder of Redis while another program has that of PostgreSQL: both would wait for each other', async () => {
  const dataDir = await makeDataDir();
  const { folder } = await preparePlace(dataDir, 'postgres');
  const lock = await takeFolder(folder);
  await expect(startServices({ DATA_DIR: dataDir }, quiet)).rejects.toMatchObject({ code: 'DATA_FOLDER_BUSY' });
  expect(await readdir(dataDir)).toEqual(['postgres']);
  lock.release();
});

test('starts nothing for what has a URL', async () => {
  const env = { DATA_DIR: '/nowhere/at/all', DATABASE_URL: 'postgres://given', REDIS_URL: 'redis://given' };
  const services = await startServices(env, quiet);
  expect(services).toMatchObject({ databaseUrl: 'postgres://given', redisUrl: 'redis://given' });
  await services.stop();
});

test('leaves no server running when the other cannot start', async () => {
  const dataDir = await makeDataDir();
  const { folder } = await preparePlace(dataDir, 'redis');
  const lock = await takeFolder(folder);
  await expect(startServices({ DATA_DIR: dataDir }, quiet)).rejects.toMatchObject({ code: 'DATA_FOLDER_BUSY' });
  lock.release();
  // PostgreSQL was there, has ended, and its folder is free again.
  const services = await startServices({ DATA_DIR: dataDir }, quiet);
  await services.stop();
});

test('makes one development secret, readable by its owner alone', async () => {
  const dataDir = await makeDataDir();
  const env = { APP_SECRET: undefined, DATA_DIR: dataDir };
  const secrets = await Promise.all([resolveSecret(env), resolveSecret(env), resolveSecret(env)]);
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600);
  expect(await resolveSecret({ ...env, APP_SECRET: 'given' })).toBe('given');
});

test.runIf(canBecomeNobody)('works for an ordinary user, whose data root may then start too', async () => {
  const dataDir = await makeDataDir();
  await chown(dataDir, NOBODY, NOBODY);
  const cache = await makeDataDir();
  await chown(cache, NOBODY, NOBODY);
  // A cache of their own, so that Redis is fetched without root as well.
  const owner = await startOwner(dataDir, asNobody, { XDG_CACHE_HOME: cache, HOME: '/nonexistent' });
  const urls = addresses(owner);
  await query(urls.databaseUrl, 'create table theirs ()');
  await endOwner(owner.child, 'SIGTERM');
  const byRoot = addresses(await startOwner(dataDir));
  expect(await query(byRoot.databaseUrl, `select to_regclass('theirs')::text found`)).toEqual([{ found: 'theirs' }]);
});

test.runIf(canBecomeNobody)('tells an ordinary user that the data is somebody else’s', async () => {
  const dataDir = await makeDataDir();
  await mkdir(join(dataDir, 'postgres'), { mode: 0o700 });
  await mkdir(join(dataDir, 'redis'), { mode: 0o700 });
  const { answer } = await startOwner(dataDir, asNobody);
  expect(answer).toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', message: expect.stringContaining('another user') });
});

test.runIf(isRoot())(
  'as root, below a folder that others cannot enter, puts the data where the server can',
  async () => {
    const closed = await mkdtemp('/root/booky-hub-test-');
    onTestFinished(() => rm(closed, { recursive: true, force: true }));
    await chmod(closed, 0o700);
    const place = await preparePlace(closed, 'postgres');
    onTestFinished(() => rm(join(place.folder, '..'), { recursive: true, force: true }));
    expect(place.folder).toMatch(/^\/var\/lib\/booky-hub\/[0-9a-f]{16}\/postgres$/);
    expect(place.account?.uid).not.toBe(0);
    expect(await preparePlace(closed, 'postgres')).toEqual(place);
    expect(await readFile(join(place.folder, '..', 'belongs-to'), 'utf8')).toBe(`${closed}\n`);
  },
);

function addresses(owner: Owner) {
  if ('code' in owner.answer) throw new Error(`${owner.answer.code}: ${owner.answer.message}`);
  return owner.answer;
}

function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
