/** What admins do to the endpoints of webhooks: register, change, pause, resume, delete; and send a delivery again. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { newId } from '../db/tables/columns.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  markForResend,
  rotateSecret,
  setEndpointPaused,
  TooManyEndpoints,
} from '../db/webhooks.ts';
import { webhookDue, webhookSubject } from '../events/index.ts';
import { faultOfUrl } from '../ports/webhooks/addresses.ts';
import { append } from './append.ts';
import { hurryRuns } from '../streams/timers.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { ConflictError, InvalidStateError, NotFoundError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { WebhookDelivery, WebhookEndpoint, WebhookEventType } from './webhooks.ts';

const DESCRIPTION_CHARS_MAX = 200;
const SECRET_BYTES = 32;
const eventTypes = z.array(z.string()).min(1, 'Choose one at least.').max(50, 'Name each once.');
const description = z.string().max(DESCRIPTION_CHARS_MAX, `It has ${DESCRIPTION_CHARS_MAX} characters at most.`);
const DEAR = { field: 5 };

/** As the Standard Webhooks specification writes it. */
const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** @throws ValidationError */
function refuseUrl(url: string, { webhookUrls }: Context): void {
  const fault = faultOfUrl(url, webhookUrls);
  if (fault !== null) throw new ValidationError([{ path: 'input.url', message: fault }]);
}

interface Named {
  readonly id: string;
}
type Fields<Shape> = PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], Shape>;

const endpointField = <Shape extends Named>(t: Fields<Shape>) =>
  t.drizzleField({
    type: WebhookEndpoint,
    description: 'The endpoint as it is now.',
    resolve: async (query, { id }: Named, _args: object, { db }: Context) =>
      (await db.query.webhookEndpoints.findFirst(query({ where: { id } }))) ?? gone(),
  });
const secretField = <Shape extends { secret: string }>(t: Fields<Shape>) =>
  t.string({
    description: 'Signs what is sent there. Keep it: it is shown only here.',
    resolve: ({ secret }: { secret: string }) => secret,
  });

builder.relayMutationField(
  'createWebhookEndpoint',
  {
    inputFields: (t) => ({
      url: t.string({ required: true, description: 'Where to send, by POST: https, reached from the internet.' }),
      eventTypes: t.field({
        type: [WebhookEventType],
        required: true,
        description: 'What to be told of.',
        validate: eventTypes,
      }),
      description: t.string({ description: 'What it is for, in your words.', validate: description }),
    }),
  },
  {
    description:
      'Registers an endpoint for webhooks, signed by the Standard Webhooks specification. Answer 2xx within 15 s. For admins.',
    authScopes: { admin: 'NO_KEY' },
    complexity: DEAR,
    errors: { types: [ConflictError] },
    resolve: async (_root, { input }, context) => {
      refuseUrl(input.url, context);
      const made = { id: newId(), secret: newSecret() };
      const endpoint = {
        ...made,
        ownerId: signedIn(context).id,
        url: input.url,
        description: input.description ?? '',
        eventTypes: [...new Set(input.eventTypes)],
        now: context.clock.now(),
      };
      await context.commit((tx) => createEndpoint(tx, endpoint)).catch(retell);
      return made;
    },
  },
  { outputFields: (t) => ({ endpoint: endpointField(t), secret: secretField(t) }) },
);

builder.relayMutationField(
  'updateWebhookEndpoint',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The endpoint.' }).validate(idOf('WebhookEndpoint')),
      url: t.string({ description: 'A new place to send to.' }),
      eventTypes: t.field({ type: [WebhookEventType], description: 'All that it is told of.', validate: eventTypes }),
      description: t.string({ description: 'What it is for, in your words.', validate: description }),
    }),
  },
  {
    description: 'Changes an endpoint; what is not named stays. For admins.',
    authScopes: { admin: 'NO_KEY' },
    complexity: DEAR,
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, context) => {
      const { id, url, description: words, eventTypes: types } = input;
      if (url) refuseUrl(url, context);
      const change = {
        ...(url ? { url } : {}),
        ...(typeof words === 'string' ? { description: words } : {}),
        ...(types ? { eventTypes: [...new Set(types)] } : {}),
      };
      const now = context.clock.now();
      if (!(await context.commit((tx) => changeEndpoint(tx, id, change, now)))) gone();
      return { id };
    },
  },
  { outputFields: (t) => ({ endpoint: endpointField(t) }) },
);

