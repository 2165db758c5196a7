import { Kind, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { defaultLimits } from '../../src/schema/limits.ts';
import { costOf } from '../../src/server/cost.ts';
import { examples } from '../../src/server/examples.ts';

describe.each(examples)('example $name', ({ name, document, variables }) => {
  test('is valid, within the limits, and has a value for each variable it needs', () => {
    const parsed = parse(document);
    expect(validate(schema, parsed)).toEqual([]);
    const { cost, depth } = costOf(schema, parsed, { variables });
    expect(cost).toBeLessThan(defaultLimits.complexityMax);
    expect(depth).toBeLessThanOrEqual(defaultLimits.depthMax);
    const needed = parsed.definitions.flatMap((definition) =>
      'variableDefinitions' in definition ? (definition.variableDefinitions ?? []) : [],
    );
    const names = needed
      .filter(({ type }) => type.kind === Kind.NON_NULL_TYPE)
      .map(({ variable }) => variable.name.value);
    expect(Object.keys(variables ?? {})).toEqual(expect.arrayContaining(names));
  });

  test('says its place in the order in its first line', () => {
    expect(document).toMatch(new RegExp(`^# ${Number(name.slice(0, 2))}\\. `));
  });
});
