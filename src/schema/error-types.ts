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
  carried: true,
  description: 'Why a mutation did nothing. Branch on `__typename` or `code`; show `message`.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, for programs.' }),
    message: t.exposeString('message', { description: 'For people: what is wrong and what to do.' }),
  }),
});

const FieldFaultRef = builder.objectRef<FieldFault>('FieldFault').implement({
  carried: true,
  description: 'One fault of the input.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where: `input.prices.0.currency`.' }),
    message: t.exposeString('message', { description: 'What is wrong and what to do.' }),
  }),
});

builder.objectType(ValidationError, {
  name: 'ValidationError',
  carried: true,
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
  carried: true,
  description: 'It does not exist, or it is not yours.',
  interfaces: [ErrorInterface],
});

builder.objectType(ConflictError, {
  name: 'ConflictError',
  carried: true,
  description: 'It contradicts something that is already there.',
  interfaces: [ErrorInterface],
});

builder.objectType(IdempotencyConflict, {
  name: 'IdempotencyConflict',
  carried: true,
  description: 'The idempotencyKey was used before with another input.',
  interfaces: [ErrorInterface],
});

builder.objectType(InvalidStateError, {
  name: 'InvalidStateError',
  carried: true,
  description: 'The thing is not in a state that allows this.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ state: t.exposeString('state', { description: 'The state it is in.' }) }),
});

builder.objectType(OverloadedError, {
  name: 'OverloadedError',
  carried: true,
  description: 'Too much at once: nothing was done.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', { description: 'Try again after this many milliseconds.' }),
  }),
});
