/** Coupons: what they take off, and that they are used as often as they may and not once more. */
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { useApi } from './support/api.ts';
import { checkout, orderIdIn } from './support/checkout.ts';

let aheadMs = 0;
const api = useApi({ now: () => new Date(Date.now() + aheadMs) });
const shop = checkout(api);
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' });
const later = (ms: number) => new Date(Date.now() + ms).toISOString();

let admin: { token: string };
let book: Awaited<ReturnType<typeof shop.onSale>>;
let other: typeof book;

beforeEach(async () => {
  aheadMs = 0;
  admin = await api.signUp('ADMIN');
  book = await shop.onSale({ prices: [eur(999), { amountMinor: 1_200, currency: 'JPY' }] });
  other = await shop.onSale({ prices: [eur(499)] });
});
const ask = async (couponCode: string, input: object = {}, editionIds = [book.editionId, other.editionId]) =>
  shop.createQuote((await api.signUp()).token, editionIds, { couponCode, ...input });
/** A reader who buys with a coupon, or is told why not. */
async function use(couponCode: string, reader?: { token: string }) {
  const { token } = reader ?? (await api.signUp());
  const quoteId = await shop.quoted(token, [book.editionId], { couponCode });
  return shop.place(token, { quoteId });
}

describe('a coupon takes off', () => {
  test('a part of each line, rounded down', async () => {
    await shop.createCoupon(admin.token, { code: 'quarter', percentBps: 2_500 });
    expect(await ask('Quarter')).toMatchObject({
      quote: {
        couponCode: 'QUARTER',
        discount: eur(373),
        total: eur(1_125),
        lines: [
          { listPrice: eur(999), discount: eur(249), price: eur(750) },
          { listPrice: eur(499), discount: eur(124), price: eur(375) },
        ],
      },
    });
  });

  test('a fixed amount of the currency, off the whole order, and no more than that costs', async () => {
    await shop.createCoupon(admin.token, { code: 'FIVE', amounts: [eur(500), { amountMinor: 800, currency: 'JPY' }] });
    expect(await ask('five')).toMatchObject({ quote: { discount: eur(500), total: eur(998) } });
    expect(await ask('five', {}, [other.editionId])).toMatchObject({ quote: { total: eur(0), discount: eur(499) } });
    expect(await ask('five', { currency: 'JPY' }, [book.editionId])).toMatchObject({
      quote: { total: { amountMinor: 400, currency: 'JPY' } },
    });
  });

  test('from the lines that it is for alone', async () => {
    await shop.createCoupon(admin.token, { code: 'ONE', percentBps: 10_000, editionIds: [other.editionId] });
    expect(await ask('one')).toMatchObject({ quote: { lines: [{ discount: eur(0) }, { discount: eur(499) }] } });
    // An author's is for their own.
    await shop.createCoupon(book.author.token, { code: 'MINE', percentBps: 1_000 });
    expect(await ask('mine')).toMatchObject({ quote: { lines: [{ discount: eur(99) }, { discount: eur(0) }] } });
  });

  test('what the order then says it did', async () => {
    await shop.createCoupon(admin.token, { code: 'HALF', percentBps: 5_000 });
    expect(await use('half')).toMatchObject({
      order: {
        couponCode: 'HALF',
        total: eur(500),
        lines: [{ listPrice: eur(999), discount: eur(499), price: eur(500) }],
      },
    });
  });
});

describe('a coupon is refused', () => {
  test('when there is none, when it does not hold yet, and when it has ended', async () => {
    expect(await ask('nothing')).toMatchObject({ __typename: 'CouponRefused', reason: 'UNKNOWN' });
    await shop.createCoupon(admin.token, {
      code: 'SOON',
      percentBps: 1_000,
      validFrom: later(60_000),
      validUntil: later(120_000),
    });
    expect(await ask('soon')).toMatchObject({ reason: 'NOT_YET' });
    aheadMs = 90_000;
    expect(await ask('soon')).toMatchObject({ __typename: 'CreateQuotePayload' });
    aheadMs = 120_000;
    expect(await ask('soon')).toMatchObject({ reason: 'OVER' });
  });

  test('when it was ended by hand; what was quoted with it keeps it', async () => {
    const made = await shop.createCoupon(admin.token, { code: 'LEAKED', percentBps: 5_000 });
    const { token } = await api.signUp();
    const quoteId = await shop.quoted(token, [book.editionId], { couponCode: 'leaked' });
    const couponId = z.object({ coupon: z.object({ id: z.string() }) }).parse(made).coupon.id;
    const end = 'mutation ($input: EndCouponInput!) { endCoupon(input: $input) { __typename } }';
    expect(await shop.mutate('endCoupon', end, { couponId }, book.author.token)).toEqual({
      __typename: 'NotFoundError',
    });
    expect(await shop.mutate('endCoupon', end, { couponId }, admin.token)).toEqual({ __typename: 'EndCouponPayload' });
    expect(await ask('leaked')).toMatchObject({ reason: 'OVER' });
    expect(await shop.place(token, { quoteId })).toMatchObject({ order: { total: eur(500) } });
  });

  test('for other books and other currencies', async () => {
    await shop.createCoupon(other.author.token, { code: 'MINE', percentBps: 1_000 });
    expect(await ask('mine', {}, [book.editionId])).toMatchObject({ reason: 'NOT_FOR_THESE' });
    await shop.createCoupon(admin.token, { code: 'EURO', amounts: [eur(100)] });
    expect(await ask('euro', { currency: 'JPY' }, [book.editionId])).toMatchObject({ reason: 'NOT_FOR_CURRENCY' });
  });
});

