/** Webhooks to others, received by a real HTTP server that verifies signatures, is slow, fails, redirects or is gone. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { newId } from '../../src/db/tables/columns.ts';
import { paymentNotices, webhookDeliveries, webhookEndpoints } from '../../src/db/tables/index.ts';
import { editionPublished, refundSettled, webhookDue, webhookSweepDue } from '../../src/events/index.ts';
import { listen } from '../../src/ports/payments/sandbox/http.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.from('the secret that was before this one').toString('base64')}`;
const HOUR_MS = 3_600_000;

const database = useDatabase();
let shop: Marketplace;
let receiver: Server;
let url: string;
let received: { id: string; at: Date; signature: string; body: string }[];
/** The answer to the next requests, in order; the last one stays. */
let answers: { status: number; headers?: Record<string, string>; body?: string; hangs?: boolean }[];

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  received = [];
  answers = [{ status: 204 }];
  receiver = createServer((request, response) => {
    void take(request).then(() => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (!answer || answer.hangs) return;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  url = await listen(receiver, '127.0.0.1', 0);
});
afterEach(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await shop.close();
});

async function take(request: IncomingMessage): Promise<void> {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
  const body = (await buffer(request)).toString();
  received.push({ id: String(id), at: new Date(Number(at) * 1_000), signature: String(signature), body });
}

async function endpoint(more: Partial<typeof webhookEndpoints.$inferInsert> = {}) {
  const owner = await shop.signUp();
  const id = newId();
  const wanted = {
    url: `${url}/hook`,
    eventTypes: ['order.completed', 'refund.settled', 'edition.published'],
    secret: SECRET,
  };
  await database.current.db.insert(webhookEndpoints).values({ id, ownerId: owner.id, ...wanted, ...more });
  return { id, owner };
}
async function buy() {
  const { id: authorId } = await shop.signUp('AUTHOR');
  const { id: buyerId } = await shop.signUp();
  const editionId = await shop.listEdition({ authorId });
  const orderId = await shop.placeOrder({ buyerId, editionId });
  await shop.runUntilIdle();
  return { orderId, editionId };
}
const deliveries = () => database.current.sql<{ status: string; attempts: number; event_type: string }[]>`
  select status, attempt_count as attempts, event_type from webhook_delivery order by created_at, id`;
const attempts = () =>
  database.current.sql<
    { number: number; status_code: number | null; error: string | null; excerpt: string | null; duration_ms: number }[]
  >`select number, status_code, error, excerpt, duration_ms from webhook_attempt order by delivery_id, number`;
const endpointRow = async (id: string) => {
  const [row] = await database.current.sql<{ status: string; paused_reason: string | null }[]>`
    select status, paused_reason from webhook_endpoint where id = ${id}`;
  return row;
};

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');
const signedBy = (secret: string, { id, at, body }: (typeof received)[number]) =>
  new Webhook(secret).sign(id, at, body);

describe('a finished order', () => {
  test('is told to an endpoint, signed, thin and without anything of a person', async () => {
    await endpoint();
    const { orderId, editionId } = await buy();
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
    const [message] = received;
    if (!message) throw new Error('nothing was received');
    expect(message.signature).toBe(signedBy(SECRET, message));
    expect(message.id).toMatch(/^msg_[0-9a-f-]{36}$/);
    expect(JSON.parse(message.body)).toEqual({
      type: 'order.completed',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      data: {
        id: globalId('Order', orderId),
        status: 'COMPLETED',
        total: { amountMinor: 999, currency: 'EUR' },
        editionIds: [globalId('Edition', editionId)],
      },
    });
    expect(await deliveries()).toMatchObject([{ status: 'DELIVERED', attempts: 1 }]);
    expect(await attempts()).toMatchObject([{ number: 1, status_code: 204, error: null }]);
  });

  test('is told to each endpoint that asked for it, and to no other', async () => {
    await endpoint();
    await endpoint({ url: `${url}/second` });
    await endpoint({ eventTypes: ['edition.published'] });
    await endpoint({ status: 'PAUSED' });
    await buy();
    expect(received).toHaveLength(2);
    expect(new Set(received.map(({ id }) => id)).size).toBe(2);
  });

  test('waits for no endpoint: one that hangs costs it nothing', async () => {
    answers = [{ status: 0, hangs: true }];
    await endpoint();
    const { orderId } = await buy();
    expect(await shop.order(orderId)).toMatchObject({ status: 'COMPLETED' });
    expect(await attempts()).toMatchObject([{ status_code: null, error: 'TIMEOUT' }]);
  });
});

