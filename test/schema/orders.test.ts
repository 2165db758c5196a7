import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { useApi } from './support/api.ts';
import { countReads } from './support/count-reads.ts';
import { market, type Payload, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);
const orderIn = (payload: Payload) => z.object({ order: z.looseObject({ id: z.string() }) }).parse(payload).order;

describe('placing an order', () => {
  it('stores order, line, payment and event in one commit', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const placed = await shop.order(reader.token, editionId);
    expect(placed).toMatchObject({
      __typename: 'PlaceOrderPayload',
      order: {
        status: 'PENDING_PAYMENT',
        total: { amount: '4.99', currency: 'EUR' },
        lines: [{ price: { amountMinor: 499 } }],
      },
    });
    const id = uuidIn(orderIn(placed).id);
    const [row] = await api.db.execute(sql`
      select p.status, p.idempotency_key, e.type, e.seq, e.payload from payment p
      join event e on e.subject = ${`order:${id}`} where p.order_id = ${id}`);
    expect(row).toEqual({
      status: 'CREATED',
      idempotency_key: `order:${id}`,
      type: 'order.placed',
      seq: 1,
      payload: { orderId: id, status: 'PENDING_PAYMENT' },
    });
  });

  it('gives fifty parallel requests with one key one order', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => shop.order(reader.token, editionId, { idempotencyKey })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(orderIn(answers[0] ?? { __typename: '' }).id).not.toBe('');
    expect(await shop.count('order', reader.id)).toBe(1);
    expect(await shop.count('payment', reader.id)).toBe(1);
  });

  it('reads no order that was placed just now again, and answers with what was asked of it', async () => {
    const { editionId } = await shop.onSale();
    const readers = await Promise.all(Array.from({ length: 30 }, () => api.signUp()));
    const place = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
      __typename ... on PlaceOrderPayload { order { id status total { amountMinor } } } } }`;
    const input = { editionId, currency: 'EUR', paymentToken: 'tok_succeeds' };
    // As drizzle names it where it is asked for an order; looks for open purchases name it otherwise.
    const READ_BACK = 'order" as "d0';
    const keyed = readers.map(({ token }) => ({ token, input: { ...input, idempotencyKey: randomUUID() } }));
    const placeAll = () => Promise.all(keyed.map((one) => api.ask(place, { input: one.input }, one.token)));
    const { answer, reads } = await countReads(api.db, READ_BACK, placeAll);
    const orders = answer.map(({ data }) =>
      orderIn(z.looseObject({ __typename: z.string() }).parse(data?.['placeOrder'])),
    );
    for (const order of orders) expect(order).toMatchObject({ status: 'PENDING_PAYMENT', total: { amountMinor: 499 } });
    const buyers = await api.db.execute<{ id: string; buyer_id: string }>(sql`select id, buyer_id from "order"`);
    const buyerOf = new Map([...buyers].map((row) => [row.id, row.buyer_id]));
    expect(orders.map(({ id }) => buyerOf.get(uuidIn(id)))).toEqual(readers.map(({ id }) => id));
    expect(reads).toBe(0);
    // The same again is read, as it stands by then.
    await api.db.execute(sql`update "order" set status = 'AUTHORIZED'`);
    const again = await countReads(api.db, READ_BACK, placeAll);
    expect(again.reads).toBe(readers.length);
    expect(new Set(again.answer.map(({ data }) => JSON.stringify(data)))).toEqual(
      new Set(answer.map(({ data }) => JSON.stringify(data).replace('PENDING_PAYMENT', 'AUTHORIZED'))),
    );
  });

  it('answers with what is not in the order’s own row', async () => {
    const { editionId } = await shop.onSale();
    const { token } = await api.signUp();
    const place = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
      ... on PlaceOrderPayload { order { status lines { edition { id } } } } } }`;
    const input = { editionId, currency: 'EUR', paymentToken: 'tok_succeeds', idempotencyKey: randomUUID() };
    const { data } = await api.ask(place, { input }, token);
    expect(data).toEqual({
      placeOrder: { order: { status: 'PENDING_PAYMENT', lines: [{ edition: { id: editionId } }] } },
    });
  });

  it('answers the same key with another body by IdempotencyConflict', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const idempotencyKey = randomUUID();
    await shop.order(reader.token, editionId, { idempotencyKey });
    const again = await shop.order(reader.token, editionId, { idempotencyKey, paymentToken: 'tok_other' });
    expect(again).toMatchObject({ __typename: 'IdempotencyConflict', code: 'IDEMPOTENCY_CONFLICT' });
    expect(await shop.count('order', reader.id)).toBe(1);
  });

  it('binds a key to its user', async () => {
    const { editionId } = await shop.onSale();
    const idempotencyKey = randomUUID();
    const [one, other] = [await api.signUp(), await api.signUp()];
    const first = orderIn(await shop.order(one.token, editionId, { idempotencyKey }));
    const second = orderIn(await shop.order(other.token, editionId, { idempotencyKey }));
    expect(first.id).not.toBe(second.id);
  });

  it('keeps no key of a request that failed', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const request = { idempotencyKey: randomUUID(), currency: 'USD' };
    expect(await shop.order(reader.token, editionId, request)).toMatchObject({ __typename: 'NotForSale' });
    expect(await shop.count('idempotency_key', reader.id)).toBe(0);
  });

  it('lets one of twenty parallel purchases of a book begin, whatever their keys', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.order(reader.token, editionId)));
    const placed = answers.filter((answer) => answer.__typename === 'PlaceOrderPayload');
    const refused = answers.filter((answer) => answer.__typename === 'PurchaseInProgress');
    expect([placed.length, refused.length]).toEqual([1, 19]);
    expect(new Set(refused.map((answer) => orderIn(answer).id))).toEqual(new Set(placed.map((one) => orderIn(one).id)));
  });

  it('may be tried again after a decline', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const { id } = orderIn(await shop.order(reader.token, editionId));
    await api.db.execute(sql`update "order" set status = 'DECLINED' where id = ${uuidIn(id)}`);
    expect(await shop.order(reader.token, editionId)).toMatchObject({ __typename: 'PlaceOrderPayload' });
  });

  it('tells a changed price and orders nothing', async () => {
    const { editionId } = await shop.onSale();
    const reader = await api.signUp();
    const expectedPrice = { amountMinor: 399, currency: 'EUR' };
    expect(await shop.order(reader.token, editionId, { expectedPrice })).toMatchObject({
      __typename: 'PriceChanged',
      price: { amountMinor: 499, currency: 'EUR' },
    });
    expect(await shop.count('order', reader.id)).toBe(0);
  });

  it('refuses what is owned, not on sale, without a file, or not sold for the currency', async () => {
    const { author, editionId } = await shop.onSale();
    const reader = await api.signUp();
    await shop.fulfil(orderIn(await shop.order(reader.token, editionId)).id);
    expect(await shop.order(reader.token, editionId)).toMatchObject({ __typename: 'AlreadyOwned' });
    const other = await api.signUp();
    expect(await shop.order(other.token, editionId, { currency: 'USD' })).toMatchObject({
      __typename: 'NotForSale',
      message: 'This book is not sold for USD, but for EUR.',
    });
    await shop.move('unpublishEdition', { editionId }, author.token);
    expect(await shop.order(other.token, editionId)).toMatchObject({ __typename: 'NotForSale' });
    const bare = await shop.draft(author.token, { prices: [{ amountMinor: 1, currency: 'EUR' }] });
    expect(await shop.order(other.token, bare)).toMatchObject({ __typename: 'NotForSale' });
    await shop.publish(bare);
    expect(await shop.order(other.token, bare)).toMatchObject({ message: expect.stringContaining('no file') });
  });

  it('tells every fault of the input at once', async () => {
    const reader = await api.signUp();
    const input = { currency: 'EURO', paymentToken: '4111 1111', idempotencyKey: 'x' };
    const { data, errors } = await api.ask(
      `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { ... on ValidationError { fields { path } } } }`,
      { input: { editionId: 'bm9wZQ', ...input } },
      reader.token,
    );
    expect(errors).toBeUndefined();
    const { fields } = z.object({ fields: z.array(z.object({ path: z.string() })) }).parse(data?.['placeOrder']);
    expect(fields.map(({ path }) => path).sort()).toEqual([
      'input.currency',
      'input.editionId',
      'input.idempotencyKey',
      'input.paymentToken',
    ]);
  });

  it('needs somebody who is signed in', async () => {
    const { editionId } = await shop.onSale();
    const input = { editionId, currency: 'EUR', paymentToken: 'tok', idempotencyKey: randomUUID() };
    const { errors } = await api.ask(
      'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }',
      { input },
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('an order', () => {
  const READ = `query ($id: ID!) { order(id: $id) { id status payment { status actionUrl } } node(id: $id) { id } }`;

  it('is seen by its buyer and admins, and by nobody else', async () => {
    const { author, editionId } = await shop.onSale();
    const [reader, other, admin] = [await api.signUp(), await api.signUp(), await api.signUp('ADMIN')];
    const { id } = orderIn(await shop.order(reader.token, editionId));
    await api.db.execute(sql`
      update payment set status = 'REQUIRES_ACTION', action_url = 'https://bank.example/1' where order_id = ${uuidIn(id)}`);
    const own = await api.ask(READ, { id }, reader.token);
    expect(own.data).toMatchObject({ order: { payment: { actionUrl: 'https://bank.example/1' } }, node: { id } });
    expect((await api.ask(READ, { id }, admin.token)).data).toMatchObject({ order: { payment: { actionUrl: null } } });
    for (const { token } of [other, author]) {
      expect((await api.ask('query ($id: ID!) { order(id: $id) { id } }', { id }, token)).data).toEqual({
        order: null,
      });
      expect((await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id }, token)).data).toEqual({ node: null });
    }
  });

  it('stands in the list of its buyer alone, page by page', async () => {
    const reader = await api.signUp();
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { editionId } = await shop.onSale({ title: `Book ${count}` });
      ids.unshift(orderIn(await shop.order(reader.token, editionId)).id);
    }
    const LIST = `query ($after: String) { myOrders(first: 2, after: $after) {
      nodes { id lines { edition { title } } } pageInfo { hasNextPage endCursor } } }`;
    const page = z.object({
      nodes: z.array(z.looseObject({ id: z.string() })),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    });
    const first = page.parse((await api.ask(LIST, {}, reader.token)).data?.['myOrders']);
    const second = page.parse(
      (await api.ask(LIST, { after: first.pageInfo.endCursor }, reader.token)).data?.['myOrders'],
    );
    expect([...first.nodes, ...second.nodes].map(({ id }) => id)).toEqual(ids);
    expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
    const other = await api.signUp();
    expect((await api.ask(LIST, {}, other.token)).data).toMatchObject({ myOrders: { nodes: [] } });
  });
});

