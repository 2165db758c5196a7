/** The Redis streams, their groups and consumers, and the relay, for admins. */
import type { ConsumerFigures, GroupFigures, RelayFigures, StreamFigures } from '../streams/stream-figures.ts';
import { builder } from './builder.ts';
import { LENGTHS_MAX } from './limits.ts';
import { watchFigures } from './watch-figures.ts';

const ConsumerRef = builder.objectRef<ConsumerFigures>('StreamConsumer').implement({
  description: 'One process that reads a stream for a stage.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The process.' }),
    pending: t.exposeInt('pending', { description: 'Entries in its hands.' }),
    idleMs: t.field({ type: 'SafeInt', description: 'Since it last did something.', resolve: ({ idleMs }) => idleMs }),
  }),
});

const GroupRef = builder.objectRef<GroupFigures>('StreamGroup').implement({
  description: 'One stage’s subscription to a stream.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    stage: t.exposeString('stage', { description: '`workflow.stage`.' }),
    pending: t.exposeInt('pending', { description: 'Entries that were delivered and not acknowledged.' }),
    lag: t.field({
      type: 'SafeInt',
      description: 'Events up to the end of the stream that it has not finished.',
      resolve: ({ lag }) => lag,
    }),
    lastDelivered: t.field({
      type: 'SafeInt',
      description: 'The number of the last event it was handed.',
      resolve: ({ lastDelivered }) => lastDelivered,
    }),
    consumers: t.field({
      type: [ConsumerRef],
      description: 'Who reads for it.',
      complexity: { multiplier: 3 },
      resolve: ({ consumers }) => [...consumers],
    }),
  }),
});

const StreamRef = builder.objectRef<StreamFigures>('Stream').implement({
  description: 'One Redis stream: an event type, or what is delivered to one stage again.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    name: t.exposeString('stream', { description: 'The event type, or the stage.' }),
    shard: t.exposeInt('shard', { description: 'Which of its parts.' }),
    length: t.exposeInt('length', {
      nullable: true,
      description: 'Entries that Redis holds, each with 1 to 500 events; null while Redis is away.',
    }),
    lastStamped: t.field({
      type: 'SafeInt',
      description: 'The number of the last event that the relay stamped.',
      resolve: ({ lastStamped }) => lastStamped,
    }),
    lastSent: t.field({
      type: 'SafeInt',
      nullable: true,
      description: 'The number of the last event in Redis: behind `lastStamped` while the relay sends.',
      resolve: ({ lastSent }) => lastSent,
    }),
    firstKept: t.field({
      type: 'SafeInt',
      nullable: true,
      description:
        'The first event that Redis still holds: those before it were trimmed, since every stage is past them.',
      resolve: ({ firstKept }) => firstKept,
    }),
    oldestAt: t.expose('oldestAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When that event was committed; null where Redis holds none.',
    }),
    groups: t.field({
      type: [GroupRef],
      description: 'The stages that read it.',
      complexity: { multiplier: 2 },
      resolve: ({ groups }) => [...groups],
    }),
  }),
});

const RelayRef = builder.objectRef<RelayFigures>('Relay').implement({
  description: 'What moves committed events to Redis: one leader for each shard.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    shard: t.exposeInt('shard', { description: 'Of which shard.' }),
    leader: t.exposeString('leader', { nullable: true, description: 'The process; null while there is none.' }),
    unsent: t.exposeInt('unsent', { description: 'Events that are committed and not stamped yet.' }),
    oldestUnsentAt: t.expose('oldestUnsentAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the oldest of them was committed.',
    }),
  }),
});

builder.queryField('streams', (t) =>
  t.field({
    type: [StreamRef],
    description: 'Every stream with its groups and consumers, at most a second ago. For admins.',
    authScopes: { admin: 'operations:read' },
    complexity: { field: 50, multiplier: LENGTHS_MAX.streams },
    resolve: async (_root, _args, { engine }) => [...(await engine.streams())],
  }),
);

builder.subscriptionField('streams', (t) =>
  t.field({
    type: [StreamRef],
    description: 'The same, whenever it has changed, at most once a second. It has no history to resume. For admins.',
    authScopes: { admin: 'operations:read' },
    complexity: { field: 50, multiplier: LENGTHS_MAX.streams },
    subscribe: (_root, _args, context) => watchFigures(context, (engine) => engine.streams()),
    resolve: (streams) => [...streams],
  }),
);

builder.queryField('relays', (t) =>
  t.field({
    type: [RelayRef],
    description: 'The relays, at most a second ago. For admins.',
    authScopes: { admin: 'operations:read' },
    resolve: async (_root, _args, { engine }) => [...(await engine.relays())],
  }),
);
