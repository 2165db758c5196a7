import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/db/tables/columns.ts';
import { events, webhookAttempts, webhookDeliveries, webhookEndpoints } from '../../src/db/tables/index.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { useApi } from './support/api.ts';

const api = useApi();
const URL_OF_SHOP = 'https://shop.example.org/hook';
const WANTED = { url: URL_OF_SHOP, eventTypes: ['ORDER_COMPLETED'] };

const ENDPOINT = `id url description eventTypes status pausedReason failingSince previousSecretUntil
  deliveries(first: 10) { nodes { id messageId eventType body status attemptCount nextAttemptAt
    attempts { number statusCode error excerpt durationMs } } pageInfo { hasNextPage } }`;
const mutation = (
  name: string,
  payload: string,
) => `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) {
  ${name}(input: $input) { __typename ... on ${name.charAt(0).toUpperCase()}${name.slice(1)}Payload { ${payload} } ... on Error { code message } } }`;
const answerSchema = z.looseObject({ __typename: z.string() });

async function act(name: string, payload: string, input: object, token: string) {
  const { data, errors } = await api.ask(mutation(name, payload), { input }, token);
  return { answer: answerSchema.optional().parse(data?.[name] ?? undefined), errors };
}
const register = async (token: string, input: object = WANTED) => {
  const { answer } = await act('createWebhookEndpoint', `secret endpoint { ${ENDPOINT} }`, input, token);
  return z.object({ secret: z.string(), endpoint: z.looseObject({ id: z.string() }) }).parse(answer);
};
const idIn = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';

async function deliveryOf(endpointGlobalId: string, status: 'PENDING' | 'DELIVERED' | 'FAILED') {
  const id = newId();
  const endpointId = idIn(endpointGlobalId);
  await api.db
    .insert(webhookDeliveries)
    .values({ id, endpointId, eventType: 'order.completed', body: '{}', status, attemptCount: 1, roundCount: 1 });
  await api.db
    .insert(webhookAttempts)
    .values({ deliveryId: id, number: 1, at: new Date(), durationMs: 12, statusCode: 500, excerpt: 'broken' });
  return { id, globalId: encodeId('WebhookDelivery', id) };
}

