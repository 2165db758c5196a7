/** The business on real PostgreSQL, Redis, files and a real sandbox gateway; time and passes are moved by hand. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { inject } from 'vitest';
import { ROYALTY_BPS, splitSale } from '../../src/books/sale-split.ts';
import { type ConsumerServices, workflows } from '../../src/consumers/index.ts';
import type { Database } from '../../src/db/client.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { editionSubmitted, orderPlaced } from '../../src/events/index.ts';
import { createLocalEnricher } from '../../src/ports/ai/local-enricher.ts';
import { createFolderMail } from '../../src/ports/mail/folder-mail.ts';
import { createSandboxGatewayClient } from '../../src/ports/payments/sandbox/client.ts';
import { startSandboxGateway } from '../../src/ports/payments/sandbox/server.ts';
import { createWebhookSender } from '../../src/ports/webhooks/sender.ts';
import { createFolderStorage } from '../../src/ports/storage/folder-storage.ts';
import { appendEvents, createEngine, openRedis } from '../../src/streams/index.ts';
import { ManualClock, quietLog } from '../streams/support.ts';

export type Marketplace = Awaited<ReturnType<typeof openMarketplace>>;

export async function openMarketplace(
  database: Database,
  options: { gatewayTimeoutMs?: number; services?: Partial<ConsumerServices> } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'booky-hub-consumers-'));
  const booksPath = join(folder, 'gateway');
  const gatewayServer = await startSandboxGateway({ booksPath, log: quietLog, slowMs: 50, hangMsMax: 1_000 });
  const clock = new ManualClock();
  const storage = createFolderStorage({ folderPath: join(folder, 'files') });
  const mail = createFolderMail({ folderPath: join(folder, 'mails') });
  const redisUrl = inject('redisUrl');
  const redis = openRedis(redisUrl, quietLog);
  const services: ConsumerServices = {
    db: database.db,
    redis,
    gateway: createSandboxGatewayClient({ url: gatewayServer.url, timeoutMs: options.gatewayTimeoutMs ?? 500 }),
    storage,
    mail,
    enricher: createLocalEnricher(),
    webhooks: createWebhookSender({ allowsPrivate: true, timeoutMs: 500 }),
    shards: 1,
    scratchDir: join(folder, 'scratch'),
    publicUrl: 'http://localhost:4000',
    secret: 'a secret of more than thirty-two characters',
    seller: { lines: ['Books Ltd', '1 High Street'], licence: 'For one reader.' },
    payouts: { holdMs: 30 * 86_400_000, thresholds: new Map([['EUR', 1_000]]) },
    ...options.services,
  };
  const engine = createEngine({
    database,
    redisUrl,
    keyPrefix: `test:${randomUUID()}:`,
    shards: 1,
    workflows,
    log: quietLog,
    clock,
    random: () => 0,
    services,
  });
  const { db } = database;

  return {
    ...engine,
    clock,
    storage,
    mail,
    services,
    booksPath,
    gatewayUrl: gatewayServer.url,
    folder,

    async close() {
      await engine.stop();
      redis.disconnect();
      await gatewayServer.stop();
      await rm(folder, { recursive: true, force: true });
    },

    /** Runs what is due, moving time on as far as the next timers, until nothing waits or `untilMs` has passed. */
    async runFor(untilMs: number) {
      const end = clock.now().getTime() + untilMs;
      for (;;) {
        await engine.runUntilIdle();
        const [next] = await database.sql<{ due: string | null }[]>`select min(due_at) as due from timer`;
        const dueMs = next?.due ? new Date(next.due).getTime() : Number.POSITIVE_INFINITY;
        if (dueMs > end) return;
        clock.advanceTime(Math.max(1, dueMs - clock.now().getTime()));
      }
    },

    async signUp(role: 'READER' | 'AUTHOR' = 'READER') {
      const id = newId();
      const email = `${id}@example.org`;
      await db.insert(tables.users).values({ id, name: 'Somebody', email, role });
      return { id, email };
    },

    async draftEdition(draft: {
      authorId: string;
      file?: Uint8Array;
      title?: string;
      language?: string | null;
      isbn13?: string;
      priceMinor?: number | null;
      contributors?: string[];
    }) {
      const workId = newId();
      const editionId = newId();
      const revisionId = newId();
      const title = draft.title ?? 'A Book';
      await db.insert(tables.works).values({ id: workId, ownerId: draft.authorId, title });
      await db
        .insert(tables.editions)
        .values({ id: editionId, workId, ownerId: draft.authorId, isbn13: draft.isbn13 ?? null });
      const fileId = draft.file ? await this.storeFile(draft.authorId, draft.file) : null;
      await db.insert(tables.revisions).values({
        id: revisionId,
        editionId,
        number: 1,
        title,
        language: draft.language === undefined ? 'en' : draft.language,
        fileId,
      });
      const people = draft.contributors ?? ['Ada Author'];
      if (people.length > 0) {
        await db
          .insert(tables.contributors)
          .values(people.map((name, position) => ({ revisionId, position, name, role: 'aut' })));
      }
      if (draft.priceMinor !== null) {
        await db.insert(tables.prices).values({ editionId, currency: 'EUR', amountMinor: draft.priceMinor ?? 999 });
      }
      await database.sql`update edition set working_revision_id = ${revisionId} where id = ${editionId}`;
      return { editionId, revisionId };
    },

    async storeFile(ownerId: string, bytes: Uint8Array) {
      const id = newId();
      const storageKey = `uploads/${id}`;
      await storage.put(storageKey, bytes, { contentType: 'application/epub+zip', sizeBytesMax: 100_000_000 });
      await db.insert(tables.files).values({
        id,
        ownerId,
        name: 'book.epub',
        mediaType: 'application/epub+zip',
        sizeBytes: bytes.byteLength,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        state: 'STORED',
        storageKey,
      });
      return id;
    },

    async submit({ editionId, revisionId }: { editionId: string; revisionId: string }, onSale = false) {
      await db.transaction(async (tx) => {
        await tx.update(tables.revisions).set({ status: 'SUBMITTED' }).where(eq(tables.revisions.id, revisionId));
        await appendEvents(
          tx,
          [editionSubmitted.of({ editionId, revisionId, revisionNumber: 1, status: 'SUBMITTED', onSale })],
          { now: clock.now(), shards: 1 },
        );
      });
    },

    /** An edition on sale, as an import makes it. */
    async listEdition(listing: { authorId: string; priceMinor?: number; title?: string }) {
      const { editionId, revisionId } = await this.draftEdition({ ...listing, priceMinor: listing.priceMinor ?? 999 });
      await database.sql`update revision set status = 'PUBLISHED' where id = ${revisionId}`;
      await database.sql`
        update edition set sale_status = 'PUBLISHED', live_revision_id = ${revisionId}, published_at = now()
        where id = ${editionId}`;
      return editionId;
    },

    async placeOrder(order: {
      buyerId: string;
      editionId: string;
      priceMinor?: number;
      paymentToken?: string;
      country?: string;
      taxRateBps?: number;
    }) {
      const orderId = newId();
      const amountMinor = order.priceMinor ?? 999;
      const now = clock.now();
      await db.transaction(async (tx) => {
        await tx.insert(tables.orders).values({
          id: orderId,
          buyerId: order.buyerId,
          status: 'PENDING_PAYMENT',
          amountMinor,
          currency: 'EUR',
          country: order.country ?? null,
          createdAt: now,
        });
        const { editionId } = order;
        const edition = await tx.query.editions.findFirst({ where: { id: editionId }, columns: { ownerId: true } });
        const split = splitSale({
          listAmountMinor: amountMinor,
          discountMinor: 0,
          taxRateBps: order.taxRateBps ?? 0,
          royaltyBps: ROYALTY_BPS,
        });
        await tx
          .insert(tables.orderLines)
          .values({ orderId, position: 0, editionId, authorId: edition?.ownerId ?? '', ...split });
        await tx.insert(tables.payments).values({
          orderId,
          gateway: 'sandbox',
          paymentToken: order.paymentToken ?? 'tok_succeeds',
          idempotencyKey: `order:${orderId}`,
        });
        await appendEvents(tx, [orderPlaced.of({ orderId, status: 'PENDING_PAYMENT' })], { now, shards: 1 });
      });
      return orderId;
    },

    /** The statuses that subscribers were told, in order. */
    async told(subject: string) {
      const rows = await database.sql<{ type: string; status: string | null }[]>`
        select type, payload ->> 'status' as status from event where subject = ${subject} order by seq`;
      return rows.map((row) => (row.type === 'stage.retrying' ? `retrying:${row.status ?? ''}` : row.status));
    },
    async order(orderId: string) {
      const [row] = await database.sql<
        {
          status: string;
          reason: string | null;
          payment: string;
          capture_ref: string | null;
          action_url: string | null;
        }[]
      >`select o.status, o.reason, p.status as payment, p.capture_ref, p.action_url
        from "order" o join payment p on p.order_id = o.id where o.id = ${orderId}`;
      return row;
    },
    async ledger() {
      const rows = await database.sql<{ account: string; amount_minor: string }[]>`
        select account, sum(amount_minor) as amount_minor from ledger_entry group by account order by account`;
      return Object.fromEntries(rows.map((row) => [row.account.replace(/:.*/, ''), Number(row.amount_minor)]));
    },
    async entitlements(readerId: string) {
      const rows = await database.sql<
        { status: string }[]
      >`select status from entitlement where reader_id = ${readerId}`;
      return rows.map((row) => row.status);
    },
  };
}
