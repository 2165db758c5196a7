/** `Query.flowGraph`: every workflow as it is declared in the code, for the workbench and the curious. */
import type { FlowStage, FlowWorkflow } from '../streams/flow-graph.ts';
import { builder } from './builder.ts';
import { LENGTHS_MAX } from './limits.ts';

const FlowStageRef = builder.objectRef<FlowStage>('FlowStage').implement({
  carried: true,
  description: 'One stage of a workflow.',
  fields: (t) => ({
    id: t.exposeString('id', {
      description: '`workflow.stage`: also the consumer group, the metric label and the log field.',
    }),
    name: t.exposeString('name', { description: 'Its name within the workflow.' }),
    on: t.exposeStringList('on', { description: 'The events it consumes.' }),
    emits: t.exposeStringList('emits', { description: 'The events it may return.' }),
    pivot: t.exposeBoolean('pivot', { description: 'The point of no return: behind it there is only forward.' }),
    compensates: t.exposeBoolean('compensates', { description: 'What it did can be undone.' }),
    callsOut: t.exposeBoolean('callsOut', { description: 'It calls something outside the database.' }),
    retry: t.exposeString('retry', { description: 'When it is tried again, in words.' }),
    timeoutMs: t.exposeInt('timeoutMs', {
      nullable: true,
      description: 'Longest one try may take; null for pure SQL.',
    }),
  }),
});

const FlowWorkflowRef = builder.objectRef<FlowWorkflow>('FlowWorkflow').implement({
  carried: true,
  description: 'A process of stages, each consuming what another returned.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `purchase`.' }),
    startedBy: t.exposeString('startedBy', { description: 'What starts it: a mutation, an event or a schedule.' }),
    failsWith: t.exposeString('failsWith', {
      nullable: true,
      description: 'The event that ends it when a stage fails for good; null parks a dead letter.',
    }),
    stages: t.field({
      type: [FlowStageRef],
      description: 'In order.',
      // So many of one workflow that all together have no more than there may be.
      complexity: { multiplier: LENGTHS_MAX.stages / LENGTHS_MAX.workflows },
      resolve: (workflow) => workflow.stages,
    }),
    ends: t.exposeStringList('ends', { description: 'The events that end a run.' }),
  }),
});

builder.queryField('flowGraph', (t) =>
  t.field({
    type: [FlowWorkflowRef],
    description: 'Every workflow as it is declared.',
    authScopes: { anyone: 'ANY_KEY' },
    complexity: { multiplier: LENGTHS_MAX.workflows },
    resolve: (_root, _args, { flowGraph }) => flowGraph.workflows,
  }),
);
