import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { refundSettled, refundSubmitted } from '../../src/events/index.ts';
import { useApi } from './support/api.ts';
import { uuidIn, market, type Payload } from './support/market.ts';
import { openEvents } from './support/event-source.ts';

const api = useApi({ keepRows: true });
const shop = market(api);

const REQUEST = `mutation ($input: RequestRefundInput!) { requestRefund(input: $input) { __typename
  ... on RequestRefundPayload { refund { id status amount { amount currency } reason
    lines { orderLine { position refunded { amountMinor } } amount { amountMinor } } order { refunds { id } } } }
  ... on Error { code message } ... on ValidationError { fields { path } } } }`;
const refundIn = (payload: Payload) => z.object({ refund: z.looseObject({ id: z.string() }) }).parse(payload).refund;

async function bought() {
  const { editionId } = await shop.onSale();
  const reader = await api.signUp();
  const { id: orderId } = z
    .object({ order: z.object({ id: z.string() }) })
    .parse(await shop.order(reader.token, editionId)).order;
  await shop.fulfil(orderId);
  await api.db.execute(
    sql`update payment set status = 'CAPTURED', capture_ref = 'c', authorization_ref = 'a' where order_id = ${uuidIn(orderId)}`,
  );
  return { reader, orderId, editionId };
}
const request = (token: string, input: object) =>
  shop.mutate('requestRefund', REQUEST, { idempotencyKey: randomUUID(), ...input }, token);

const placedDaysAgo = (orderId: string, days: number) =>
  api.db.execute(sql`
    update "order" set created_at = now() - make_interval(days => ${days}::int) where id = ${uuidIn(orderId)}`);

describe('a reader', () => {
  it('gives a book back within the window, and may not read it any more', async () => {
    const { reader, orderId } = await bought();
    const given = refundIn(await request(reader.token, { orderId, reason: 'Not mine.' }));
    expect(given).toMatchObject({
      status: 'REQUESTED',
      amount: { amount: '4.99', currency: 'EUR' },
      reason: 'Not mine.',
      lines: [{ orderLine: { position: 0, refunded: { amountMinor: 499 } }, amount: { amountMinor: 499 } }],
      order: { refunds: [{ id: given.id }] },
    });
    const library = await api.ask('{ myLibrary(first: 1) { nodes { status downloadUrl } } }', {}, reader.token);
    expect(library.data).toMatchObject({ myLibrary: { nodes: [{ status: 'REFUNDED', downloadUrl: null }] } });
  });

  it('buys the book again once its money is back, and not before', async () => {
    const { reader, orderId, editionId } = await bought();
    const { id } = refundIn(await request(reader.token, { orderId }));
    expect(await shop.order(reader.token, editionId)).toMatchObject({ code: 'NOT_FOR_SALE' });
    await api.db.execute(sql`update refund set status = 'SETTLED' where id = ${uuidIn(id)}`);
    const again = await shop.order(reader.token, editionId);
    const { id: secondId } = z.object({ order: z.object({ id: z.string() }) }).parse(again).order;
    expect(secondId).not.toBe(orderId);
    await api.db.execute(sql`update entitlement set status = 'REVOKED'`);
    const third = await api.signUp();
    await api.db.execute(sql`update entitlement set reader_id = ${third.id}`);
    expect(await shop.order(third.token, editionId)).toMatchObject({ code: 'NOT_FOR_SALE' });
  });

  it('gives nothing back after the window', async () => {
    const { reader, orderId } = await bought();
    await placedDaysAgo(orderId, 15);
    expect(await request(reader.token, { orderId })).toMatchObject({ code: 'NOT_REFUNDABLE' });
  });

  it('gives no book back that was downloaded', async () => {
    const { reader, orderId, editionId } = await bought();
    const made = await shop.mutate(
      'createDownload',
      `mutation ($input: CreateDownloadInput!) { createDownload(input: $input) { __typename ... on CreateDownloadPayload { url } } }`,
      { editionId },
      reader.token,
    );
    const { url } = z.object({ url: z.string() }).parse(made);
    await (await fetch(url)).arrayBuffer();
    expect(await request(reader.token, { orderId })).toMatchObject({
      __typename: 'NotRefundable',
      message: expect.stringContaining('downloaded'),
    });
  });

  it('gives back whole lines only', async () => {
    const { reader, orderId } = await bought();
    const lines = [{ position: 0, amount: { amountMinor: 100, currency: 'EUR' } }];
    expect(await request(reader.token, { orderId, lines })).toMatchObject({
      __typename: 'ValidationError',
      fields: [{ path: 'input.lines.0.amount' }],
    });
  });

  it('gives nothing back of an order that is another’s, or not complete', async () => {
    const { reader, orderId } = await bought();
    const other = await api.signUp();
    expect(await request(other.token, { orderId })).toMatchObject({ code: 'NOT_FOUND' });
    await api.db.execute(sql`update "order" set status = 'FULFILLING' where id = ${uuidIn(orderId)}`);
    expect(await request(reader.token, { orderId })).toMatchObject({ code: 'INVALID_STATE' });
  });

  it('gives back once, however often one key is sent', async () => {
    const { reader, orderId } = await bought();
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => request(reader.token, { orderId, idempotencyKey })),
    );
    expect(new Set(answers.map((answer) => refundIn(answer).id)).size).toBe(1);
    expect(await request(reader.token, { orderId, idempotencyKey, reason: 'x' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await request(reader.token, { orderId })).toMatchObject({ code: 'NOT_REFUNDABLE' });
  });
});

