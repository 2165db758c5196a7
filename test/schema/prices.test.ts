/** Prices that change by themselves, and prices that the buyer says. */
import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './support/api.ts';
import { checkout } from './support/checkout.ts';

let aheadMs = 0;
const api = useApi({ now: () => new Date(Date.now() + aheadMs) });
const shop = checkout(api);
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' });
const HOUR_MS = 3_600_000;
const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

let book: Awaited<ReturnType<typeof shop.onSale>>;
beforeEach(async () => {
  aheadMs = 0;
  book = await shop.onSale({ prices: [eur(999)] });
});

const SET_WINDOWS = `mutation ($input: SetPriceWindowsInput!) { setPriceWindows(input: $input) { __typename
  ... on Error { code } ... on ValidationError { fields { path } } } }`;
const setWindows = (windows: object[], token = book.author.token) =>
  shop.mutate('setPriceWindows', SET_WINDOWS, { editionId: book.editionId, windows }, token);
const SET_PRICES = `mutation ($input: SetPricesInput!) { setPrices(input: $input) { __typename
  ... on ValidationError { fields { path message } } } }`;
const setPrices = (input: object) =>
  shop.mutate('setPrices', SET_PRICES, { editionId: book.editionId, ...input }, book.author.token);
const OFFERS = `query ($id: ID!) { edition(id: $id) { prices { amountMinor } price(currency: "EUR") { amountMinor }
  offers { price { amountMinor } regularPrice { amountMinor } minimum { amountMinor } campaign validUntil } } }`;
const offers = async () => (await api.ask(OFFERS, { id: book.editionId })).data?.['edition'];
const placed = async (input: object = {}) =>
  shop.place((await api.signUp()).token, { editionId: book.editionId, currency: 'EUR', ...input });
const quotedAt = async (amountMinor?: number) =>
  shop.createQuote((await api.signUp()).token, [], { items: [{ editionId: book.editionId, amountMinor }] });

describe('a price window', () => {
  const sale = { price: eur(499), validFrom: at(1), validUntil: at(2), name: 'Summer' };

  test('is what is shown, quoted and charged while it holds, and not before or after', async () => {
    await setWindows([sale]);
    expect(await placed()).toMatchObject({ order: { total: eur(999) } });
    aheadMs = 1.5 * HOUR_MS;
    expect(await offers()).toEqual({
      prices: [{ amountMinor: 499 }],
      price: { amountMinor: 499 },
      offers: [
        {
          price: { amountMinor: 499 },
          regularPrice: { amountMinor: 999 },
          minimum: null,
          campaign: 'Summer',
          validUntil: sale.validUntil,
        },
      ],
    });
    expect(await placed({ expectedPrice: eur(499) })).toMatchObject({ order: { total: eur(499) } });
    expect(await placed({ expectedPrice: eur(999) })).toMatchObject({ __typename: 'PriceChanged', price: eur(499) });
    expect(await quotedAt()).toMatchObject({ quote: { total: eur(499) } });
    aheadMs = 2 * HOUR_MS + 1_000;
    expect(await placed()).toMatchObject({ order: { total: eur(999) } });
    expect(await offers()).toMatchObject({ price: { amountMinor: 999 } });
  });

  test('is found by the price that holds', async () => {
    await setWindows([sale]);
    const CHEAP =
      '{ catalogue(first: 5, filter: { currency: "EUR", priceMax: 500 }) { nodes { price { amountMinor } } } }';
    const cheap = async () => (await api.ask(CHEAP)).data?.['catalogue'];
    expect(await cheap()).toEqual({ nodes: [] });
    aheadMs = 1.5 * HOUR_MS;
    expect(await cheap()).toEqual({ nodes: [{ price: { amountMinor: 499 } }] });
  });

  test('cannot overlap another of its currency, end before it begins, or be without a price', async () => {
    expect(await setWindows([sale, { ...sale, validFrom: at(1.5), validUntil: at(3) }])).toMatchObject({
      fields: [{ path: 'input.windows.1.validFrom' }],
    });
    expect(await setWindows([{ ...sale, validUntil: at(0.5) }])).toMatchObject({
      fields: [{ path: 'input.windows.0.validUntil' }],
    });
    expect(await setWindows([{ ...sale, price: { amountMinor: 1, currency: 'USD' } }])).toMatchObject({
      fields: [{ path: 'input.windows.0.price.currency' }],
    });
    expect(await setWindows([sale, { ...sale, validFrom: sale.validUntil, validUntil: at(3) }])).toEqual({
      __typename: 'SetPriceWindowsPayload',
    });
  });

  test('is set by the author of the book alone', async () => {
    const { token } = await api.signUp('AUTHOR');
    expect(await setWindows([sale], token)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('pay what you want', () => {
  beforeEach(() => setPrices({ prices: [eur(999)], minimums: [eur(200)] }));

  test('shows the least and what is suggested', async () => {
    expect(await offers()).toMatchObject({ offers: [{ price: { amountMinor: 999 }, minimum: { amountMinor: 200 } }] });
  });

  test('takes any amount from the least up, and what is suggested when none is said', async () => {
    expect(await quotedAt(200)).toMatchObject({ quote: { total: eur(200) } });
    expect(await quotedAt(5_000)).toMatchObject({ quote: { total: eur(5_000) } });
    expect(await quotedAt()).toMatchObject({ quote: { total: eur(999) } });
    expect(await placed()).toMatchObject({ order: { total: eur(999) } });
    expect(await quotedAt(199)).toMatchObject({ fields: [{ path: 'input.items.0.amountMinor' }] });
  });

  test('is not for a fixed price', async () => {
    await setPrices({ prices: [eur(999)] });
    expect(await quotedAt(5_000)).toMatchObject({ fields: [{ path: 'input.items.0.amountMinor' }] });
    expect(await quotedAt(999)).toMatchObject({ quote: { total: eur(999) } });
  });

  test('is never dearer at least than the price of a campaign', async () => {
    await setWindows([{ price: eur(100), validFrom: at(-1), validUntil: at(1) }]);
    expect(await offers()).toMatchObject({ offers: [{ price: { amountMinor: 100 }, minimum: { amountMinor: 100 } }] });
    expect(await quotedAt(100)).toMatchObject({ quote: { total: eur(100) } });
  });

  test('may be free', async () => {
    await setPrices({ prices: [eur(300)], minimums: [eur(0)] });
    expect(await quotedAt(0)).toMatchObject({ quote: { total: eur(0) } });
  });

  test('needs a price that is not below the least', async () => {
    expect(await setPrices({ prices: [eur(100)], minimums: [eur(200)] })).toMatchObject({
      fields: [{ path: 'input.minimums.0' }],
    });
    expect(await setPrices({ prices: [eur(100)], minimums: [{ amountMinor: 1, currency: 'USD' }] })).toMatchObject({
      fields: [{ path: 'input.minimums.0' }],
    });
  });
});