describe('an endpoint', () => {
  test('is registered by an admin, who is shown its secret once', async () => {
    const { token } = await api.signUp('ADMIN');
    const { secret, endpoint } = await register(token, { ...WANTED, description: 'The storefront' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(endpoint).toMatchObject({ url: URL_OF_SHOP, status: 'ACTIVE', description: 'The storefront' });
    const { data } = await api.ask(`{ webhookEndpoints { id url description status } }`, {}, token);
    expect(JSON.stringify(data)).not.toContain(secret);
    expect(data?.['webhookEndpoints']).toMatchObject([{ id: endpoint.id }]);
    const { data: introspected } = await api.ask('{ __type(name: "WebhookEndpoint") { fields { name } } }');
    expect(JSON.stringify(introspected)).not.toMatch(/"(secret|previousSecret)"/);
  });

  test.each(['READER', 'AUTHOR'] as const)('is nothing for a %s', async (role) => {
    const { token: admin } = await api.signUp('ADMIN');
    const { endpoint } = await register(admin);
    const { token } = await api.signUp(role);
    const { errors } = await act('createWebhookEndpoint', 'secret', WANTED, token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const { errors: listErrors } = await api.ask('{ webhookEndpoints { url } }', {}, token);
    expect(listErrors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const { data } = await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id: endpoint.id }, token);
    expect(data).toEqual({ node: null });
  });

  test.each([
    'http://shop.example.org/hook',
    'https://127.0.0.1/hook',
    'https://10.0.0.8/hook',
    'https://[::1]/hook',
    'https://localhost/hook',
    'https://me:secret@shop.example.org/',
    'nonsense',
  ])('cannot be at %s', async (url) => {
    const { token } = await api.signUp('ADMIN');
    const { answer } = await act('createWebhookEndpoint', 'secret', { ...WANTED, url }, token);
    expect(answer).toMatchObject({ __typename: 'ValidationError' });
    const { endpoint } = await register(token);
    const { answer: moved } = await act('updateWebhookEndpoint', 'endpoint { url }', { id: endpoint.id, url }, token);
    expect(moved).toMatchObject({ __typename: 'ValidationError' });
  });

  test('is changed, paused and resumed, and deleted with all that was sent there', async () => {
    const { token } = await api.signUp('ADMIN');
    const { endpoint } = await register(token);
    await deliveryOf(endpoint.id, 'FAILED');
    const change = { id: endpoint.id, eventTypes: ['EDITION_PUBLISHED', 'ORDER_COMPLETED'] };
    const { answer: changed } = await act('updateWebhookEndpoint', 'endpoint { url eventTypes }', change, token);
    expect(changed).toMatchObject({
      endpoint: { url: URL_OF_SHOP, eventTypes: ['ORDER_COMPLETED', 'EDITION_PUBLISHED'] },
    });
    const id = { id: endpoint.id };
    const { answer: paused } = await act('pauseWebhookEndpoint', 'endpoint { status pausedReason }', id, token);
    expect(paused).toMatchObject({ endpoint: { status: 'PAUSED', pausedReason: 'You paused it.' } });
    const { answer: resumed } = await act('resumeWebhookEndpoint', 'endpoint { status pausedReason }', id, token);
    expect(resumed).toMatchObject({ endpoint: { status: 'ACTIVE', pausedReason: null } });
    expect((await act('deleteWebhookEndpoint', 'isDeleted', id, token)).answer).toMatchObject({ isDeleted: true });
    expect(await api.db.select().from(webhookDeliveries)).toEqual([]);
    expect((await act('deleteWebhookEndpoint', 'isDeleted', id, token)).answer).toMatchObject({
      __typename: 'NotFoundError',
    });
  });

  test('is given a new secret, beside which the old one signs for a day', async () => {
    const { token } = await api.signUp('ADMIN');
    const { secret, endpoint } = await register(token);
    const { answer } = await act(
      'rotateWebhookSecret',
      'secret endpoint { previousSecretUntil }',
      { id: endpoint.id },
      token,
    );
    const rotated = z.object({ secret: z.string() }).parse(answer);
    expect(rotated.secret).not.toBe(secret);
    const [row] = await api.db
      .select()
      .from(webhookEndpoints)
      .where(eq(webhookEndpoints.id, idIn(endpoint.id)));
    expect(row).toMatchObject({ secret: rotated.secret, previousSecret: secret });
    const hours = ((row?.previousSecretUntil?.getTime() ?? 0) - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
  });

  test('is one of fifty at most', async () => {
    const { token, id: ownerId } = await api.signUp('ADMIN');
    const secret = 'whsec_x';
    const many = Array.from({ length: 50 }, () => ({ ownerId, url: URL_OF_SHOP, eventTypes: [], secret }));
    await api.db.insert(webhookEndpoints).values(many);
    const { answer } = await act('createWebhookEndpoint', 'secret', WANTED, token);
    expect(answer).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' });
  });
});

describe('a delivery', () => {
  const due = async () => (await api.db.select().from(events)).filter(({ type }) => type === 'webhook.due');

  test('is listed with its attempts', async () => {
    const { token } = await api.signUp('ADMIN');
    const { endpoint } = await register(token);
    const { id } = await deliveryOf(endpoint.id, 'PENDING');
    await deliveryOf(endpoint.id, 'DELIVERED');
    const { data } = await api.ask(
      `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
        deliveries(first: 5, status: PENDING) { nodes { messageId status attempts { number statusCode excerpt } } } } } }`,
      { id: endpoint.id },
      token,
    );
    expect(data).toMatchObject({
      node: {
        deliveries: {
          nodes: [
            {
              messageId: `msg_${id}`,
              status: 'PENDING',
              attempts: [{ number: 1, statusCode: 500, excerpt: 'broken' }],
            },
          ],
        },
      },
    });
  });

  test.each(['DELIVERED', 'FAILED'] as const)(
    'that is %s is sent again on request, once for each request',
    async (status) => {
      const { token } = await api.signUp('ADMIN');
      const { endpoint } = await register(token);
      const { id, globalId } = await deliveryOf(endpoint.id, status);
      const { answer } = await act('resendWebhookDelivery', 'delivery { status }', { id: globalId }, token);
      expect(answer).toMatchObject({ delivery: { status: 'PENDING' } });
      // It waits already: no second run.
      await act('resendWebhookDelivery', 'delivery { status }', { id: globalId }, token);
      expect((await due()).map(({ payload }) => payload)).toEqual([{ deliveryId: id }]);
    },
  );

  test('of a paused endpoint is not sent again, nor one that is not there', async () => {
    const { token } = await api.signUp('ADMIN');
    const { endpoint } = await register(token);
    const { globalId } = await deliveryOf(endpoint.id, 'FAILED');
    await act('pauseWebhookEndpoint', 'endpoint { status }', { id: endpoint.id }, token);
    const { answer } = await act('resendWebhookDelivery', 'delivery { status }', { id: globalId }, token);
    expect(answer).toMatchObject({ __typename: 'InvalidStateError' });
    const missing = { id: encodeId('WebhookDelivery', newId()) };
    const { answer: none } = await act('resendWebhookDelivery', 'delivery { status }', missing, token);
    expect(none).toMatchObject({ __typename: 'NotFoundError' });
    expect(await due()).toEqual([]);
  });
});