describe('the shop', () => {
  it('gives back a part of any order, at any time, up to what is left', async () => {
    const { orderId } = await bought();
    const admin = await api.signUp('ADMIN');
    await placedDaysAgo(orderId, 400);
    const part = (amountMinor: number, currency = 'EUR') =>
      request(admin.token, { orderId, lines: [{ position: 0, amount: { amountMinor, currency } }] });
    expect(refundIn(await part(200))).toMatchObject({ amount: { amount: '2.00' } });
    expect(await part(300)).toMatchObject({ fields: [{ path: 'input.lines.0.amount' }] });
    expect(await part(100, 'USD')).toMatchObject({ fields: [{ path: 'input.lines.0.amount.currency' }] });
    expect(refundIn(await request(admin.token, { orderId }))).toMatchObject({ amount: { amount: '2.99' } });
  });

  it('sees all refunds, which nobody else does', async () => {
    const { reader, orderId } = await bought();
    const { id } = refundIn(await request(reader.token, { orderId }));
    const admin = await api.signUp('ADMIN');
    const LIST = '{ refunds(first: 1, status: REQUESTED) { nodes { id order { id } } } }';
    expect((await api.ask(LIST, {}, admin.token)).data).toMatchObject({
      refunds: { nodes: [{ id, order: { id: orderId } }] },
    });
    expect((await api.ask(LIST, {}, reader.token)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const other = await api.signUp();
    const NODE = 'query ($id: ID!) { node(id: $id) { id } }';
    expect((await api.ask(NODE, { id }, other.token)).data).toEqual({ node: null });
    expect((await api.ask(NODE, { id }, reader.token)).data).toEqual({ node: { id } });
  });
});

describe('refundStatus', () => {
  it('tells the present state first, then each step, and resumes behind a seq', async () => {
    const { reader, orderId } = await bought();
    const { id } = refundIn(await request(reader.token, { orderId }));
    const refundId = uuidIn(id);
    const told = { refundId, orderId: uuidIn(orderId) };
    await api.happen(
      refundSubmitted.of({ ...told, status: 'SUBMITTED' }),
      refundSettled.of({ ...told, status: 'SETTLED' }),
    );
    const WATCH = 'subscription ($id: ID!, $after: Int) { refundStatus(refundId: $id, after: $after) { seq status } }';
    const source = await openEvents(api.url, WATCH, { variables: { id, after: 1 }, token: reader.token });
    expect((await source.next())?.data).toEqual({ refundStatus: { seq: 2, status: 'SUBMITTED' } });
    expect((await source.next())?.data).toEqual({ refundStatus: { seq: 3, status: 'SETTLED' } });
    source.close();
    const whole = await openEvents(api.url, WATCH, { variables: { id }, token: reader.token });
    expect((await whole.next())?.data).toEqual({ refundStatus: { seq: 3, status: 'REQUESTED' } });
    whole.close();
  });
});
