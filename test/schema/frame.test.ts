import {
  type GraphQLArgument,
  type GraphQLEnumValue,
  type GraphQLField,
  type GraphQLInputField,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { idOf, decodeId, encodeId } from '../../src/schema/ids.ts';
import { schema } from '../../src/schema/index.ts';
import { formatAmount } from '../../src/schema/money.ts';
import { decodeCursor, encodeCursor, pageOf } from '../../src/schema/pages.ts';
import { printSchema } from '../../src/schema/print.ts';

type Part = GraphQLField<unknown, unknown> | GraphQLInputField | GraphQLArgument | GraphQLEnumValue;

interface Described {
  readonly description?: string | null | undefined;
}

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

function partsOf(type: (typeof types)[number]): [string, Part][] {
  if (isEnumType(type)) return type.getValues().map((value) => [`${type.name}.${value.name}`, value]);
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field): [string, Part][] => [
    [`${type.name}.${field.name}`, field],
    ...('args' in field
      ? field.args.map((arg: GraphQLArgument): [string, Part] => [`${type.name}.${field.name}(${arg.name})`, arg])
      : []),
  ]);
}

describe('the schema', () => {
  test('describes every type, field, argument and value', () => {
    const parts = types.flatMap((type): [string, Described][] => [[type.name, type], ...partsOf(type)]);
    const bare = parts.filter(([, part]) => !part.description?.trim()).map(([name]) => name);
    expect(bare).toEqual([]);
  });

  test('is the one that is checked in; `npm run schema` writes it', () => {
    expect(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')).toBe(printSchema());
  });

  test('gives every mutation one `input` and a result or typed errors', () => {
    const mutations = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(
      ({ name }) => name !== 'signOut',
    );
    for (const { name, args, type } of mutations) {
      expect([name, args.map((arg) => arg.name)]).toEqual([name, ['input']]);
      const result = 'ofType' in type ? type.ofType : type;
      const members = isUnionType(result) ? result.getTypes() : [];
      const errors = members.filter((member) => member.getInterfaces().some((one) => one.name === 'Error'));
      expect([name, errors.map((error) => error.name)]).toEqual([name, expect.arrayContaining(['ValidationError'])]);
      expect([name, members.length - errors.length]).toEqual([name, 1]);
    }
  });

  test('pages every connection by `first`, which is required', () => {
    for (const type of types.filter((one) => isObjectType(one) || isInterfaceType(one))) {
      for (const field of Object.values(type.getFields())) {
        if (!String(field.type).includes('Connection')) continue;
        const first = field.args.find((arg) => arg.name === 'first');
        expect([`${type.name}.${field.name}`, String(first?.type)]).toEqual([`${type.name}.${field.name}`, 'Int!']);
      }
    }
  });
});

describe('global ids', () => {
  const uuid = '019360a0-0000-7000-8000-000000000001';

  test('lead back to the type and the UUID', () => {
    expect(decodeId(encodeId('Order', uuid))).toEqual({ typename: 'Order', id: uuid });
    expect(idOf('Order').parse(encodeId('Order', uuid))).toBe(uuid);
  });

  test('of another type, and junk, are refused before they reach SQL', () => {
    const junk = [
      '',
      'x',
      encodeId('Order', '1'),
      encodeId('Order', `${uuid}'`),
      'a'.repeat(10_000),
      '\0',
      encodeId("O'", uuid),
    ];
    for (const id of junk) {
      expect(() => decodeId(id)).toThrow('This is not an id');
      expect(idOf('Order').safeParse(id).success).toBe(false);
    }
    expect(idOf('Order').safeParse(encodeId('Edition', uuid)).error?.issues[0]?.message).toBe(
      'This is not the id of an Order.',
    );
  });
});

describe('money', () => {
  test.each([
    [999, 'EUR', '9.99'],
    [5, 'EUR', '0.05'],
    [999, 'JPY', '999'],
    [1_234, 'KWD', '1.234'],
    [-50, 'USD', '-0.50'],
    [0, 'USD', '0.00'],
  ])('%i of %s is %s: the exponent is the currency’s own', (amountMinor, currency, text) => {
    expect(formatAmount({ amountMinor, currency })).toBe(text);
  });
});

describe('pages', () => {
  test('tell whether there is more by the row too many', () => {
    const page = pageOf([{ id: 1 }, { id: 2 }, { id: 3 }], 2, null, (row) => [row.id]);
    expect(page.nodes).toEqual([{ id: 1 }, { id: 2 }]);
    expect(page.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(decodeCursor(page.pageInfo.endCursor, z.tuple([z.number()]))).toEqual([2]);
    expect(pageOf([], 2, 'x', () => []).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    });
  });

  test('refuse a cursor of another list, and junk', () => {
    for (const cursor of ['', 'x', encodeCursor(['a']), encodeCursor([1, 2]), 'é'.repeat(5_000)]) {
      expect(() => decodeCursor(cursor, z.tuple([z.number()]))).toThrow('This is not a cursor of this list');
    }
  });
});
