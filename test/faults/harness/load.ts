/**
 * Purchases as load: placed by SQL as the API's mutation places them, state and event in one commit.
 *
 * An acknowledged purchase is one whose commit was answered. What failed is not counted, whether it landed or not.
 * Not here: purchases over HTTP (shop-client.ts).
 */
import { ROYALTY_BPS, splitSale } from '../../../src/books/sale-split.ts';
import type { Database } from '../../../src/db/client.ts';
import { newId } from '../../../src/db/tables/columns.ts';
import * as tables from '../../../src/db/tables/index.ts';
import { orderPlaced } from '../../../src/events/index.ts';
import { appendEvents } from '../../../src/streams/index.ts';
import type { Random } from './random.ts';

export interface Market {
  readonly authorId: string;
  readonly editionIds: readonly string[];
  readonly buyerIds: readonly string[];
}

export interface Purchase {
  readonly orderId: string;
  readonly buyerId: string;
  readonly editionId: string;
  readonly authorId: string;
  readonly amountMinor: number;
  readonly paymentToken: string;
}

export const PRICE_MINOR = 999;
const EDITIONS = 50;
const ROWS_MAX = 500;

/** Enough buyers and books for `purchases` purchases of which no two are the same book for the same buyer. The books share a file. */
export async function openMarket({ db, sql }: Database, purchases: number): Promise<Market> {
  const authorId = newId();
  const buyerIds = Array.from({ length: Math.ceil(purchases / EDITIONS) }, newId);
  const user = (id: string, role: 'AUTHOR' | 'READER') => ({ id, name: 'Somebody', email: `${id}@example.org`, role });
  const users = [user(authorId, 'AUTHOR'), ...buyerIds.map((id) => user(id, 'READER'))];
  for (let at = 0; at < users.length; at += ROWS_MAX)
    await db.insert(tables.users).values(users.slice(at, at + ROWS_MAX));
  const books = Array.from({ length: EDITIONS }, (_, index) => ({
    workId: newId(),
    editionId: newId(),
    revisionId: newId(),
    title: `Book ${index + 1}`,
  }));
  const fileId = newId();
  await db.insert(tables.files).values({
    id: fileId,
    ownerId: authorId,
    name: 'book.epub',
    mediaType: 'application/epub+zip',
    sizeBytes: 1,
    sha256: '0'.repeat(64),
    state: 'STORED',
    storageKey: `uploads/${fileId}`,
  });
  await db.insert(tables.works).values(books.map(({ workId, title }) => ({ id: workId, ownerId: authorId, title })));
  await db
    .insert(tables.editions)
    .values(books.map(({ workId, editionId }) => ({ id: editionId, workId, ownerId: authorId })));
  await db
    .insert(tables.revisions)
    .values(books.map(({ editionId, revisionId, title }) => ({ id: revisionId, editionId, number: 1, title, fileId })));
  await db
    .insert(tables.prices)
    .values(books.map(({ editionId }) => ({ editionId, currency: 'EUR', amountMinor: PRICE_MINOR })));
  await sql`update revision set status = 'PUBLISHED'`;
  await sql`
    update edition e set sale_status = 'PUBLISHED', live_revision_id = r.id, working_revision_id = r.id,
      published_at = now()
    from revision r where r.edition_id = e.id`;
  return { authorId, editionIds: books.map(({ editionId }) => editionId), buyerIds };
}

/** @param declinedRate share of cards that the bank declines, from 0 to 1 */
export function planPurchases(market: Market, count: number, random: Random, declinedRate = 0.05): Purchase[] {
  return Array.from({ length: count }, (_, index) => {
    const buyerId = market.buyerIds[Math.floor(index / market.editionIds.length)];
    const editionId = market.editionIds[index % market.editionIds.length];
    if (buyerId === undefined || editionId === undefined) throw new RangeError('the market is too small for this load');
    const paymentToken = random.next() < declinedRate ? 'tok_declined' : 'tok_succeeds';
    return { orderId: newId(), buyerId, editionId, authorId: market.authorId, amountMinor: PRICE_MINOR, paymentToken };
  });
}

/** Places purchases in one commit. Resolves when it was answered. */
export async function placePurchases({ db }: Database, purchases: readonly Purchase[], shards = 1): Promise<void> {
  const now = new Date();
  await db.transaction(async (tx) => {
    await tx.insert(tables.orders).values(
      purchases.map(({ orderId, buyerId, amountMinor }) => ({
        id: orderId,
        buyerId,
        status: 'PENDING_PAYMENT' as const,
        amountMinor,
        currency: 'EUR',
        createdAt: now,
      })),
    );
    await tx.insert(tables.orderLines).values(
      purchases.map(({ orderId, editionId, authorId, amountMinor }) => ({
        orderId,
        position: 0,
        editionId,
        authorId,
        ...splitSale({ listAmountMinor: amountMinor, discountMinor: 0, taxRateBps: 0, royaltyBps: ROYALTY_BPS }),
      })),
    );
    await tx.insert(tables.payments).values(
      purchases.map(({ orderId, paymentToken }) => ({
        orderId,
        gateway: 'sandbox',
        paymentToken,
        idempotencyKey: `order:${orderId}`,
      })),
    );
    await appendEvents(
      tx,
      purchases.map(({ orderId }) => orderPlaced.of({ orderId, status: 'PENDING_PAYMENT' })),
      { now, shards },
    );
  });
}

/**
 * Places all purchases, `batch` a commit, evenly over `durationMs`.
 * @returns those that were acknowledged
 */
export async function placeOverTime(
  database: Database,
  purchases: readonly Purchase[],
  options: { durationMs: number; batch: number; onFailure?: (error: unknown) => void },
): Promise<Purchase[]> {
  const acknowledged: Purchase[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < purchases.length; at += options.batch) {
    const dueMs = (at / purchases.length) * options.durationMs - (performance.now() - startedAt);
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    const part = purchases.slice(at, at + options.batch);
    try {
      await placePurchases(database, part);
      acknowledged.push(...part);
    } catch (error) {
      if (!options.onFailure) throw error;
      options.onFailure(error);
    }
  }
  return acknowledged;
}
