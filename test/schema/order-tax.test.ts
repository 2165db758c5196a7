/** Tax in an order: whose it is, how much, and that it stays as it was when the order was placed. */
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { useApi } from './support/api.ts';
import { countReads } from './support/count-reads.ts';
import { market, uuidIn } from './support/market.ts';

const rates: Record<string, number> = { DE: 700, JP: 1_000, BH: 1_000 };
const api = useApi({
  terms: { taxRates: { asOf: '2026-01-01', rateBpsOf: (country) => rates[country ?? ''] ?? 0 }, shopCountry: 'DE' },
});
const shop = market(api);

const ORDER = `query ($id: ID!) { order(id: $id) { country total { amount } tax { amount }
  lines { price { amount } listPrice { amount } discount { amount } tax { amountMinor amount } taxRateBps } } }`;

async function placed(input: object, prices: object[] = [{ amountMinor: 1_070, currency: 'EUR' }]) {
  const { editionId } = await shop.onSale({ prices });
  const { token } = await api.signUp();
  const answer = await shop.order(token, editionId, input);
  const { id } = z.object({ order: z.object({ id: z.string() }) }).parse(answer).order;
  return { id, token };
}
async function seen({ id, token }: { id: string; token: string }) {
  const { data, errors } = await api.ask(ORDER, { id }, token);
  expect(errors).toBeUndefined();
  return data?.['order'];
}

describe('the tax of an order', () => {
  test('is that of the country that the buyer states', async () => {
    expect(await seen(await placed({ country: 'DE' }))).toMatchObject({
      country: 'DE',
      total: { amount: '10.70' },
      tax: { amount: '0.70' },
      lines: [
        {
          price: { amount: '10.70' },
          listPrice: { amount: '10.70' },
          discount: { amount: '0.00' },
          tax: { amount: '0.70' },
          taxRateBps: 700,
        },
      ],
    });
    expect(await seen(await placed({ country: 'US' }))).toMatchObject({ country: 'US', tax: { amount: '0.00' } });
  });

  test('is that of the shop when the buyer states none, and the evidence says so', async () => {
    const order = await placed({});
    expect(await seen(order)).toMatchObject({ country: 'DE', tax: { amount: '0.70' } });
    const [row] = await api.db.execute<Record<string, unknown>>(
      sql`select country_evidence from "order" where id = ${uuidIn(order.id)}`,
    );
    expect(row?.['country_evidence']).toMatchObject({
      basis: 'SHOP',
      address: expect.stringMatching(/127\.0\.0\.1|::1/),
    });
  });

  test.each([
    ['JPY', 'JP', 1_000, '1000', '91'],
    ['BHD', 'BH', 2_500, '2.500', '0.227'],
  ])('is a whole minor unit of %s', async (currency, country, amountMinor, total, tax) => {
    const order = await placed({ currency, country }, [{ amountMinor, currency }]);
    expect(await seen(order)).toMatchObject({ total: { amount: total }, tax: { amount: tax } });
  });

  test('stays as it was when the rate changes', async () => {
    const order = await placed({ country: 'DE' });
    rates['DE'] = 1_900;
    expect(await seen(order)).toMatchObject({ tax: { amount: '0.70' }, lines: [{ taxRateBps: 700 }] });
    rates['DE'] = 700;
  });

  test('is refused for a country that does not exist', async () => {
    const { editionId } = await shop.onSale();
    const { token } = await api.signUp();
    const answer = await shop.order(token, editionId, { country: 'ZZ' });
    expect(answer).toMatchObject({ __typename: 'ValidationError', fields: [{ path: 'input.country' }] });
  });
});

test('a line that an API of the release before writes is filled in by the database', async () => {
  const { id } = await placed({});
  await api.db.execute(sql`
    insert into order_line (order_id, position, edition_id, revision_id, amount_minor)
    select order_id, 1, edition_id, revision_id, 999 from order_line where order_id = ${uuidIn(id)}`);
  const [line] = await api.db.execute(sql`
    select l.royalty_minor::int as royalty, l.list_amount_minor::int as list, l.author_id = e.owner_id as is_owner
    from order_line l join edition e on e.id = l.edition_id where l.order_id = ${uuidIn(id)} and position = 1`);
  expect(line).toEqual({ royalty: 699, list: 999, is_owner: true });
});

test('an order with its lines and the tax of all is read by one statement', async () => {
  const { id, token } = await placed({});
  const { reads } = await countReads(api.db, 'order', () => api.ask(ORDER, { id }, token));
  expect(reads).toBe(1);
});
