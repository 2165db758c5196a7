/** Every text, id and cursor of every query and mutation, filled with junk: none of it is told as our own fault. */
import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';
import { expect, test } from 'vitest';
import { isNodeType } from '../../src/schema/ids.ts';
import { schema } from '../../src/schema/index.ts';
import { useApi } from './support/api.ts';
import { globalId, market } from './support/market.ts';

const api = useApi({ keepRows: true });
const shop = market(api);

const ID = '0199aaaa-0000-7000-8000-000000000000';
const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const JUNK = [
  '\u0000',
  'x'.repeat(5_000),
  "'; drop",
  '\ud800',
  cursor(8.64e15, ID),
  cursor(-8.64e15, ID),
  cursor(253_402_300_800_000, '\u0000'),
  cursor('\u0000', ID),
  globalId('Nope', ID),
  globalId('Edition', '\u0000'),
];

type Input = GraphQLArgument | GraphQLInputField;
type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

/** A value that would pass, by the name of its field; with only what is required. */
function plausible(input: Input, known: Record<string, Value>): Value {
  return ofType(input.type, (type) => {
    if (isInputObjectType(type)) {
      const required = Object.values(type.getFields()).filter(isRequiredInputField);
      return Object.fromEntries(required.map((field) => [field.name, plausible(field, known)]));
    }
    if (isEnumType(type)) return type.getValues()[0]?.name ?? null;
    if (type.name === 'Int' || type.name === 'SafeInt') return 1;
    if (type.name === 'Boolean') return true;
    return known[input.name] ?? 'x';
  });
}

type Bare = GraphQLNamedInputType;

function ofType(type: GraphQLInputType, make: (bare: Bare) => Value): Value {
  if (isNonNullType(type)) return ofType(type.ofType, make);
  return isListType(type) ? [ofType(type.ofType, make)] : make(getNamedType(type));
}

/** One value for every text in it, with junk in that place. */
function* spoiled(input: Input, junk: string, known: Record<string, Value>, at: string): Generator<[string, Value]> {
  const type = getNamedType(input.type);
  if (isLeafType(type) && (type.name === 'String' || type.name === 'ID' || type.name === 'DateTime')) {
    yield [at, ofType(input.type, () => junk)];
  }
  if (!isInputObjectType(type)) return;
  const required = Object.values(type.getFields()).filter(isRequiredInputField);
  const base = Object.fromEntries(required.map((field) => [field.name, plausible(field, known)]));
  for (const field of Object.values(type.getFields())) {
    for (const [place, value] of spoiled(field, junk, known, `${at}.${field.name}`)) {
      yield [place, ofType(input.type, () => ({ ...base, [field.name]: value }))];
    }
  }
}

function* operations(known: Record<string, Value>): Generator<{ place: string; query: string; variables: object }> {
  for (const [verb, root] of [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ] as const) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      if (field.args.length === 0) continue;
      const declared = field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ');
      const given = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
      const query = `${verb} (${declared}) { ${field.name}(${given}) { __typename } }`;
      const base = Object.fromEntries(
        field.args.filter((arg) => isNonNullType(arg.type)).map((arg) => [arg.name, plausible(arg, known)]),
      );
      for (const arg of field.args) {
        for (const junk of JUNK) {
          for (const [place, value] of spoiled(arg, junk, known, `${field.name}.${arg.name}`)) {
            yield {
              place: `${place} ${JSON.stringify(junk).slice(0, 40)}`,
              query,
              variables: { ...base, [arg.name]: value },
            };
          }
        }
      }
    }
  }
}

test(
  'no junk in any argument is told as INTERNAL, to nobody, an author or an admin',
  { timeout: 240_000 },
  async () => {
    const author = await api.signUp('AUTHOR');
    const admin = await api.signUp('ADMIN');
    const known = {
      editionId: await shop.draft(author.token),
      fileId: await shop.storedFile(author.id),
      currency: 'EUR',
      title: 'The Sea',
      email: 'ada@example.org',
      password: 'a long enough one',
      mediaType: 'application/epub+zip',
      sha256: 'a'.repeat(64),
      role: 'aut',
      idempotencyKey: ID,
      paymentToken: 'tok_ok',
    };
    const internal: string[] = [];
    const places = new Set<string>();
    for (const { place, query, variables } of operations(known)) {
      places.add(place.split(' ')[0] ?? '');
      for (const [who, token] of [['nobody'], ['author', author.token], ['admin', admin.token]] as const) {
        const text = await (await api.post(query, { ...variables }, token)).text();
        if (/"code":"INTERNAL|GRAPHQL_VALIDATION_FAILED/.test(text))
          internal.push(`${who}: ${place} ${text.slice(0, 200)}`);
      }
    }
    expect(internal).toEqual([]);
    expect(places.size).toBeGreaterThan(50);
  },
);

test('an id of a type that has no ids is told like other junk', async () => {
  for (const id of [globalId('Nope', ID), globalId('Run', ID), globalId('toString', ID), 'x']) {
    const { errors } = await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_ID' });
  }
  const nodes = nodeTypes();
  expect(nodes.length).toBeGreaterThan(5);
  expect(nodes.filter((name) => !isNodeType(name))).toEqual([]);
});

test('an id of nothing is answered as that of what is another’s, and is no line in the log', async () => {
  const author = await api.signUp('AUTHOR');
  const admin = await api.signUp('ADMIN');
  const query = 'query ($id: ID!) { node(id: $id) { id } }';
  const theirs = await api.ask(query, { id: globalId('User', admin.id) }, author.token);
  for (const name of nodeTypes()) {
    for (const token of [undefined, author.token, admin.token]) {
      const { data, errors } = await api.ask(query, { id: globalId(name, ID) }, token);
      expect([name, data, errors]).toEqual([name, theirs.data, undefined]);
    }
  }
  expect(theirs.data).toEqual({ node: null });
  expect(api.lines).toEqual([]);
});

function nodeTypes(): string[] {
  const node = schema.getType('Node');
  return isInterfaceType(node) ? schema.getPossibleTypes(node).map(({ name }) => name) : [];
}