describe('a delivery that is not taken', () => {
  test('is tried again, later each time, under the same id and with a fresh signature, until it is', async () => {
    answers = [
      { status: 500, body: 'broken\n\u0007today' },
      { status: 302, headers: { location: '/elsewhere' } },
      { status: 200 },
    ];
    await endpoint();
    await buy();
    await shop.runFor(HOUR_MS);
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    for (const message of received) expect(message.signature).toBe(signedBy(SECRET, message));
    const [first, second, third] = received.map(({ at }) => at.getTime());
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(5_000);
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(300_000);
    expect(await attempts()).toMatchObject([
      { number: 1, status_code: 500, excerpt: 'broken today' },
      { number: 2, status_code: 302 },
      { number: 3, status_code: 200 },
    ]);
    expect(await deliveries()).toMatchObject([{ status: 'DELIVERED', attempts: 3 }]);
  });

  test('is given the time that the receiver asks for', async () => {
    answers = [{ status: 503, headers: { 'retry-after': '7200' } }, { status: 200 }];
    await endpoint();
    await buy();
    await shop.runFor(HOUR_MS);
    expect(received).toHaveLength(1);
    await shop.runFor(2 * HOUR_MS);
    expect(received).toHaveLength(2);
  });

  test('keeps no more of an answer than its beginning', async () => {
    answers = [{ status: 400, body: 'x'.repeat(100_000) }];
    await endpoint();
    await buy();
    expect((await attempts())[0]?.excerpt).toBe('x'.repeat(500));
  });

  test('is given up after ten attempts over three days; the endpoint is paused, and its owner told once', async () => {
    answers = [{ status: 500 }];
    const { id, owner } = await endpoint();
    await Promise.all([buy(), buy()]);
    await shop.runFor(100 * HOUR_MS);
    expect((await deliveries()).map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
    expect((await attempts()).filter(({ number }) => number > 10)).toEqual([]);
    expect(await endpointRow(id)).toEqual({ status: 'PAUSED', paused_reason: 'It has taken nothing for three days.' });
    const mails = await shop.mail.list({ to: owner.email });
    expect(mails.map(({ subject }) => subject)).toEqual(['Webhooks to your endpoint are paused']);
    expect(mails[0]?.text).toContain(`${url}/hook`);
    await buy();
    expect(await deliveries()).toHaveLength(2);
  });

  test('with 410 pauses the endpoint at once, and what else waits for it is given up', async () => {
    const { id, owner } = await endpoint();
    answers = [{ status: 500 }, { status: 410 }];
    await buy();
    await buy();
    await shop.runFor(HOUR_MS);
    expect(await endpointRow(id)).toEqual({ status: 'PAUSED', paused_reason: 'It answered 410: it is gone.' });
    expect((await deliveries()).map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
    expect(received).toHaveLength(2);
    expect(await shop.mail.list({ to: owner.email })).toHaveLength(1);
  });
});

test('while a secret is replaced both sign; afterwards the new one alone', async () => {
  const until = new Date(shop.clock.now().getTime() + HOUR_MS);
  await endpoint({ previousSecret: OLD_SECRET, previousSecretUntil: until });
  await buy();
  shop.clock.advanceTime(HOUR_MS);
  await buy();
  const [during, after] = received;
  if (!during || !after) throw new Error('two were expected');
  expect(during.signature).toBe(`${signedBy(SECRET, during)} ${signedBy(OLD_SECRET, during)}`);
  expect(after.signature).toBe(signedBy(SECRET, after));
});

test('a refund that has settled is told as well', async () => {
  await endpoint({ eventTypes: ['refund.settled'] });
  const [refundId, orderId] = [newId(), newId()];
  const settled = refundSettled.of({ refundId, orderId, status: 'SETTLED' });
  await appendEvents(database.current.db, [settled], { now: shop.clock.now(), shards: 1 });
  await shop.runUntilIdle();
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
    type: 'refund.settled',
    data: { id: globalId('Refund', refundId), orderId: globalId('Order', orderId), status: 'SETTLED' },
  });
});

test('a published edition is told as well', async () => {
  await endpoint();
  const { id: authorId } = await shop.signUp('AUTHOR');
  const draft = await shop.draftEdition({ authorId });
  const published = { ...draft, revisionNumber: 1, status: 'PUBLISHED', onSale: true };
  await appendEvents(database.current.db, [editionPublished.of(published)], { now: shop.clock.now(), shards: 1 });
  await shop.runUntilIdle();
  const told = z
    .object({ type: z.string(), data: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(received[0]?.body ?? ''));
  expect(told).toEqual({
    type: 'edition.published',
    data: {
      id: globalId('Edition', draft.editionId),
      revisionId: globalId('Revision', draft.revisionId),
      revisionNumber: 1,
    },
  });
});

test('a delivery whose endpoint was deleted meanwhile ends in peace', async () => {
  await appendEvents(database.current.db, [webhookDue.of({ deliveryId: newId() })], {
    now: shop.clock.now(),
    shards: 1,
  });
  await shop.runUntilIdle();
  const [run] = await database.current.sql<{ state: string }[]>`select state from run where workflow = 'webhook'`;
  expect(run?.state).toBe('COMPLETED');
});

test('what was sent or received three months ago is forgotten by night, but for what still waits', async () => {
  const { id: endpointId } = await endpoint({ status: 'PAUSED' });
  const dayMs = 24 * HOUR_MS;
  const daysAgo = (days: number) => new Date(shop.clock.now().getTime() - days * dayMs);
  const sent = (days: number, status: 'PENDING' | 'DELIVERED') => ({
    id: newId(),
    endpointId,
    eventType: 'order.completed',
    body: '{}',
    status,
    createdAt: daysAgo(days),
  });
  const kept = [sent(89, 'DELIVERED'), sent(200, 'PENDING')];
  await database.current.db.insert(webhookDeliveries).values([...kept, sent(91, 'DELIVERED')]);
  const notice = (id: string, days: number) => ({
    id,
    gateway: 'stripe',
    kind: 'PAYMENT' as const,
    ref: 'pi_1',
    receivedAt: daysAgo(days),
  });
  await database.current.db.insert(paymentNotices).values([notice('stripe:old', 91), notice('stripe:new', 1)]);
  const now = shop.clock.now();
  await appendEvents(database.current.db, [webhookSweepDue.of({ slot: now.toISOString() })], { now, shards: 1 });
  await shop.runUntilIdle();
  const left = await database.current.db.select().from(webhookDeliveries);
  expect(left.map(({ id }) => id).toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
  expect((await database.current.db.select().from(paymentNotices)).map(({ id }) => id)).toEqual(['stripe:new']);
});