builder.relayMutationField(
  'rotateWebhookSecret',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The endpoint.' }).validate(idOf('WebhookEndpoint')),
    }),
  },
  {
    description: 'Gives an endpoint a new secret; the one before signs beside it for a day. For admins.',
    authScopes: { admin: 'NO_KEY' },
    complexity: DEAR,
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, context) => {
      const secret = newSecret();
      const now = context.clock.now();
      if (!(await context.commit((tx) => rotateSecret(tx, id, secret, now)))) gone();
      return { id, secret };
    },
  },
  { outputFields: (t) => ({ endpoint: endpointField(t), secret: secretField(t) }) },
);

addSwitch('pauseWebhookEndpoint', 'Sends nothing to an endpoint any more. For admins.', true);
addSwitch(
  'resumeWebhookEndpoint',
  'Sends to an endpoint again what happens from now on; for what was missed see resendWebhookDelivery. For admins.',
  false,
);

function addSwitch(name: string, words: string, isPaused: boolean): void {
  builder.relayMutationField(
    name,
    {
      inputFields: (t) => ({
        id: t.id({ required: true, description: 'The endpoint.' }).validate(idOf('WebhookEndpoint')),
      }),
    },
    {
      description: words,
      authScopes: { admin: 'operations:write' },
      complexity: DEAR,
      errors: { types: [NotFoundError] },
      resolve: async (_root, { input: { id } }, context) => {
        const now = context.clock.now();
        // What is so already is answered alike.
        await context.commit((tx) => setEndpointPaused(tx, id, isPaused, now));
        return { id };
      },
    },
    { outputFields: (t) => ({ endpoint: endpointField(t) }) },
  );
}

builder.relayMutationField(
  'deleteWebhookEndpoint',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The endpoint.' }).validate(idOf('WebhookEndpoint')),
    }),
  },
  {
    description: 'Deletes an endpoint and the record of what was sent there. For admins.',
    authScopes: { admin: 'NO_KEY' },
    complexity: DEAR,
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { id } }, context) => {
      if (!(await context.commit((tx) => deleteEndpoint(tx, id)))) gone();
      return { isDeleted: true };
    },
  },
  {
    outputFields: (t) => ({
      isDeleted: t.boolean({ description: 'It is gone.', resolve: ({ isDeleted }) => isDeleted }),
    }),
  },
);

builder.relayMutationField(
  'resendWebhookDelivery',
  {
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'The delivery.' }).validate(idOf('WebhookDelivery')),
    }),
  },
  {
    description:
      'Sends a delivery again now, also one that was taken, under the same `webhook-id` and with a fresh count of attempts. For admins.',
    authScopes: { admin: 'operations:write' },
    complexity: DEAR,
    errors: { types: [NotFoundError, InvalidStateError] },
    resolve: async (_root, { input: { id } }, context) => {
      await resend(context, id);
      return { id };
    },
  },
  {
    outputFields: (t) => ({
      delivery: t.drizzleField({
        type: WebhookDelivery,
        description: 'The delivery, on its way.',
        resolve: async (query, { id }, _args, { db }) =>
          (await db.query.webhookDeliveries.findFirst(query({ where: { id } }))) ?? gone('delivery'),
      }),
    }),
  },
);

async function resend(context: Context, deliveryId: string): Promise<void> {
  const now = context.clock.now();
  await context.commit(async (tx) => {
    const answer = await markForResend(tx, deliveryId, now);
    if (answer === 'UNKNOWN') gone('delivery');
    if (answer === 'PAUSED') throw new InvalidStateError('Its endpoint is paused. Resume it first.', 'PAUSED');
    if (answer === 'DUE') await append(context, tx, [webhookDue.of({ deliveryId })], now);
    else await hurryRuns(tx, { workflow: 'webhook', subjects: [webhookSubject(deliveryId)], now });
  });
}

function gone(noun = 'webhook endpoint'): never {
  throw new NotFoundError(noun);
}

function retell(error: unknown): never {
  if (error instanceof TooManyEndpoints) throw new ConflictError(error.message);
  throw error;
}
