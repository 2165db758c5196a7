import { randomUUID } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { files as look } from '../../src/consumers/health/checks/files.ts';
import { claimSlot } from '../../src/consumers/schedule.ts';
import { schedulesOf } from '../../src/consumers/schedules.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { files } from '../../src/db/tables/index.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
const DAY_MS = 86_400_000;
let shop: Marketplace;
let ownerId: string;
beforeEach(async () => {
  shop = await openMarketplace(database.current);
  ownerId = (await shop.signUp('AUTHOR')).id;
  // Files carry the machine's time.
  shop.clock.advanceTime(Date.now() - shop.clock.now().getTime());
});
afterEach(() => shop.close());

async function sweep(name: 'file-sweep' | 'store-sweep') {
  const schedule = schedulesOf({ health: '* * * * *', payouts: '0 4 1 * *' }).find((one) => one.name === name);
  if (!schedule) throw new TypeError(`${name} has no schedule`);
  await claimSlot(schedule, { db: database.current.db, shards: 1, node: 'a' }, shop.clock.now());
  await shop.runFor(1_000);
}

type State = 'PENDING' | 'STORED' | 'QUARANTINED';
const keyOf = (state: State, id: string) =>
  ({ PENDING: `uploads/${id}.epub`, STORED: `files/${id}/${newId()}.epub`, QUARANTINED: `quarantine/${id}` })[state];

/** A file with its bytes, whose time is over in so many ms. */
async function store(state: State, overInMs: number) {
  const [id, now] = [newId(), shop.clock.now()];
  const storageKey = keyOf(state, id);
  await shop.storage.put(storageKey, Buffer.from('x'), { contentType: 'application/epub+zip', sizeBytesMax: 1 });
  const announced = { name: 'a.epub', mediaType: 'application/epub+zip', sizeBytes: 1, sha256: 'a'.repeat(64) };
  const expiresAt = new Date(now.getTime() + overInMs);
  await database.current.db
    .insert(files)
    .values({ id, ownerId, ...announced, state, storageKey, expiresAt, createdAt: now });
  return { id, storageKey };
}
async function use(fileId: string): Promise<void> {
  const { revisionId } = await shop.draftEdition({ authorId: ownerId });
  await database.current.sql`update revision set file_id = ${fileId} where id = ${revisionId}`;
}
const isRow = async (id: string) => (await database.current.sql`select 1 from file where id = ${id}`).length === 1;
const isThere = async ({ id, storageKey }: { id: string; storageKey: string }) => ({
  row: await isRow(id),
  bytes: await shop.storage.exists(storageKey),
});
const GONE = { row: false, bytes: false };
const KEPT = { row: true, bytes: true };

test('an upload that was never completed goes a day after it was announced, with its bytes', async () => {
  const upload = await store('PENDING', 900_000);
  shop.clock.advanceTime(3_600_000);
  await sweep('file-sweep');
  expect(await isThere(upload)).toEqual(KEPT);
  shop.clock.advanceTime(DAY_MS);
  await sweep('file-sweep');
  expect(await isThere(upload)).toEqual(GONE);
  expect(await look.look(shop.services, shop.clock.now(), AbortSignal.timeout(5_000))).toMatchObject({
    status: 'UP',
    detail: expect.stringContaining('The last sweep removed 1 files.'),
  });
});

test('a stored file goes when no book has used it in its time, and stays as long as one does', async () => {
  const [unused, used, young] = [await store('STORED', 0), await store('STORED', 0), await store('STORED', DAY_MS)];
  await use(used.id);
  shop.clock.advanceTime(1);
  await sweep('file-sweep');
  expect(await isThere(unused)).toEqual(GONE);
  expect(await isThere(used)).toEqual(KEPT);
  expect(await isThere(young)).toEqual(KEPT);
  shop.clock.advanceTime(29 * DAY_MS);
  await database.current.sql`update revision set file_id = null`;
  await sweep('file-sweep');
  expect(await isThere(used)).toEqual(KEPT);
  shop.clock.advanceTime(2 * DAY_MS);
  await sweep('file-sweep');
  expect(await isThere(used)).toEqual(GONE);
});

test('of a quarantined file the bytes go in their time, and the report keeps its file', async () => {
  const [named, nameless] = [await store('QUARANTINED', 0), await store('QUARANTINED', 0)];
  await use(named.id);
  shop.clock.advanceTime(1);
  await sweep('file-sweep');
  expect(await isThere(named)).toEqual({ row: true, bytes: false });
  expect(await isThere(nameless)).toEqual(GONE);
});

test('bytes that nothing names go when they are a day old, and no others', async () => {
  const [stored, held] = [await store('STORED', DAY_MS), await store('QUARANTINED', 90 * DAY_MS)];
  const put = (key: string) =>
    shop.storage.put(key, Buffer.from('x'), { contentType: 'application/epub+zip', sizeBytesMax: 1 });
  const orphans = [
    `uploads/${newId()}.epub`,
    `uploads/${stored.id}.epub`,
    `files/${newId()}/${newId()}.epub`,
    `files/${stored.id}/${newId()}.epub`,
    `quarantine/${newId()}`,
  ];
  const others = ['files/readme.txt', `covers/${newId()}/160.jpg`, `quarantine/${stored.id}`];
  for (const key of [...orphans, ...others]) await put(key);
  await mkdir(join(shop.folder, 'files/.incoming'), { recursive: true });
  const half = join(shop.folder, 'files/.incoming', randomUUID());
  await writeFile(half, 'half a book');
  await sweep('store-sweep');
  for (const key of orphans) expect([key, await shop.storage.exists(key)]).toEqual([key, true]);
  shop.clock.advanceTime(2 * DAY_MS);
  await put(`uploads/${newId()}.epub`);
  const young = `uploads/${newId()}.epub`;
  await put(young);
  await utimes(join(shop.folder, 'files', young), shop.clock.now(), shop.clock.now());
  await sweep('store-sweep');
  for (const key of orphans) expect([key, await shop.storage.exists(key)]).toEqual([key, false]);
  for (const key of [...others, young]) expect([key, await shop.storage.exists(key)]).toEqual([key, true]);
  expect([await isThere(stored), await isThere(held)]).toEqual([KEPT, KEPT]);
  expect(await readdir(join(shop.folder, 'files/.incoming'))).toEqual([]);
  expect((await look.look(shop.services, shop.clock.now(), AbortSignal.timeout(5_000))).detail).toContain(
    'belonged to nobody and were deleted',
  );
});

test('files that should have been removed long ago are seen', async () => {
  await store('STORED', -2 * DAY_MS);
  expect(await look.look(shop.services, shop.clock.now(), AbortSignal.timeout(5_000))).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringContaining('1 files should have been removed'),
  });
});
