/**
 * One of everything, and all of it the owner's: what each caller then tries to see.
 *
 * It is written by SQL, so that nothing of it depends on what is under test. Each method makes a new one.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashPassword } from 'better-auth/crypto';
import type { Database } from '../../src/db/client.ts';
import { type MailedCodePurpose, makeMailedCode } from '../../src/db/mailed-codes.ts';
import { keepSignUp, makeSignUpCode } from '../../src/db/sign-ups.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { ROYALTY_BPS, splitSale } from '../../src/books/sale-split.ts';
import { createFolderStorage } from '../../src/ports/storage/folder-storage.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { checkoutThings } from './checkout-things.ts';
import { payoutThings } from './payout-things.ts';
import { furnish } from './furnish.ts';
import { PASSWORD, type People, type Person } from './people.ts';
import { twoFactorThings } from './two-factor-things.ts';

export const BYTES = Buffer.from('a book');
const EPUB = 'application/epub+zip';
const finding = { code: 'RSC-005', severity: 'ERROR', file: 'a.xhtml', line: 1, column: 1, message: 'A fault.' };

export interface Book {
  workId: string;
  editionId: string;
  revisionId: string;
  fileId: string;
}

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld(database: Database, dataDir: string, people: People) {
  const { db, sql } = database;
  const storage = createFolderStorage({ folderPath: join(dataDir, 'files') });
  const owner = given(people.of('owner'));
  const seller = given(people.of('other author'));

  const file = async (state: 'PENDING' | 'STORED' = 'STORED', ownerId = owner.id): Promise<string> => {
    const id = newId();
    const storageKey = `${state === 'STORED' ? 'files' : 'uploads'}/${id}.epub`;
    const sha256 = createHash('sha256').update(BYTES).digest('hex');
    const expiresAt = new Date(Date.now() + 600_000);
    const named = { id, ownerId, name: 'a.epub', mediaType: EPUB, state, storageKey, sha256, expiresAt };
    await db.insert(tables.files).values({ ...named, sizeBytes: BYTES.length });
    await storage.put(storageKey, BYTES, { contentType: EPUB, sizeBytesMax: BYTES.length });
    return id;
  };

  const book = async (person: Person, status: 'DRAFT' | 'SUBMITTED' | 'PUBLISHED' = 'DRAFT'): Promise<Book> => {
    const [workId, editionId, revisionId] = [newId(), newId(), newId()];
    const fileId = await file('STORED', person.id);
    const coverKey = `covers/${revisionId}/320.jpg`;
    await storage.put(coverKey, BYTES, { contentType: 'image/jpeg', sizeBytesMax: BYTES.length });
    await db.insert(tables.works).values({ id: workId, ownerId: person.id, title: 'The Sea' });
    const edition = { id: editionId, workId, ownerId: person.id, isbn13: null, ratingAverage: 4, ratingCount: 1 };
    await db.insert(tables.editions).values(edition);
    await db.insert(tables.revisions).values({
      id: revisionId,
      editionId,
      number: 1,
      status,
      title: 'The Sea',
      subtitle: 'A tale',
      description: 'Waves.',
      language: 'en',
      subjects: ['Sea'],
      seriesName: 'Waters',
      seriesPosition: 1,
      publicationYear: 1900,
      fileId,
      report: [finding],
      extracted: extractedWith(coverKey),
    });
    await db.insert(tables.contributors).values({ revisionId, position: 0, name: 'Ada', role: 'aut' });
    await db.insert(tables.prices).values({ editionId, currency: 'EUR', amountMinor: 499 });
    await db.insert(tables.enrichments).values({
      revisionId,
      editionId,
      status: 'READY',
      summary: 'Of the sea.',
      tags: ['sea'],
      readingLevel: 'GENERAL',
      provenance: { provider: 'local', model: 'extractive' },
    });
    if (status === 'PUBLISHED') {
      await sql`update edition set live_revision_id = ${revisionId}, sale_status = 'PUBLISHED', published_at = now()
        where id = ${editionId}`;
    } else {
      await sql`update edition set working_revision_id = ${revisionId} where id = ${editionId}`;
    }
    return { workId, editionId, revisionId, fileId };
  };

  const order = async (editionId: string): Promise<string> => {
    const id = newId();
    await db
      .insert(tables.orders)
      .values({ id, buyerId: owner.id, status: 'COMPLETED', amountMinor: 499, currency: 'EUR', reason: 'Done.' });
    const split = splitSale({ listAmountMinor: 499, discountMinor: 0, taxRateBps: 0, royaltyBps: ROYALTY_BPS });
    await db.insert(tables.orderLines).values({ orderId: id, position: 0, editionId, authorId: seller.id, ...split });
    await db.insert(tables.payments).values({
      orderId: id,
      status: 'REQUIRES_ACTION',
      gateway: 'sandbox',
      paymentToken: 'tok_ok',
      idempotencyKey: `order:${id}`,
      actionUrl: 'https://bank.example.org/approve',
    });
    return id;
  };

  const entitlement = async (): Promise<{ id: string; orderId: string; editionId: string }> => {
    const { editionId } = await book(seller, 'PUBLISHED');
    const [id, orderId] = [newId(), await order(editionId)];
    await db.insert(tables.entitlements).values({ id, readerId: owner.id, editionId, orderId });
    return { id, orderId, editionId };
  };

  const refund = async (orderId: string): Promise<string> => {
    const id = newId();
    const asked = { requestedBy: owner.id, reason: 'Not mine.', failure: 'The bank sent it back.' };
    const key = { idempotencyKey: `refund:${id}`, refundRef: id };
    await db.insert(tables.refunds).values({ id, orderId, amountMinor: 1, currency: 'EUR', ...key, ...asked });
    const money = { amountMinor: 1, taxMinor: 0, royaltyMinor: 1 };
    await db.insert(tables.refundLines).values({ refundId: id, orderId, position: 0, ...money });
    return id;
  };

  const run = async (): Promise<{ runId: string; eventId: number; subject: string }> => {
    const subject = `order:${newId()}`;
    const [event] = await db
      .insert(tables.events)
      .values({ shard: 0, type: 'order.placed', subject, seq: 1, runId: null, payload: { status: 'PENDING_PAYMENT' } })
      .returning({ id: tables.events.id });
    const eventId = given(event).id;
    const runId = `purchase/${eventId}`;
    await sql`update event set run_id = ${runId}, stage = 'purchase.validate', attempts = 1, duration_ms = 1 where id = ${eventId}`;
    await db.insert(tables.runs).values({
      id: runId,
      workflow: 'purchase',
      subject,
      shard: 0,
      state: 'PARKED',
      stage: 'purchase.validate',
      atEventId: eventId,
      failures: 1,
      lastError: 'It broke.',
      startedAt: new Date(),
    });
    return { runId, eventId, subject };
  };

  const deadLetter = async (): Promise<string> => {
    const { runId, eventId } = await run();
    const id = newId();
    await db.insert(tables.deadLetters).values({
      id,
      stage: 'purchase.validate',
      stream: 'order.placed',
      eventId,
      runId,
      reason: 'TERMINAL',
      error: 'It broke.',
      attempts: 1,
      payload: {},
      createdAt: new Date(),
    });
    return id;
  };

  const apiKey = async (): Promise<string> => {
    const [row] = await sql<{ id: string }[]>`
      insert into api_key (id, user_id, kind, name, start, secret_hash, scopes)
      values (${newId()}, ${owner.id}, 'API_KEY', 'A key', 'bkh_abcdef', ${newId()}, '{catalog:read}') returning id`;
    return given(row).id;
  };

  /** @param person null for somebody new, so that nobody's session ends */
  const code = async (purpose: MailedCodePurpose, person: Person | null): Promise<string> => {
    const { email } = person ?? given(await people.anew('other buyer'));
    return given(await makeMailedCode(db, { purpose, email, now: new Date() })).code;
  };

  const signUpCode = async (): Promise<string> => {
    const askId = newId();
    const now = new Date();
    const email = `${askId}@example.org`;
    const passwordHash = await hashPassword(PASSWORD);
    await db.transaction((tx) => keepSignUp(tx, { askId, now, name: 'Grace', email, passwordHash }));
    const made = given((await makeSignUpCode(db, { askId, email, now })) ?? undefined);
    if (!('code' in made)) throw new Error('the e-mail of a new sign-up is taken');
    return made.code;
  };

  const session = async (): Promise<string> => {
    const [row] = await sql<{ id: string }[]>`
      insert into session (id, user_id, token, expires_at)
      values (${newId()}, ${owner.id}, ${newId()}, now() + interval '1 day') returning id`;
    return given(row).id;
  };

  const twoFactor = twoFactorThings(people);
  const checkout = checkoutThings(database, owner, seller);
  const webhook = async (): Promise<{ endpointId: string; deliveryId: string }> => {
    const [endpointId, deliveryId] = [newId(), newId()];
    const ownerId = given(people.of('admin')).id;
    const at = new Date();
    await db.insert(tables.webhookEndpoints).values({
      id: endpointId,
      ownerId,
      url: 'https://shop.example.org/hook',
      eventTypes: ['order.completed'],
      secret: 'whsec_c2VjcmV0',
      pausedReason: 'It was gone.',
      pausedAt: at,
      failingSince: at,
      previousSecretUntil: at,
    });
    await db.insert(tables.webhookDeliveries).values({
      id: deliveryId,
      endpointId,
      eventType: 'order.completed',
      body: '{}',
      nextAttemptAt: at,
    });
    const attempt = { number: 1, at, durationMs: 1, statusCode: 500, error: 'TIMEOUT', excerpt: 'broken' };
    await db.insert(tables.webhookAttempts).values({ deliveryId, ...attempt });
    return { endpointId, deliveryId };
  };

  const [draft, onSale, bought, parked] = [
    await book(owner),
    await book(owner, 'PUBLISHED'),
    await entitlement(),
    await run(),
  ];
  const refundId = await refund(bought.orderId);
  const paying = payoutThings(database, owner);
  const payeeId = await paying.payee();
  const payoutId = await paying.payout(payeeId);
  const differenceId = await paying.difference();
  const { runId, subject: runSubject } = parked;
  const [deadLetterId, apiKeyId] = [await deadLetter(), await apiKey()];
  const quoteId = await checkout.quote(await book(seller, 'PUBLISHED'), bought.orderId);
  const [couponId, percentageId] = [await checkout.coupon(), await checkout.percentage()];
  await sql`insert into receipt (order_id, year, number, issued_at, storage_key)
    values (${bought.orderId}, 2026, 1, now(), ${`receipts/2026/${bought.orderId}.pdf`})`;
  await storage.put(`receipts/2026/${bought.orderId}.pdf`, BYTES, {
    contentType: 'application/pdf',
    sizeBytesMax: BYTES.length,
  });
  await checkout.claimFor(bought.orderId, (await book(seller, 'PUBLISHED')).editionId);
  await sql`update claim set claimed_at = now()`;
  await sql`update quote set gift_email = 'a@example.org' where id = ${quoteId}`;
  await sql`update "user" set email_verified = true where id = ${owner.id}`;
  await sql`update "order" set coupon_id = ${couponId} where id = ${bought.orderId}`;
  const hook = await webhook();
  await furnish(database, dataDir, {
    draft,
    onSale,
    parked,
    deadLetterId,
    apiKeyId,
    ownerEmail: owner.email,
    ownerId: owner.id,
    orderId: bought.orderId,
    refundId,
    payeeId,
    payoutId,
    adminId: given(people.of('admin')).id,
  });
  return {
    owner,
    seller,
    people,
    draft,
    onSale,
    bought,
    runId,
    runSubject,
    deadLetterId,
    apiKeyId,
    sessionId: await session(),
    quoteId,
    couponId,
    percentageId,
    hook,
    refundId,
    payoutId,
    differenceId,
    sql,
    make: {
      ...checkout,
      earned: paying.earned,
      file,
      book,
      order,
      entitlement,
      run,
      deadLetter,
      apiKey,
      session,
      code,
      signUpCode,
      webhook,
      twoFactor,
    },
    id: encodeId,
  };
}

const extractedWith = (coverKey: string) => ({
  title: 'The Sea',
  contributors: [],
  languages: ['en'],
  wordCount: 100,
  chapters: [{ title: 'One', wordCount: 100 }],
  layout: 'REFLOWABLE',
  direction: 'LTR',
  epubVersion: '3.0',
  sha256: 'a'.repeat(64),
  tableOfContents: [{ label: 'One', children: [{ label: 'Two', children: [] }] }],
  accessibility: {
    accessModes: ['textual'],
    features: ['none'],
    hazards: ['none'],
    summary: 'All.',
    conformsTo: ['x'],
  },
  sample: [{ title: 'One', paragraphs: ['It was.'] }],
  covers: [{ width: 320, height: 480, storageKey: coverKey, mediaType: 'image/jpeg' }],
});

function given<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new TypeError('the world lacks something');
  return value;
}
