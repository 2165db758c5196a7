/** What scripts/mend-packages.mjs mends beside the driver's connections (db/driver.test.ts): how long a question is held. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { execute, GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { expect, inject, test } from 'vitest';
import { openRedis } from '../src/streams/index.ts';
import { useDatabase } from './support/database.ts';
import { quietLog } from './streams/support.ts';

const database = useDatabase();
const QUESTIONS = 500;
const QUESTION_BYTES = 10_000;

setFlagsFromString('--expose-gc');
const collector: unknown = runInNewContext('gc');
function collect(type: 'minor' | 'major'): void {
  if (typeof collector !== 'function') throw new TypeError('V8 lends no collector');
  Reflect.apply(collector, undefined, [{ type }]);
}

const oldBytes = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? Number.NaN;

/** @returns how much of what was asked the old part of the heap holds when all young objects were looked through, 0 to 1 */
async function shareHeld(ask: (text: string) => Promise<unknown>): Promise<number> {
  const question = (n: number) => `${n}`.padEnd(QUESTION_BYTES, 'x');
  for (let n = 0; n < QUESTIONS; n++) await ask(question(n));
  collect('major');
  const before = oldBytes();
  for (let n = 0; n < QUESTIONS; n++) {
    await ask(question(n));
    // Before it fills up by itself, which would be at another place each time.
    if (n % 100 === 99) collect('minor');
  }
  return (oldBytes() - before) / (QUESTIONS * QUESTION_BYTES);
}

const HELD_MAX = 0.2;

test('a statement is let go with the young', async () => {
  const { sql } = database.current;
  expect(await shareHeld((text) => sql.unsafe('select $1::text as a', [text]))).toBeLessThan(HELD_MAX);
});

test('a transaction is let go with the young', async () => {
  const { sql } = database.current;
  const held = await shareHeld((text) => sql.begin((tx) => tx.unsafe('select $1::text as a', [text])));
  expect(held).toBeLessThan(HELD_MAX);
});

test('a command of Redis is let go with the young', async () => {
  const redis = openRedis(inject('redisUrl'), quietLog);
  try {
    expect(await shareHeld((text) => redis.echo(text))).toBeLessThan(HELD_MAX);
  } finally {
    redis.disconnect();
  }
});

test('an operation of GraphQL is let go with the young', async () => {
  const resolve = async (_root: unknown, { text }: { text: string }) => text.slice(1);
  const echo = { type: GraphQLString, args: { text: { type: GraphQLString } }, resolve };
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { echo } }) });
  const document = parse('query ($text: String) { echo(text: $text) }');
  const held = await shareHeld(async (text) => execute({ schema, document, variableValues: { text } }));
  expect(held).toBeLessThan(HELD_MAX);
});
