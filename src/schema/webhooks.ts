/** Webhooks that we send, for admins: endpoints, deliveries and their attempts. What is done to them: webhook-desk.ts. */
import { ENDPOINTS_MAX } from '../db/webhooks.ts';
import { WEBHOOK_TYPES } from '../events/index.ts';
import { builder } from './builder.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const ATTEMPTS_SHOWN = 50;
const TYPE_WORDS: Readonly<Record<(typeof WEBHOOK_TYPES)[number], string>> = {
  'order.completed': 'An order was paid and its books are in the library.',
  'refund.settled': 'Money of an order went back to its buyer, whole or in part.',
  'payout.paid': 'An author was paid.',
  'payout.failed': 'A payout to an author was refused or failed; the money is in the author’s balance again.',
  'payout.returned': 'A payout that had been paid came back; the money is in the author’s balance again.',
  'edition.published': 'An edition, or a new revision of it, went on sale.',
};

export const WebhookEventType = builder.enumType('WebhookEventType', {
  description: 'What an endpoint can be told of.',
  values: Object.fromEntries(
    WEBHOOK_TYPES.map((type) => [
      type.replaceAll(/[.-]/g, '_').toUpperCase(),
      { value: type, description: `\`${type}\`: ${TYPE_WORDS[type]}` },
    ]),
  ),
});

const WebhookEndpointStatus = builder.enumType('WebhookEndpointStatus', {
  description: 'Whether anything is sent to an endpoint.',
  values: {
    ACTIVE: { description: 'What it asked for is sent.' },
    PAUSED: { description: 'Nothing is sent; what happens meanwhile is not kept for it.' },
  } as const,
});

const WebhookDeliveryStatus = builder.enumType('WebhookDeliveryStatus', {
  description: 'Where a delivery stands.',
  values: {
    PENDING: { description: 'It is tried, or waits for its next attempt.' },
    DELIVERED: { description: 'It was taken: the answer was 2xx.' },
    FAILED: { description: 'It was given up; it can be sent again.' },
  } as const,
});

const WebhookAttempt = builder.drizzleObject('webhookAttempts', {
  name: 'WebhookAttempt',
  description: 'One attempt to deliver, and what came of it.',
  carried: true,
  fields: (t) => ({
    number: t.exposeInt('number', { description: '1, 2, 3 … per delivery.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was sent.' }),
    durationMs: t.exposeInt('durationMs', { description: 'Until the answer, or until it was given up.' }),
    statusCode: t.exposeInt('statusCode', { nullable: true, description: 'Of the answer; null when none came.' }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'Why no answer came: TIMEOUT, UNREACHABLE or ADDRESS_REFUSED.',
    }),
    excerpt: t.exposeString('excerpt', {
      nullable: true,
      description: 'How the answer begins, or what went wrong, in 500 characters at most.',
    }),
  }),
});

export const WebhookDelivery = builder.drizzleNode('webhookDeliveries', {
  name: 'WebhookDelivery',
  description: 'One event for one endpoint. For admins.',
  authScopes: { admin: 'operations:read' },
  id: { column: (delivery) => delivery.id, description: 'Opaque global id.' },
  select: { columns: { id: true, createdAt: true } },
  fields: (t) => ({
    messageId: t.string({
      description: 'The `webhook-id` that all its attempts carry.',
      select: { columns: { id: true } },
      resolve: ({ id }) => `msg_${id}`,
    }),
    eventType: t.exposeString('eventType', { description: 'Such as `order.completed`.' }),
    body: t.exposeString('body', { description: 'What is sent, as JSON text.' }),
    status: t.expose('status', { type: WebhookDeliveryStatus, description: 'Where it stands.' }),
    attemptCount: t.exposeInt('attemptCount', { description: 'How often it was sent so far.' }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried next, while it is PENDING.',
    }),
    attempts: t.relation('attempts', {
      type: WebhookAttempt,
      description: `Its attempts, the newest first; ${ATTEMPTS_SHOWN} at most.`,
      query: { orderBy: { number: 'desc' }, limit: ATTEMPTS_SHOWN },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was planned.' }),
  }),
});

const WebhookDeliveryConnection = builder.connectionObject(
  { type: WebhookDelivery, name: 'WebhookDeliveryConnection', carried: true },
  { name: 'WebhookDeliveryEdge', description: 'A delivery and where it stands in the list.', carried: true },
);

export const WebhookEndpoint = builder.drizzleNode('webhookEndpoints', {
  name: 'WebhookEndpoint',
  description: 'Where webhooks go. For admins.',
  authScopes: { admin: 'operations:read' },
  id: { column: (endpoint) => endpoint.id, description: 'Opaque global id.' },
  select: { columns: { id: true } },
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Where they are sent, by POST.' }),
    description: t.exposeString('description', { description: 'What it is for, in its owner’s words.' }),
    eventTypes: t.field({
      type: [WebhookEventType],
      description: 'What it is told of.',
      select: { columns: { eventTypes: true } },
      // A type that is no more is told to nobody.
      resolve: ({ eventTypes }) => WEBHOOK_TYPES.filter((type) => eventTypes.includes(type)),
    }),
    status: t.expose('status', { type: WebhookEndpointStatus, description: 'Whether anything is sent.' }),
    pausedReason: t.exposeString('pausedReason', { nullable: true, description: 'Why it is paused.' }),
    pausedAt: t.expose('pausedAt', { type: 'DateTime', nullable: true, description: 'Since when.' }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description:
        'Since when it has taken nothing; null when the last delivery was taken. After three days it is paused.',
    }),
    previousSecretUntil: t.expose('previousSecretUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until then the secret before signs beside the new one.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was registered.' }),
    deliveries: t.field({
      type: WebhookDeliveryConnection,
      description: 'What was sent there, the newest first.',
      select: { columns: { id: true } },
      args: {
        status: t.arg({ type: WebhookDeliveryStatus, required: false, description: 'Only those that stand so.' }),
        ...pageArgs(t),
      },
      resolve: async ({ id: endpointId }, { status, first, after }, context, info) => {
        const from = decodeCursor(after, createdCursor);
        const rows = await context.db.query.webhookDeliveries.findMany({
          ...selectNodes(context, info, { id: true, createdAt: true }),
          where: { endpointId, ...(status ? { status } : {}), RAW: (delivery) => behindInstant(delivery, from) },
          orderBy: { createdAt: 'desc', id: 'desc' },
          limit: first + 1,
        });
        return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
      },
    }),
  }),
});

builder.queryField('webhookEndpoints', (t) =>
  t.drizzleField({
    type: [WebhookEndpoint],
    description: `All endpoints, the newest first; there are ${ENDPOINTS_MAX} at most. For admins.`,
    authScopes: { admin: 'operations:read' },
    resolve: (query, _root, _args, { db }) =>
      db.query.webhookEndpoints.findMany(query({ orderBy: { createdAt: 'desc', id: 'desc' }, limit: ENDPOINTS_MAX })),
  }),
);
