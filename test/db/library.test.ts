import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { createDraft, updateDraft } from '../../src/db/books.ts';
import { createFile, markStored, openUpload } from '../../src/db/files.ts';
import { activeDownload, downloadOf } from '../../src/db/library.ts';
import { NO_TAX } from '../../src/books/tax-rates.ts';
import { placeOrders } from '../../src/db/orders.ts';
import { users } from '../../src/db/tables/index.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const now = new Date('2026-01-01T00:00:00Z');
const later = new Date('2026-01-01T01:00:00Z');

const terms = {
  royaltyBps: 7_000,
  taxRates: NO_TAX,
  shopCountry: null,
  refundWindowMs: 0,
  payouts: { holdMs: 0, thresholds: new Map<string, number>() },
};

async function signUp(): Promise<string> {
  const id = randomUUID();
  await database.current.db.insert(users).values({ id, name: 'Ada', email: `${id}@example.org` });
  return id;
}

const announce = (ownerId: string) =>
  createFile(database.current.db, {
    ownerId,
    name: 'a.epub',
    mediaType: 'application/epub+zip',
    sizeBytes: 3,
    sha256: 'a'.repeat(64),
    now,
    expiresAt: later,
  });

/** An edition on sale with a file, bought by a reader. */
async function sell(title: string) {
  const { db } = database.current;
  const [ownerId, readerId] = [await signUp(), await signUp()];
  const file = await announce(ownerId);
  await markStored(db, { id: file.id, storageKey: `files/${file.id}.epub`, now });
  const empty = {
    subtitle: null,
    description: null,
    language: null,
    subjects: [],
    series: null,
    publicationYear: null,
  };
  const details = { ...empty, title, contributors: [] };
  const prices = [{ amountMinor: 0, currency: 'EUR' }];
  const { editionId } = await createDraft(db, { ownerId, now, workId: null, details, isbn13: null, prices });
  await updateDraft(db, { editionId, ownerId, now, change: { fileId: file.id } });
  await db.execute(sql`update edition set live_revision_id = working_revision_id, sale_status = 'PUBLISHED'`);
  const orderId = randomUUID();
  const money = { currency: 'EUR', paymentToken: 'tok', gateway: 'sandbox', expectedPrice: null };
  const country = { country: null, evidence: null };
  const order = { id: orderId, buyerId: readerId, editionId, ...country, ...money, key: orderId, bodyHash: '' };
  await db.transaction((tx) => placeOrders(tx, [order], { now, terms }));
  const entitlementId = randomUUID();
  await db.execute(sql`
    insert into entitlement (id, reader_id, edition_id, order_id) values (${entitlementId}, ${readerId}, ${editionId}, ${orderId})`);
  return { readerId, editionId, entitlementId, fileId: file.id };
}

describe('a download', () => {
  it('is named after the book, in what every file system takes', async () => {
    const { readerId, editionId } = await sell('../..\\A/B: "Ça va?" <Жизнь>');
    const { fileName } = await downloadOf(database.current.db, { readerId, editionId });
    expect(fileName).toBe('A B Ça va Жизнь.epub');
  });

  it('is looked up again when the link is used: gone with the right, and with a quarantined file', async () => {
    const { db } = database.current;
    const { entitlementId, fileId } = await sell('A');
    expect(await activeDownload(db, entitlementId)).toMatchObject({ fileId, fileName: 'A.epub' });
    await db.execute(sql`update file set state = 'QUARANTINED'`);
    expect(await activeDownload(db, entitlementId)).toBeNull();
    await db.execute(sql`update file set state = 'STORED'`);
    await db.execute(sql`update entitlement set status = 'SUSPENDED'`);
    expect(await activeDownload(db, entitlementId)).toBeNull();
  });
});

describe('an upload', () => {
  it('is open until its time is over or it is stored', async () => {
    const { db } = database.current;
    const file = await announce(await signUp());
    expect(await openUpload(db, file.id, now)).toMatchObject({ id: file.id });
    expect(await openUpload(db, file.id, later)).toBeNull();
    expect(await markStored(db, { id: file.id, storageKey: 'files/x.epub', now })).toBe(true);
    expect(await openUpload(db, file.id, now)).toBeNull();
    expect(await markStored(db, { id: file.id, storageKey: 'files/y.epub', now })).toBe(false);
  });
});
