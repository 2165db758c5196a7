/**
 * Row 27: Redis has no memory left, PostgreSQL no connection, the disks no room.
 *
 * Buyers buy and authors upload meanwhile. Each is given what it asked for or an error with a code of ours, and once
 * there is room again everything is there once.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { z } from 'zod';
import { auditPurchases } from '../harness/invariants.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { askOnce, browse, orderOnce, type PlacedOrder, type ShopBuyer, signUp } from '../harness/shop-client.ts';
import { openSmallDisk, type SmallDisk } from '../harness/small-disk.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { pause, waitFor } from '../harness/wait.ts';

const DISK_BYTES = 8 * 1024 * 1024;
/** What must never be the answer to a machine that has run out of something. */
const UNTYPED = new Set(['INTERNAL', 'UNREADABLE']);

interface Shop {
  readonly url: string;
  readonly buyers: readonly ShopBuyer[];
  readonly editionIds: readonly string[];
  readonly placed: PlacedOrder[];
  /** Codes of the refusals, counted. */
  readonly refusals: Map<string, number>;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, say } = context;
  const stack = await openStack(context, { purchases: 1 });
  const filesPath = join(stack.dataDir, 'files');
  await mkdir(filesPath, { recursive: true });
  const filesDisk = await openSmallDisk(context, filesPath, DISK_BYTES);
  const tableDisk = await openSmallDisk(context, join(context.folder, 'tables'), DISK_BYTES);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const api = stack.api('api', port, { DATABASE_POOL_MAX: '4' });
  const worker = stack.worker('worker-1');
  await Promise.all([api.start(), worker.start()]);
  const shop: Shop = {
    url,
    buyers: await Promise.all(Array.from({ length: isShort ? 4 : 10 }, () => signUp(url))),
    editionIds: await browse(url),
    placed: [],
    refusals: new Map(),
  };
  const booksEach = isShort ? 3 : 10;
  const books = (phase: number) => shop.editionIds.slice(phase * booksEach, (phase + 1) * booksEach);

  say('Redis out of memory');
  await stack.redisClient.config('SET', 'maxmemory', '1');
  await buyAll(shop, books(0));
  await stack.redisClient.config('SET', 'maxmemory', '0');
  say('PostgreSQL out of connections');
  const refusedFirst = await whileNoConnectionIsLeft(stack, () => buyEachOnce(shop, books(1)));
  await buyAll(shop, books(1));
  say('disks full');
  const tables = tableDisk ? await fillTables(stack, tableDisk, shop, books(2)) : null;
  await buyAll(shop, books(2));
  // Receipts are written to that disk too, and are not what is counted there.
  await waitForRest(stack);
  const upload = filesDisk ? await uploadToFullDisk(shop, filesDisk) : null;

  await waitForRest(stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, shop.placed);
  const wanted = shop.buyers.length * booksEach * 3;
  const [found] = await stack.database.sql<{ count: string }[]>`select count(*) from "order"`;
  const untyped = [...shop.refusals].filter(([code]) => UNTYPED.has(code));
  const died = [api, worker].filter((one) => !one.isRunning);
  return {
    injected: `Redis with no memory, PostgreSQL with no connection left${tables === null ? '' : ', its disk full'}${upload === null ? '; full disks not tried: only root may mount one' : ', the disk of the files full'}`,
    figures: {
      ...audit.figures,
      'refusals by code': [...shop.refusals].map(([code, times]) => `${code} ${times}`).join(', ') || 'none',
      'refused for want of a connection': refusedFirst,
      'refused for want of room in a table': tables ?? 'not tried',
      'upload to a full disk': upload?.told ?? 'not tried',
    },
    violations: [
      ...audit.violations,
      ...(upload?.violations ?? []),
      ...untyped.map(([code, times]) => `${times} refusals said ${code}`),
      ...(Number(found?.count) === wanted ? [] : [`${wanted} purchases made ${found?.count ?? 0} orders`]),
      ...died.map((one) => `${one.name} did not survive`),
    ],
  };
}

/** Everybody buys these books, asking again with the same key until the order is placed. */
async function buyAll(shop: Shop, editionIds: readonly string[]): Promise<void> {
  await Promise.all(
    shop.buyers.map(async (buyer, index) => {
      for (const editionId of editionIds) {
        const key = `buyer-${index}:${editionId}`;
        await waitFor('an order that is accepted', 60_000, () => tryToBuy(shop, buyer, editionId, key));
      }
    }),
  );
}

/** @returns how many were refused */
async function buyEachOnce(shop: Shop, editionIds: readonly string[]): Promise<number> {
  const outcomes = await Promise.all(
    shop.buyers.flatMap((buyer, index) =>
      editionIds.map((editionId) => tryToBuy(shop, buyer, editionId, `buyer-${index}:${editionId}`)),
    ),
  );
  return outcomes.filter((isPlaced) => !isPlaced).length;
}

