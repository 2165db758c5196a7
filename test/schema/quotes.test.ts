/** Quotes: what they promise holds, for as long as they say, once. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './support/api.ts';
import { checkout, orderIdIn } from './support/checkout.ts';

let taxBps = 700;
let aheadMs = 0;
const api = useApi({
  now: () => new Date(Date.now() + aheadMs),
  terms: { taxRates: { asOf: '', rateBpsOf: (country) => (country === 'DE' ? taxBps : 0) } },
});
const shop = checkout(api);
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' });
const inEur = (amountMinor: number) => ({ prices: [eur(amountMinor)] });

beforeEach(() => {
  taxBps = 700;
  aheadMs = 0;
});

async function twoBooks() {
  const [one, other] = [await shop.onSale(inEur(1_070)), await shop.onSale(inEur(535))];
  return { one, other, editionIds: [one.editionId, other.editionId] };
}

describe('a quote', () => {
  test('adds up its lines, with the tax and the royalty in each', async () => {
    const { editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const made = await shop.createQuote(token, editionIds, { country: 'DE' });
    const line = (price: number, tax: number, royalty: number) => ({
      listPrice: eur(price),
      discount: eur(0),
      price: eur(price),
      tax: eur(tax),
      taxRateBps: 700,
      royalty: eur(royalty),
    });
    expect(made).toMatchObject({
      __typename: 'CreateQuotePayload',
      quote: {
        country: 'DE',
        total: eur(1_605),
        tax: eur(105),
        discount: eur(0),
        lines: [line(1_070, 70, 700), line(535, 35, 350)],
      },
    });
  });

  test('is ordered at what it says, whatever prices and taxes do meanwhile', async () => {
    const { one, editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds, { country: 'DE' });
    await shop.move('setPrices', { editionId: one.editionId, prices: [eur(9_999)] }, one.author.token);
    taxBps = 1_900;
    expect(await shop.place(token, { quoteId })).toMatchObject({
      __typename: 'PlaceOrderPayload',
      order: {
        status: 'PENDING_PAYMENT',
        total: eur(1_605),
        tax: eur(105),
        lines: [{ price: eur(1_070) }, { price: eur(535) }],
      },
    });
  });

  test('books each author’s part', async () => {
    const { one, other, editionIds } = await twoBooks();
    const { token } = await api.signUp();
    await shop.place(token, { quoteId: await shop.quoted(token, editionIds) });
    const rows = await api.db.execute<{ author_id: string; royalty: number }>(
      sql`select author_id, royalty_minor::int as royalty from order_line order by position`,
    );
    expect([...rows]).toEqual([
      { author_id: one.author.id, royalty: 749 },
      { author_id: other.author.id, royalty: 374 },
    ]);
  });

  test('is over after half an hour', async () => {
    const { editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds);
    aheadMs = 30 * 60_000;
    expect(await shop.place(token, { quoteId })).toMatchObject({ __typename: 'QuoteExpired', code: 'QUOTE_EXPIRED' });
  });

  test('is nobody’s but whose it is', async () => {
    const { editionIds } = await twoBooks();
    const [owner, other] = [await api.signUp(), await api.signUp()];
    const quoteId = await shop.quoted(owner.token, editionIds);
    expect(await shop.place(other.token, { quoteId })).toMatchObject({ __typename: 'NotFoundError' });
    const asked = (token: string) =>
      api.ask('query ($id: ID!) { node(id: $id) { id } quote(id: $id) { id } }', { id: quoteId }, token);
    expect((await asked(other.token)).data).toEqual({ quote: null, node: null });
    expect((await asked(owner.token)).data).toEqual({ quote: { id: quoteId }, node: { id: quoteId } });
  });

  test('that nobody ordered on is forgotten a day after it expired', async () => {
    const { editionIds } = await twoBooks();
    const { token } = await api.signUp();
    await shop.quoted(token, editionIds);
    aheadMs = 25 * 3_600_000;
    await shop.quoted(token, editionIds);
    const [row] = await api.db.execute<{ n: number }>(sql`select count(*)::int as n from quote`);
    expect(row?.n).toBe(1);
  });
});

describe('a quote is ordered on once', () => {
  test('of twenty orders at the same time one is placed, and the others name it', async () => {
    const { editionIds } = await twoBooks();
    const { token, id } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds);
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.place(token, { quoteId })));
    expect(answers.filter(({ __typename }) => __typename === 'PlaceOrderPayload')).toHaveLength(1);
    expect(answers.filter(({ __typename }) => __typename === 'QuoteUsed')).toHaveLength(19);
    expect([new Set(answers.map(orderIdIn)).size, await shop.count('order', id)]).toEqual([1, 1]);
  });

  test('the same key is answered alike, with another quote it is a conflict', async () => {
    const { editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const [quoteId, another] = [await shop.quoted(token, editionIds), await shop.quoted(token, editionIds)];
    const idempotencyKey = randomUUID();
    const first = await shop.place(token, { quoteId, idempotencyKey });
    aheadMs = 3_600_000;
    expect(await shop.place(token, { quoteId, idempotencyKey })).toEqual(first);
    expect(await shop.place(token, { quoteId: another, idempotencyKey })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  test('again, when its order ended unpaid; not when it was paid', async () => {
    const { editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds);
    await shop.end(orderIdIn(await shop.place(token, { quoteId })), 'DECLINED');
    const again = await shop.place(token, { quoteId });
    expect(again).toMatchObject({ __typename: 'PlaceOrderPayload' });
    await shop.end(orderIdIn(again), 'COMPLETED');
    expect(await shop.place(token, { quoteId })).toMatchObject({
      __typename: 'QuoteUsed',
      order: { id: orderIdIn(again) },
    });
  });
});

describe('one purchase of a book is open at a time', () => {
  test('be it placed on a quote or not', async () => {
    const { one, editionIds } = await twoBooks();
    const { token, id } = await api.signUp();
    const [first, second] = [await shop.quoted(token, editionIds), await shop.quoted(token, editionIds)];
    const answers = await Promise.all([
      ...[first, second].map((quoteId) => shop.place(token, { quoteId })),
      ...Array.from({ length: 6 }, () => shop.place(token, { editionId: one.editionId, currency: 'EUR' })),
    ]);
    const types = answers.map(({ __typename }) => __typename).toSorted();
    expect(types).toEqual(['PlaceOrderPayload', ...Array.from({ length: 7 }, () => 'PurchaseInProgress')].toSorted());
    expect(await shop.count('order', id)).toBe(1);
  });

  test('what is owned, or off sale meanwhile, is refused, and nothing is ordered', async () => {
    const { one, other, editionIds } = await twoBooks();
    const { token, id } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds);
    await shop.move('unpublishEdition', { editionId: other.editionId }, other.author.token);
    expect(await shop.place(token, { quoteId })).toMatchObject({ __typename: 'NotForSale' });
    await shop.fulfil(orderIdIn(await shop.place(token, { editionId: one.editionId, currency: 'EUR' })));
    expect(await shop.place(token, { quoteId })).toMatchObject({ __typename: 'AlreadyOwned' });
    expect(await shop.createQuote(token, [one.editionId])).toMatchObject({ __typename: 'AlreadyOwned' });
    expect(await shop.count('order', id)).toBe(1);
  });
});

describe('what cannot be quoted is told apart', () => {
  test('no such book, not sold for the currency, not on sale', async () => {
    const { one, editionIds } = await twoBooks();
    const { token } = await api.signUp();
    expect(await shop.createQuote(token, editionIds, { currency: 'USD' })).toMatchObject({
      __typename: 'NotForSale',
      message: 'This book is not sold for USD, but for EUR.',
    });
    const hidden = await shop.draft(one.author.token, inEur(100));
    expect(await shop.createQuote(token, [hidden])).toMatchObject({ __typename: 'NotFoundError' });
    await shop.move('unpublishEdition', { editionId: one.editionId }, one.author.token);
    expect(await shop.createQuote(token, editionIds)).toMatchObject({ __typename: 'NotForSale' });
  });

  test.each([
    ['nothing', () => []],
    ['a book twice', (id: string) => [id, id]],
    ['more than twenty', (id: string) => Array.from({ length: 21 }, () => id)],
  ])('%s', async (_, list) => {
    const { editionId } = await shop.onSale();
    const { token } = await api.signUp();
    expect(await shop.createQuote(token, list(editionId))).toMatchObject({ fields: [{ path: 'input.items' }] });
  });

  test('an order names a quote or an edition with a currency, not both and not neither', async () => {
    const { one, editionIds } = await twoBooks();
    const { token } = await api.signUp();
    const quoteId = await shop.quoted(token, editionIds);
    const paths = async (input: object) => await shop.place(token, input);
    expect(await paths({ quoteId, currency: 'EUR' })).toMatchObject({ fields: [{ path: 'input.currency' }] });
    expect(await paths({ editionId: one.editionId })).toMatchObject({ fields: [{ path: 'input.currency' }] });
    expect(await paths({ currency: 'EUR' })).toMatchObject({ fields: [{ path: 'input.editionId' }] });
  });
});
