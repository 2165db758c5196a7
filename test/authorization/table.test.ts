/** What can be said of the authorization matrix without running it; row 25 of the fault catalogue runs it. */
import { getNamedType, type GraphQLNamedOutputType, isLeafType, isObjectType } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { COLUMNS } from './people.ts';
import { readTable } from './table.ts';

const table = await readTable();
const objects = Object.values(schema.getTypeMap()).filter(
  (type) => isObjectType(type) && !type.name.startsWith('__') && type.name !== 'FieldFault',
);
const isError = (type: GraphQLNamedOutputType) =>
  isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Error');

test('every field of every type has a row; `npm run matrix` writes the missing ones', () => {
  const rows = new Set([...table.keys()].map((name) => name.replace(/ \(.*?\)/, '')));
  const fields = objects.flatMap((type) =>
    isObjectType(type) && !isError(type) ? Object.keys(type.getFields()).map((name) => `${type.name}.${name}`) : [],
  );
  expect(fields.filter((field) => !rows.has(field))).toEqual([]);
});

test('every row says what each caller gets', () => {
  const gaps = [...table].filter(([, row]) => COLUMNS.some((column) => !/^[A-Z_]+$/.test(row[column])));
  expect(gaps).toEqual([]);
});

test('an error carries words, prices and things that have a rule of their own, and nothing else', () => {
  for (const type of objects.filter((one) => isObjectType(one) && isError(one))) {
    for (const { name, type: given } of isObjectType(type) ? Object.values(type.getFields()) : []) {
      const named = getNamedType(given);
      const hasRule = isObjectType(named) && named.getInterfaces().some((one) => one.name === 'Node');
      const isPlain = isLeafType(named) || ['Money', 'FieldFault'].includes(named.name);
      expect([`${type.name}.${name}`, isPlain || hasRule]).toEqual([`${type.name}.${name}`, true]);
    }
  }
});
