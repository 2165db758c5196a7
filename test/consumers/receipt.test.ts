/** Receipts: numbers without a gap, a PDF that says what was paid, and a purchase that does not care whether it can be made. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { extractText, getDocumentProxy, getMeta } from 'unpdf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ReceiptContent, readReceipt } from '../../src/consumers/receipt/receipt-content.ts';
import type { Seller } from '../../src/consumers/receipt/receipt-words.ts';
import { receiptPdf } from '../../src/consumers/receipt/receipt-thread.ts';
import type { Tx } from '../../src/db/client.ts';
import { storeParts } from '../../src/db/parts.ts';
import { completedOrders } from '../../src/db/receipts.ts';
import { BlobStorageUnavailableError } from '../../src/ports/storage/blob-storage.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
let authorId: string;

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  ({ id: authorId } = await shop.signUp('AUTHOR'));
});
afterEach(() => shop.close());

const sale = { priceMinor: 1_070, country: 'DE', taxRateBps: 700 };
async function place(listing: { title?: string } = {}) {
  const buyer = await shop.signUp();
  const editionId = await shop.listEdition({ authorId, priceMinor: 1_070, ...listing });
  return { buyer, orderId: await shop.placeOrder({ buyerId: buyer.id, editionId, ...sale }) };
}
const THREADS = '/proc/self/task';
const nameOfThread = (id: string): string => readFileSync(`${THREADS}/${id}/comm`, 'utf8').trim();
const textOf = async (pdf: Uint8Array): Promise<string> => {
  const { text } = await extractText(await getDocumentProxy(Uint8Array.from(pdf)), { mergePages: true });
  return text;
};
const receiptRow = async (orderId: string) => {
  const [row] = await database.current.sql<
    { year: number; number: number; storage_key: string | null; sha256: string | null }[]
  >`select year, number, storage_key, sha256 from receipt where order_id = ${orderId}`;
  return row;
};

const complete = (tx: Tx, orderIds: readonly string[], now: Date) => storeParts(tx, completedOrders(orderIds, now));

describe('the numbers of receipts', () => {
  test('are 1 to n, each once, whoever completes orders at the same time, and some roll back', async () => {
    const orders = await Promise.all(Array.from({ length: 60 }, () => place()));
    const ids = orders.map(({ orderId }) => orderId);
    const { db } = database.current;
    const tryTo = (part: string[], fails: boolean) =>
      db
        .transaction(async (tx) => {
          await complete(tx, part, shop.clock.now());
          if (fails) throw new Error('the commit fails');
        })
        .catch(() => {});
    const parts = Array.from({ length: 12 }, (_, at) => ids.slice(at * 5, at * 5 + 5));
    await Promise.all(parts.map((part, at) => tryTo(part, at % 3 === 0)));
    await Promise.all(parts.filter((_, at) => at % 3 === 0).map((part) => tryTo(part, false)));
    const rows = await database.current.sql<{ number: number }[]>`select number from receipt order by number`;
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  });

  test('are given to others while an order waits for somebody', async () => {
    const [held, other] = [await place(), await place()];
    const { db, sql } = database.current;
    const numbered = await sql.begin(async (holder) => {
      await holder`select from "order" where id = ${held.orderId} for update`;
      const waiting = complete(db, [held.orderId], shop.clock.now());
      await vi.waitFor(async () => {
        const waits =
          await sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%receipt_counter%'`;
        expect(waits).toHaveLength(1);
      });
      await complete(db, [other.orderId], shop.clock.now());
      return { waiting };
    });
    await numbered.waiting;
    expect([await receiptRow(other.orderId), await receiptRow(held.orderId)]).toMatchObject([
      { number: 1 },
      { number: 2 },
    ]);
  });

  test('begin anew each year', async () => {
    const [one, other] = [await place(), await place()];
    const { db } = database.current;
    await db.transaction((tx) => complete(tx, [one.orderId], new Date('2030-12-31T23:59:59Z')));
    await db.transaction((tx) => complete(tx, [other.orderId], new Date('2031-01-01T00:00:00Z')));
    expect(await receiptRow(one.orderId)).toMatchObject({ year: 2030, number: 1 });
    expect(await receiptRow(other.orderId)).toMatchObject({ year: 2031, number: 1 });
  });

  test('stay when an order is completed again', async () => {
    const { orderId } = await place();
    const { db } = database.current;
    for (let times = 0; times < 3; times++) {
      await db.transaction((tx) => complete(tx, [orderId], shop.clock.now()));
    }
    const [counter] = await database.current.sql<{ last: number }[]>`select last from receipt_counter`;
    expect([await receiptRow(orderId), counter?.last]).toMatchObject([{ number: 1 }, 1]);
  });

  test('are given to what is completed, and to nothing else', async () => {
    const buyer = await shop.signUp();
    const editionId = await shop.listEdition({ authorId });
    const declined = await shop.placeOrder({ buyerId: buyer.id, editionId, paymentToken: 'tok_declined' });
    const { orderId } = await place();
    await shop.runFor(3_600_000);
    expect(await receiptRow(declined)).toBeUndefined();
    expect(await receiptRow(orderId)).toMatchObject({ number: 1 });
  });
});

describe('a receipt', () => {
  test('says in mail and PDF who sold what for how much, with which tax, on which licence', async () => {
    const { buyer, orderId } = await place();
    await shop.runFor(3_600_000);
    const [mail] = await shop.mail.list({ to: buyer.email });
    const row = await receiptRow(orderId);
    const pdf = await buffer(await shop.storage.get(row?.storage_key ?? ''));
    expect(createHash('sha256').update(pdf).digest('hex')).toBe(row?.sha256);
    expect(mail?.attachments).toEqual([
      {
        fileName: `receipt-${row?.year}-000001.pdf`,
        mediaType: 'application/pdf',
        contentBase64: pdf.toString('base64'),
      },
    ]);
    for (const text of [await textOf(pdf), mail?.text ?? '']) {
      for (const words of [
        `${row?.year}-000001`,
        'A Book',
        '€10.70',
        'Net €10.00, Tax 7 % (Germany) €0.70',
        'For one reader.',
        'Books Ltd',
        orderId,
      ]) {
        expect(text).toContain(words);
      }
    }
    const { info } = await getMeta(await getDocumentProxy(Uint8Array.from(pdf)));
    expect(info['Title']).toBe(`Receipt ${row?.year}-000001`);
  });

  test('is the same to the byte however often it is made', async () => {
    const { orderId } = await place({ title: 'Žluťoučký kůň: Война и мир' });
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const pdfs = await Promise.all(Array.from({ length: 3 }, () => receiptPdf(content, shop.services.seller)));
    expect(new Set(pdfs.map((pdf) => createHash('sha256').update(pdf).digest('hex'))).size).toBe(1);
    expect(await textOf(pdfs[0] ?? new Uint8Array())).toContain('Žluťoučký kůň: Война и мир');
  });

  // Only Linux has priorities of threads, and tells their names.
  test.runIf(process.platform === 'linux')(
    'is made in a thread of its own, which gives way to all others',
    async () => {
      const { orderId } = await place();
      await shop.runFor(3_600_000);
      const content = await readReceipt(database.current.db, orderId);
      await receiptPdf(content, shop.services.seller);
      const own = readdirSync(THREADS).filter((id) => nameOfThread(id) === 'receipts');
      expect(own.map((id) => getPriority(Number(id)))).toEqual([constants.priority.PRIORITY_BELOW_NORMAL]);
    },
  );

  test('that cannot be made is refused, and holds up no other', async () => {
    const { orderId } = await place();
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const { seller } = shop.services;
    const both = [receiptPdf({ ...content, currency: 'no currency' }, seller), receiptPdf(content, seller)];
    await expect(both[0]).rejects.toThrow('The receipt could not be made');
    expect(await textOf((await both[1]) ?? new Uint8Array())).toContain(orderId);
  });

  test('has nothing of the receipts that were made before it', async () => {
    const { orderId } = await place({ title: 'Война ❤' });
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const [line] = content.lines;
    if (!line) throw new Error('no line');
    const { seller } = shop.services;
    // The same glyph, for a text with a selector behind it.
    const other = { ...content, lines: [{ ...line, title: 'Война ❤\uFE0F' }] };
    await stickThread(content, seller);
    await receiptPdf(other, seller);
    const second = await receiptPdf(content, seller);
    await stickThread(content, seller);
    expect(Buffer.compare(second, await receiptPdf(content, seller))).toBe(0);
  });

  test('that nobody waits for any longer holds up no other', async () => {
    const { orderId } = await place();
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const { seller } = shop.services;
    const stop = new AbortController();
    const both = [receiptPdf(content, seller, stop.signal), receiptPdf(content, seller)];
    const ends = Promise.allSettled(both);
    stop.abort();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expect(receiptPdf(content, seller, stop.signal)).rejects.toThrow('aborted');
  });

  test('is made by another thread when one is stuck', async () => {
    const { orderId } = await place();
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const { seller } = shop.services;
    expect(await stickThread(content, seller)).toEqual(['rejected', 'rejected']);
    expect(await textOf(await receiptPdf(content, seller))).toContain(orderId);
  });

  test('of twenty long titles stands on one page, and a letter that no font has is a question mark', async () => {
    const { orderId } = await place();
    await shop.runFor(3_600_000);
    const content = await readReceipt(database.current.db, orderId);
    const [line] = content.lines;
    if (!line) throw new Error('no line');
    const title = `${'A very long title '.repeat(20)}紅樓夢`;
    const lines = [
      { ...line, title: '紅樓夢' },
      ...Array.from({ length: 19 }, () => ({ ...line, title, discountMinor: 1 })),
    ];
    const document = await getDocumentProxy(
      Uint8Array.from(await receiptPdf({ ...content, lines }, shop.services.seller)),
    );
    const { text } = await extractText(document, { mergePages: true });
    expect(document.numPages).toBe(1);
    expect(text).toContain('???');
    expect(text).toContain('A very long title');
    expect(text).toContain('For one reader.');
  });

  test('that cannot be made leaves the purchase as it is, and comes when the storage is back', async () => {
    await shop.close();
    let isDown = true;
    shop = await openMarketplace(database.current);
    const { storage } = shop.services;
    const put: typeof storage.put = (...args) =>
      isDown ? Promise.reject(new BlobStorageUnavailableError('away')) : shop.storage.put(...args);
    const flaky = await openMarketplace(database.current, { services: { storage: { ...storage, put } } });
    try {
      const buyer = await flaky.signUp();
      const editionId = await flaky.listEdition({ authorId });
      const orderId = await flaky.placeOrder({ buyerId: buyer.id, editionId });
      await flaky.runUntilIdle();
      expect(await flaky.order(orderId)).toMatchObject({ status: 'COMPLETED', payment: 'CAPTURED' });
      expect(await flaky.entitlements(buyer.id)).toEqual(['ACTIVE']);
      expect(await receiptRow(orderId)).toMatchObject({ number: 1, storage_key: null });
      isDown = false;
      await flaky.runFor(3_600_000);
      expect(await receiptRow(orderId)).toMatchObject({ storage_key: expect.stringContaining(orderId) });
      expect(await flaky.mail.list({ to: buyer.email })).toHaveLength(1);
    } finally {
      await flaky.close();
    }
  });
});

/** Lets a minute pass in which the thread answers nothing. @returns what became of two receipts, of which one has waited for so long */
async function stickThread(content: ReceiptContent, seller: Seller): Promise<string[]> {
  const stop = new AbortController();
  // Long enough in work not to be made meanwhile.
  const [line] = content.lines;
  const lines = line ? Array.from({ length: 20 }, () => ({ ...line, title: 'Война '.repeat(50) })) : [];
  const long = { ...content, lines };
  const both = [receiptPdf(long, seller, stop.signal), receiptPdf(long, seller)];
  const ends = Promise.allSettled(both);
  const nowMs = performance.now() + 60_000;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(nowMs);
  stop.abort();
  clock.mockRestore();
  return (await ends).map(({ status }) => status);
}
