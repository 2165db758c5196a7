/** What the stages are doing, once and live, for admins: the numbers in the workbench's picture of the flows. */
import type { EventFigures, StageFigures } from '../streams/stage-figures.ts';
import { builder } from './builder.ts';
import { LENGTHS_MAX } from './limits.ts';
import { watchFigures } from './watch-figures.ts';

const EventFiguresRef = builder.objectRef<EventFigures>('EventFigures').implement({
  description: 'How often a stage returned an event in the last five minutes.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    type: t.exposeString('type', { description: 'What happened, such as `payment.captured`.' }),
    perMinute: t.exposeFloat('perMinute', { description: 'How often, in a minute.' }),
    lastAt: t.expose('lastAt', { type: 'DateTime', description: 'When the last one was stored.' }),
  }),
});

const StageFiguresRef = builder.objectRef<StageFigures>('StageFigures').implement({
  description: 'What one stage is doing. Rates and durations are those of the last five minutes.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    stage: t.exposeString('stage', { description: '`workflow.stage`, as in `flowGraph`.' }),
    waiting: t.exposeInt('waiting', { description: 'Events before it that it has not finished.' }),
    inFlight: t.exposeInt('inFlight', {
      nullable: true,
      description: 'Stream entries in the hands of a consumer now; null while Redis is away.',
    }),
    retrying: t.exposeInt('retrying', { description: 'Runs that wait for its next try.' }),
    parked: t.exposeInt('parked', { description: 'Runs that stand still at it: see `deadLetters`.' }),
    perMinute: t.exposeFloat('perMinute', { description: 'Runs that it carried on, in a minute.' }),
    failuresPerMinute: t.exposeFloat('failuresPerMinute', { description: 'Failed tries, in a minute.' }),
    p50Ms: t.exposeFloat('p50Ms', { nullable: true, description: 'Half of its tries were faster.' }),
    p99Ms: t.exposeFloat('p99Ms', { nullable: true, description: '99 of 100 of its tries were faster.' }),
    events: t.field({
      type: [EventFiguresRef],
      complexity: { multiplier: 3 },
      description: 'What passed it: each kind of event that it returned or announced.',
      resolve: ({ events }) => [...events],
    }),
  }),
});

builder.queryField('stageFigures', (t) =>
  t.field({
    type: [StageFiguresRef],
    description: 'What every stage is doing, at most a second ago. For admins.',
    authScopes: { admin: 'operations:read' },
    complexity: { field: 50, multiplier: LENGTHS_MAX.stages },
    resolve: async (_root, _args, { engine }) => [...(await engine.stages())],
  }),
);

builder.subscriptionField('stageFigures', (t) =>
  t.field({
    type: [StageFiguresRef],
    description: 'The same, whenever it has changed, at most once a second. It has no history to resume. For admins.',
    authScopes: { admin: 'operations:read' },
    complexity: { field: 50, multiplier: LENGTHS_MAX.stages },
    subscribe: (_root, _args, context) => watchFigures(context, (engine) => engine.stages()),
    resolve: (figures) => [...figures],
  }),
);
