/** The GraphQL types of the errors that result unions hold. All implement `interface Error`. */
import { builder } from './builder.ts';
import {
  ConflictError,
  type FieldFault,
  type HubError,
  IdempotencyConflict,
  InvalidStateError,
  NotFoundError,
  OverloadedError,
  ValidationError,
} from './errors.ts';

export const ErrorInterface = builder.interfaceRef<HubError>('Error').implement({
  description: 'Why a mutation did nothing. Branch on `__typename` or `code`; show `message`.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, for programs.' }),
    message: t.exposeString('message', { description: 'For people: what is wrong and what to do.' }),
  }),
});

const FieldFaultRef = builder.objectRef<FieldFault>('FieldFault').implement({
  description: 'One fault of the input.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where: `input.prices.0.currency`.' }),
    message: t.exposeString('message', { description: 'What is wrong and what to do.' }),
  }),
});

builder.objectType(ValidationError, {
  name: 'ValidationError',
  description: 'The input cannot be accepted as it is.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    fields: t.field({
      type: [FieldFaultRef],
      description: 'Every fault at once.',
      resolve: (error) => [...error.fields],
    }),
  }),
});

builder.objectType(NotFoundError, {
  name: 'NotFoundError',
  description: 'It does not exist, or it is not yours.',
  interfaces: [ErrorInterface],
});

builder.objectType(ConflictError, {
  name: 'ConflictError',
  description: 'It contradicts something that is already there.',
  interfaces: [ErrorInterface],
});

builder.objectType(IdempotencyConflict, {
  name: 'IdempotencyConflict',
  description: 'The idempotencyKey was used before with another input.',
  interfaces: [ErrorInterface],
});

builder.objectType(InvalidStateError, {
  name: 'InvalidStateError',
  description: 'The thing is not in a state that allows this.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.exposeString('state', { description: 'The state it is in.' }) }),
});

builder.objectType(OverloadedError, {
  name: 'OverloadedError',
  description: 'Too much at once: nothing was done.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', { description: 'Try again after this many milliseconds.' }),
  }),
});