async function tryToBuy(shop: Shop, buyer: ShopBuyer, editionId: string, key: string): Promise<boolean> {
  const answer = await orderOnce(shop.url, buyer, { editionId, paymentToken: 'tok_succeeds', idempotencyKey: key });
  if ('refusal' in answer) {
    shop.refusals.set(answer.refusal, (shop.refusals.get(answer.refusal) ?? 0) + 1);
    return false;
  }
  if (!shop.placed.some(({ orderId }) => orderId === answer.orderId)) {
    shop.placed.push({ orderId: answer.orderId, asked: 1 });
  }
  return true;
}

/** Takes every connection that PostgreSQL has, those of the API too, while `work` is done. */
async function whileNoConnectionIsLeft<Result>(stack: Stack, work: () => Promise<Result>): Promise<Result> {
  const hoarders: postgres.Sql[] = [];
  const hoard = async () => {
    for (;;) {
      const one = postgres(stack.postgres.url, {
        max: 1,
        onnotice: () => {},
        connection: { application_name: 'hoard' },
      });
      try {
        await one`select 1`;
        hoarders.push(one);
      } catch {
        await one.end({ timeout: 1 });
        return;
      }
    }
  };
  try {
    await hoard();
    const [first] = hoarders;
    if (!first) throw new Error('there was no connection to take');
    await first`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'api'`;
    await hoard();
    return await work();
  } finally {
    await Promise.all(hoarders.map((one) => one.end({ timeout: 1 })));
  }
}

/** Puts the events on a disk that is full. @returns how many purchases were refused while it was */
async function fillTables(stack: Stack, disk: SmallDisk, shop: Shop, books: readonly string[]): Promise<number> {
  const { sql } = stack.database;
  await sql.unsafe(`create tablespace small location '${disk.path}'`);
  await sql`alter table event set tablespace small`;
  await disk.fill();
  // There may be room in pages that the table has already: until they are used up, buying goes on.
  let refused = 0;
  for (let round = 0; round < 5 && refused === 0; round++) refused = await buyEachOnce(shop, books);
  await disk.empty();
  await sql`alter table event set tablespace pg_default`;
  await sql`drop tablespace small`;
  return refused;
}

/** An upload that finds no room is refused with a code, leaves no bytes behind, and works once there is room. */
async function uploadToFullDisk(shop: Shop, disk: SmallDisk): Promise<{ told: string; violations: string[] }> {
  const [author] = shop.buyers;
  if (!author) throw new Error('nobody is there to upload');
  const bytes = new Uint8Array(1024 * 1024).fill(7);
  const upload = await createUpload(shop.url, author, bytes);
  await disk.fill();
  const before = await filesIn(disk.path);
  const full = await put(upload, bytes);
  const after = await filesIn(disk.path);
  await disk.empty();
  await pause(100);
  const healed = await put(upload, bytes);
  return {
    told: `${full.status} ${full.code}, then ${healed.status}`,
    violations: [
      ...(full.status === 503 && !UNTYPED.has(full.code)
        ? []
        : [`a full disk was answered ${full.status} ${full.code}`]),
      ...(after === before ? [] : ['an upload that was refused left bytes behind']),
      ...(healed.status === 200 ? [] : [`with room again an upload was answered ${healed.status} ${healed.code}`]),
    ],
  };
}

const uploadSchema = z.object({
  uploadUrl: z.string(),
  headers: z.array(z.object({ name: z.string(), value: z.string() })),
});

const faultSchema = z.object({ errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })) });

async function createUpload(url: string, author: ShopBuyer, bytes: Uint8Array) {
  const becoming = 'mutation { becomeAuthor(input: { acceptTerms: true }) { __typename } }';
  await askOnce(url, becoming, {}, author.token);
  const document =
    'mutation ($input: CreateUploadInput!) { createUpload(input: $input) { ... on CreateUploadPayload { uploadUrl headers { name value } } } }';
  const input = {
    name: `${randomUUID()}.epub`,
    mediaType: 'application/epub+zip',
    sizeBytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
  return uploadSchema.parse(await askOnce(url, document, { input }, author.token));
}

async function put(upload: z.infer<typeof uploadSchema>, bytes: Uint8Array<ArrayBuffer>) {
  const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
  const response = await fetch(upload.uploadUrl, { method: 'PUT', headers, body: bytes });
  const text = await response.text();
  const told = faultSchema.safeParse(parseOrNull(text));
  const [fault] = told.data?.errors ?? [];
  const code = fault?.extensions.code ?? (response.ok ? 'OK' : 'UNREADABLE');
  return { status: response.status, code };
}

async function filesIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const row: FaultRow = {
  row: 27,
  title: 'Memory, connections and disks run out',
  promise: [1, 2],
  loadFull: '300 purchases over HTTP by 10 buyers in three phases, an upload of 1 MiB',
  loadShort: '36 purchases over HTTP by 4 buyers in three phases, an upload of 1 MiB',
  invariant: 'a typed error or success, no partial effect, every process survives',
  run,
};
export default row;
