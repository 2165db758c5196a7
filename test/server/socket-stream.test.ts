/** What passes through the promise by which graphql-ws waits, and what is sent in its place. */
import { buildSchema, type ExecutionResult, GraphQLError, parse } from 'graphql';
import { expect, test } from 'vitest';
import { LeanStream } from '../../src/server/lean-stream.ts';
import { resultIn, SocketStream } from '../../src/server/socket-stream.ts';
import { quietLog } from '../streams/support.ts';

const schema = buildSchema('type Query { a: Int } type Subscription { count: Int! }');
const document = parse('subscription { count }');
const asked = { requestId: 'r', traceId: null };

async function* roots(...values: unknown[]) {
  for (const count of values) yield { count };
}

const open = (...values: unknown[]) =>
  new SocketStream(
    new LeanStream({ schema, document, contextValue: {} }, roots(...values), asked, {
      log: quietLog,
      development: false,
    }),
  );

const told = (value: unknown): ExecutionResult | undefined => JSON.parse(JSON.stringify(resultIn(value) ?? null));

test('every result waits in the same turn, and is taken from it once', async () => {
  const stream = open(1, 2);
  const first = await stream.next();
  expect(told(first.value)).toEqual({ data: { count: 1 } });
  expect(() => resultIn(first.value)).toThrow('taken twice');
  const second = await stream.next();
  expect(second.value).toBe(first.value);
  expect(told(second.value)).toEqual({ data: { count: 2 } });
  expect(await stream.next()).toEqual({ value: undefined, done: true });
});

test('an error is told as graphql words it, and what is no turn is left as it is', async () => {
  const stream = open(new GraphQLError('Not this one.', { extensions: { code: 'NOT_FOUND' } }));
  const { value } = await stream.next();
  expect(told(value)?.errors).toEqual([
    {
      message: 'Not this one.',
      path: ['count'],
      locations: [{ line: 1, column: 16 }],
      extensions: { code: 'NOT_FOUND' },
    },
  ]);
  expect(resultIn({ data: { a: 1 } })).toBeUndefined();
});
