/** A receipt over the API: its number, and a link that works for its buyer alone. */
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { receiptLink } from '../../src/schema/links.ts';
import { useApi } from './support/api.ts';
import { checkout, orderIdIn } from './support/checkout.ts';
import { uuidIn } from './support/market.ts';

const api = useApi();
const shop = checkout(api);
const ASK = 'query ($id: ID!) { order(id: $id) { receipt { number issuedAt url } } }';
const PDF = Buffer.from('%PDF-1.7 a receipt');

/** A completed order with a receipt, as the workflows leave it. */
async function completed(storageKey: string | null) {
  const { editionId } = await shop.onSale();
  const { token, id } = await api.signUp();
  const orderId = orderIdIn(await shop.place(token, { editionId, currency: 'EUR' }));
  await shop.fulfil(orderId);
  if (storageKey)
    await api.services.storage.put(storageKey, PDF, { contentType: 'application/pdf', sizeBytesMax: 100 });
  await api.db.execute(sql`
    insert into receipt (order_id, year, number, issued_at, storage_key)
    values (${uuidIn(orderId)}, 2026, 7, '2026-11-23T05:00:00Z', ${storageKey})`);
  return { token, id, orderId };
}
const receiptOf = async ({ token, orderId }: { token: string; orderId: string }) => {
  const { data } = await api.ask(ASK, { id: orderId }, token);
  return z
    .object({ order: z.object({ receipt: z.object({ number: z.string(), url: z.string().nullable() }) }) })
    .parse(data).order.receipt;
};

test('is there with its number before its PDF is', async () => {
  expect(await receiptOf(await completed(null))).toEqual({ number: '2026-000007', url: null });
});

test('is fetched by its link, which is its buyer’s and says which order', async () => {
  const own = await completed('receipts/2026/a.pdf');
  const { url } = await receiptOf(own);
  const answer = await fetch(url ?? '');
  expect([answer.status, answer.headers.get('content-type'), Buffer.from(await answer.arrayBuffer())]).toEqual([
    200,
    'application/pdf',
    PDF,
  ]);
  expect(answer.headers.get('content-disposition')).toContain('receipt-2026-000007.pdf');
  const bare = `${api.url}/receipts/${uuidIn(own.orderId)}`;
  expect((await fetch(bare)).status).toBe(403);
  const other = await api.signUp();
  const theirs = receiptLink(api.services, { orderId: uuidIn(own.orderId), buyerId: other.id });
  expect((await fetch(theirs)).status).toBe(403);
});

test('is null for an order that is not completed', async () => {
  const { editionId } = await shop.onSale();
  const { token } = await api.signUp();
  const id = orderIdIn(await shop.place(token, { editionId, currency: 'EUR' }));
  expect((await api.ask(ASK, { id }, token)).data).toEqual({ order: { receipt: null } });
});
