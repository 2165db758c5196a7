import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { events, paymentNotices } from '../../src/db/tables/index.ts';
import { createSandboxNoticeReader } from '../../src/ports/payments/sandbox/notices.ts';
import { createStripeNoticeReader } from '../../src/ports/payments/stripe/notices.ts';
import { signEvent } from '../ports/payments/stripe/server.ts';
import { useApi } from '../schema/support/api.ts';

const OLD = 'whsec_the_secret_before_this';
const NEW = 'whsec_the_secret_that_counts';
const api = useApi({ notices: createStripeNoticeReader([NEW, OLD]) });

const eventOf = (type: string, object: object = {}) => {
  const orderId = randomUUID();
  const id = `evt_${randomUUID()}`;
  return { id, orderId, type, data: { object: { id: 'pi_1', metadata: { booky_reference: orderId }, ...object } } };
};
const send = async (signed: { body: string; headers: Record<string, string> }, gateway = 'stripe') => {
  const answer = await fetch(`${api.url}/webhooks/payments/${gateway}`, { method: 'POST', ...signed });
  return { status: answer.status, body: await answer.text() };
};
const noticed = async () => ({
  notices: await api.db.select().from(paymentNotices),
  events: (await api.db.select().from(events)).filter(({ type }) => type === 'payment.noticed'),
});
const nowSeconds = () => Math.floor(Date.now() / 1_000);

describe('a webhook of Stripe', () => {
  test('is stored once and told to the business once, however often it comes', async () => {
    const event = eventOf('payment_intent.succeeded');
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(signEvent(event, NEW))));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    const { notices, events: told } = await noticed();
    expect(notices).toMatchObject([
      { id: `stripe:${event.id}`, kind: 'PAYMENT', ref: 'pi_1', reference: event.orderId },
    ]);
    expect(told).toHaveLength(1);
  });

  test('is believed by the old secret too, while the new one is brought in', async () => {
    expect(await send(signEvent(eventOf('payment_intent.succeeded'), OLD))).toMatchObject({ status: 200 });
  });

  test.each([
    ['is signed with another secret', () => signEvent(eventOf('payment_intent.succeeded'), 'whsec_guessed')],
    ['is older than five minutes', () => signEvent(eventOf('payment_intent.succeeded'), NEW, nowSeconds() - 301)],
    ['has no signature', () => ({ body: JSON.stringify(eventOf('payment_intent.succeeded')), headers: {} })],
    [
      'was changed on its way',
      () => {
        const signed = signEvent(eventOf('payment_intent.succeeded'), NEW);
        return { ...signed, body: signed.body.replace('succeeded', 'canceled!') };
      },
    ],
    ['is no event', () => signEvent({ hello: 'world' }, NEW)],
  ])('has no effect when it %s', async (_why, sign) => {
    expect(await send(sign())).toMatchObject({ status: 400, body: expect.stringContaining('WEBHOOK_REFUSED') });
    expect(await noticed()).toEqual({ notices: [], events: [] });
  });

  test.each([
    ['payment_intent.amount_capturable_updated', {}, 'PAYMENT'],
    ['charge.refunded', { id: 'ch_1' }, 'REFUND'],
    ['refund.failed', { id: 're_1' }, 'REFUND'],
    ['charge.dispute.created', { id: 'du_1', status: 'needs_response' }, 'DISPUTE'],
    ['transfer.reversed', { id: 'tr_1' }, 'PAYOUT'],
  ])('%s is taken as what it is about', async (type, object, kind) => {
    await send(signEvent(eventOf(type, object), NEW));
    expect((await noticed()).notices).toMatchObject([{ kind }]);
  });

  test.each([
    ['customer.created', {}],
    ['charge.dispute.created', { status: 'warning_needs_response' }],
  ])('%s is answered and left at that when it is no concern of ours', async (type, object) => {
    expect(await send(signEvent(eventOf(type, object), NEW))).toMatchObject({ status: 200 });
    expect((await noticed()).notices).toEqual([]);
  });

  test('goes to its own gateway, by POST, and is not endless', async () => {
    expect(await send(signEvent(eventOf('payment_intent.succeeded'), NEW), 'sandbox')).toMatchObject({ status: 404 });
    expect((await fetch(`${api.url}/webhooks/payments/stripe`)).status).toBe(405);
    const long = signEvent({ ...eventOf('payment_intent.succeeded'), padding: 'x'.repeat(300_000) }, NEW);
    expect(await send(long)).toMatchObject({ status: 413 });
  });
});

describe('a notice of the sandbox', () => {
  const secret = Buffer.from('a secret between the two').toString('base64');
  const reader = createSandboxNoticeReader(secret);
  const signed = (body: string, sentAt: Date, by = secret) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
    'webhook-signature': new Webhook(by).sign('msg_1', sentAt, body),
  });
  const body = JSON.stringify({ kind: 'PAYMENT', ref: 'auth_1', reference: 'order' });

  test('is read when the sandbox signed it, and refused when it did not or long ago', () => {
    const read = (headers: Record<string, string>) => reader.readNotice(Buffer.from(body), headers);
    expect(read(signed(body, new Date()))).toEqual({ id: 'msg_1', kind: 'PAYMENT', ref: 'auth_1', reference: 'order' });
    const other = Buffer.from('another secret').toString('base64');
    expect(() => read(signed(body, new Date(), other))).toThrow('not signed by our sandbox');
    expect(() => read(signed(body, new Date(Date.now() - 600_000)))).toThrow('older than five minutes');
    expect(() => read({})).toThrow('not signed by our sandbox');
  });
});