describe('the library', () => {
  const LIBRARY = `{ myLibrary(first: 10) { nodes { id status downloadUrl edition { title status } } } }`;
  const DOWNLOAD = `mutation ($input: CreateDownloadInput!) { createDownload(input: $input) { __typename
    ... on CreateDownloadPayload { url fileName sizeBytes } ... on Error { code } } }`;

  it('holds what was bought, also when it is off sale, with a link for its reader', async () => {
    const { author, editionId } = await shop.onSale();
    const reader = await api.signUp();
    await shop.fulfil(orderIn(await shop.order(reader.token, editionId)).id);
    await shop.move('unpublishEdition', { editionId }, author.token);
    const { data, errors } = await api.ask(LIBRARY, {}, reader.token);
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      myLibrary: {
        nodes: [
          {
            status: 'ACTIVE',
            downloadUrl: expect.stringContaining('/downloads/'),
            edition: { title: 'The Sea', status: 'UNPUBLISHED' },
          },
        ],
      },
    });
    const made = await shop.mutate('createDownload', DOWNLOAD, { editionId }, reader.token);
    expect(made).toMatchObject({ __typename: 'CreateDownloadPayload', fileName: 'The Sea.epub', sizeBytes: 3 });
  });

  it('gives no link to whoever has no right, or none any more', async () => {
    const { editionId } = await shop.onSale();
    const [reader, other] = [await api.signUp(), await api.signUp()];
    await shop.fulfil(orderIn(await shop.order(reader.token, editionId)).id);
    expect(await shop.mutate('createDownload', DOWNLOAD, { editionId }, other.token)).toMatchObject({
      code: 'NOT_FOUND',
    });
    await api.db.execute(sql`update entitlement set status = 'REVOKED'`);
    expect(await shop.mutate('createDownload', DOWNLOAD, { editionId }, reader.token)).toMatchObject({
      code: 'INVALID_STATE',
    });
    expect((await api.ask(LIBRARY, {}, reader.token)).data).toMatchObject({
      myLibrary: { nodes: [{ downloadUrl: null }] },
    });
  });
});
