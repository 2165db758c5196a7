/** A schema in which somebody forgot to say who may see a thing does not build. */
import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { drizzle } from 'drizzle-orm/postgres-js';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { relations } from '../../src/db/relations.ts';
import rules, { RuleMissingError } from '../../src/schema/rules.ts';

function open() {
  const builder = new SchemaBuilder<{ AuthScopes: { anyone: boolean } }>({
    plugins: [ScopeAuthPlugin, rules, RelayPlugin],
    scopeAuth: { authScopes: () => ({ anyone: () => true }) },
    // Never asked: the types of the project's plugins are those of all its builders.
    drizzle: { client: drizzle.mock({ relations }), getTableConfig, relations },
    relay: { nodeQueryOptions: false, nodesQueryOptions: false, pageInfoTypeOptions: { carried: true } },
  });
  builder.queryType({ fields: (t) => ({ one: t.int({ authScopes: { anyone: true }, resolve: () => 1 }) }) });
  return builder;
}

test('builds when everything has a rule', () => {
  const builder = open();
  const Carried = builder.objectRef<{ a: number }>('Carried').implement({
    carried: true,
    fields: (t) => ({ a: t.exposeInt('a') }),
  });
  builder.queryField('carried', (t) =>
    t.field({ type: Carried, authScopes: { anyone: true }, resolve: () => ({ a: 1 }) }),
  );
  expect(() => builder.toSchema()).not.toThrow();
});

test.each(['queryField', 'mutationField', 'subscriptionField'] as const)('refuses a %s without a rule', (kind) => {
  const builder = open();
  builder.mutationType({});
  builder.subscriptionType({});
  if (kind === 'queryField') builder.queryField('open', (t) => t.int({ resolve: () => 1 }));
  if (kind === 'mutationField') builder.mutationField('open', (t) => t.int({ resolve: () => 1 }));
  if (kind === 'subscriptionField') {
    builder.subscriptionField('open', (t) => t.int({ subscribe: async function* () {}, resolve: () => 1 }));
  }
  expect(() => builder.toSchema()).toThrow(RuleMissingError);
});

test('refuses a rule that names nobody', () => {
  const builder = open();
  builder.queryField('open', (t) => t.int({ authScopes: {}, resolve: () => 1 }));
  expect(() => builder.toSchema()).toThrow('Query.open does not say who may use it');
});

test('refuses an object type without a rule, and a node that says it is carried', () => {
  const bare = open();
  bare.objectRef<{ a: number }>('Bare').implement({ fields: (t) => ({ a: t.exposeInt('a') }) });
  expect(() => bare.toSchema()).toThrow('Bare does not say who may see it');
  const node = open();
  node.node(node.objectRef<{ id: string }>('Thing'), {
    carried: true,
    id: { resolve: ({ id }) => id },
    fields: () => ({}),
  });
  expect(() => node.toSchema()).toThrow('Thing has a global id, so it cannot be carried');
});