describe('the uses of a coupon', () => {
  test('are as many as it has, however many readers order at the same time', async () => {
    await shop.createCoupon(admin.token, { code: 'FEW', percentBps: 1_000, usesMax: 5 });
    const readers = await Promise.all(Array.from({ length: 16 }, () => api.signUp()));
    const quotes = await Promise.all(
      readers.map(({ token }) => shop.quoted(token, [book.editionId], { couponCode: 'few' })),
    );
    const answers = await Promise.all(quotes.map((quoteId, at) => shop.place(readers[at]?.token ?? '', { quoteId })));
    expect(answers.filter(({ __typename }) => __typename === 'PlaceOrderPayload')).toHaveLength(5);
    expect(answers.filter((answer) => answer['reason'] === 'USED_UP')).toHaveLength(11);
    expect(await ask('few')).toMatchObject({ reason: 'USED_UP' });
  });

  test('are counted per reader, on two books at the same time as well', async () => {
    await shop.createCoupon(admin.token, { code: 'ONCE', percentBps: 1_000, usesPerReaderMax: 1 });
    const { token } = await api.signUp();
    const quotes = await Promise.all(
      [book, other].map(({ editionId }) => shop.quoted(token, [editionId], { couponCode: 'once' })),
    );
    const answers = await Promise.all(quotes.map((quoteId) => shop.place(token, { quoteId })));
    expect(answers.filter(({ __typename }) => __typename === 'PlaceOrderPayload')).toHaveLength(1);
    expect(answers.filter((answer) => answer['reason'] === 'USED_BY_YOU')).toHaveLength(1);
    expect(await use('once')).toMatchObject({ __typename: 'PlaceOrderPayload' });
  });

  test.each(['DECLINED', 'EXPIRED', 'CANCELLED'])('are given back when the order ends %s', async (status) => {
    await shop.createCoupon(admin.token, { code: 'ONLY', percentBps: 1_000, usesMax: 1, usesPerReaderMax: 1 });
    const reader = await api.signUp();
    const first = orderIdIn(await use('only', reader));
    expect(await ask('only')).toMatchObject({ reason: 'USED_UP' });
    await shop.end(first, status);
    expect(await use('only', reader)).toMatchObject({ __typename: 'PlaceOrderPayload' });
  });
});

describe('making a coupon', () => {
  test('needs a percentage or amounts, and a code that is free', async () => {
    const make = (input: object) => shop.createCoupon(admin.token, { code: 'NEW', ...input });
    expect(await make({})).toMatchObject({ fields: [{ path: 'input.percentBps' }] });
    expect(await make({ percentBps: 1, amounts: [eur(1)] })).toMatchObject({ fields: [{ path: 'input.amounts' }] });
    expect(await make({ percentBps: 10_001 })).toMatchObject({ fields: [{ path: 'input.percentBps' }] });
    expect(await make({ percentBps: 1, validUntil: later(-1_000) })).toMatchObject({
      fields: [{ path: 'input.validUntil' }],
    });
    expect(await make({ percentBps: 1 })).toMatchObject({ __typename: 'CreateCouponPayload' });
    expect(await make({ percentBps: 1, code: 'new' })).toMatchObject({ __typename: 'ConflictError' });
  });

  test('for a book of another is not for an author, nor at all for a reader', async () => {
    const input = { code: 'THEIRS', percentBps: 1_000, editionIds: [other.editionId] };
    expect(await shop.createCoupon(book.author.token, input)).toMatchObject({ __typename: 'NotFoundError' });
    const authorIds = [Buffer.from(`User:${other.author.id}`).toString('base64url')];
    expect(await shop.createCoupon(book.author.token, { code: 'THEIRS', percentBps: 1, authorIds })).toMatchObject({
      fields: [{ path: 'input.authorIds' }],
    });
    const { token } = await api.signUp();
    await expect(shop.createCoupon(token, { code: 'FREE', percentBps: 10_000 })).rejects.toThrow('FORBIDDEN');
  });
});
