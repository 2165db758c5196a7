/** What codegen makes is checked in, and what the browser sends fits the schema and its limits. */
import { generate } from '@graphql-codegen/cli';
import { readdirSync, readFileSync } from 'node:fs';
import { buildSchema, type DocumentNode, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../../src/schema/limits.ts';
import { costOf } from '../../src/server/cost.ts';
import shopConfig from '../../src/web/codegen.ts';
import exampleConfig from '../../examples/client/codegen.ts';

describe.each([
  ['the shop', shopConfig],
  ['the client example', exampleConfig],
])('the generated types of %s', (_name, config) => {
  test('are those that the schema and the operations give now', async () => {
    const files = await generate({ ...config, silent: true }, false);
    expect(files.length).toBeGreaterThan(0);
    for (const { filename, content } of files) {
      expect(readFileSync(filename, 'utf8'), `run \`npm run codegen\`: ${filename}`).toBe(content);
    }
  });
});

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const files = [
  ...readdirSync('src/web/shop/operations').map((name) => `src/web/shop/operations/${name}`),
  'src/web/workbench/operations.ts',
];
const operations: [string, DocumentNode][] = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/export const (\w+) = graphql\((?:\/\* GraphQL \*\/ )?`([^`]+)`\)/g)].map(
    ([, name = '', text = '']): [string, DocumentNode] => [name, parse(text)],
  ),
);

test('the pages have operations', () => {
  expect(operations.length).toBeGreaterThan(50);
});

test.each(operations)('the operation %s of a page is valid and within the limits', (_name, document) => {
  expect(validate(schema, document)).toEqual([]);
  const { cost, depth } = costOf(schema, document, { variables: { first: 50 } });
  expect(cost).toBeLessThan(defaultLimits.complexityMax);
  expect(depth).toBeLessThanOrEqual(defaultLimits.depthMax);
});

test('nothing in the pages turns data into markup', () => {
  const sources = readdirSync('src/web', { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  const dangerous = sources.filter((name) =>
    /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.test(
      readFileSync(`src/web/${name}`, 'utf8'),
    ),
  );
  expect(sources.length).toBeGreaterThan(40);
  expect(dangerous).toEqual([]);
});
