/**
 * The kinds of requests that are tried, each made by chance from a seed and its number.
 *
 * Promise: the same seed and number give the same request, whatever came before, so that one can be tried alone.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { getNamedType, isCompositeType, isObjectType, isRequiredArgument } from 'graphql';
import { type Root, type Source, writeOperation, type Written } from './grammar.ts';

export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  /** Nothing of it may run: an answer with data would be a fault. */
  readonly mustBeRefused: boolean;
}

type Maker = (source: Source) => FuzzRequest;

const JSON_TYPE = { 'content-type': 'application/json' };

export const kinds: Readonly<Record<string, Maker>> = {
  sound: (source) => post(sound(source)),
  'almost sound': (source) => {
    const written = sound(source);
    return post({ ...written, query: slip(source, written.query) });
  },
  deep: (source) => post({ query: deep(source, source.random.whole(14, 150)) }, true),
  wide: (source) => post({ query: wide(source) }, true),
  fragments: (source) => post({ query: fragments(source) }, true),
  directives: (source) => post({ query: directives(source) }),
  'huge variables': (source) => {
    const query = JSON.stringify(sound(source).query);
    return { ...post({}), body: `{"query":${query},"variables":${huge(source)}}` };
  },
  'wrong types': (source) => post(wrongTypes(source)),
  'unknown names': (source) => post(unknownNames(source), true),
  unicode: (source) => post(unicode(source)),
  numbers: (source) => post({ query: numbers(source) }),
  introspection: (source) => post({ query: introspection(source) }),
  'broken JSON': ({ random, ...source }) => {
    const whole = JSON.stringify({ ...sound({ random, ...source }), root: undefined });
    return { ...post({}, true), body: random.pick(BROKEN)(whole, random.whole(1, whole.length - 1)) };
  },
  'other JSON': (source) => ({ ...post({}, true), body: source.random.pick(OTHER) }),
  batch: (source) => {
    const many = Array.from({ length: source.random.whole(1, 20) }, () => ({ ...sound(source), root: undefined }));
    return { ...post({}, true), body: JSON.stringify(many) };
  },
  forms: (source) => form(source),
  persisted: (source) => persisted(source),
  'by GET': (source) => byGet(source),
  events: (source) => {
    const written = writeOperation(source, source.random.pick(ROOTS), { fields: 3, depth: 3 });
    return { ...post(written), headers: { ...JSON_TYPE, accept: 'text/event-stream' } };
  },
  headers: (source) => oddHeaders(source),
};

const ROOTS: readonly Root[] = ['query', 'query', 'query', 'mutation', 'subscription'];

const post = (body: object, mustBeRefused = false): FuzzRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: JSON_TYPE,
  // Nothing is sent of how it was made.
  body: JSON.stringify({ ...body, root: undefined }),
  mustBeRefused,
});

const sound = (source: Source): Written =>
  writeOperation(source, source.random.pick(ROOTS), {
    fields: source.random.whole(1, 5),
    depth: source.random.whole(1, 5),
  });

const SIGNS = ['{', '}', '(', ')', '...', '@', '$', '!', ':', '"', '"""', '#', '\\', '&', '|', '[', ']', '0', 'é', ','];

function slip({ random }: Source, text: string): string {
  const at = random.whole(0, text.length - 1);
  const before = text.slice(0, at);
  return random.pick([
    () => before + text.slice(at + 1),
    () => before + random.pick(SIGNS) + text.slice(at),
    () => text.slice(at),
    () => before,
    () => before + text.slice(at, at + 5) + text.slice(at),
    () => text.replace(/\w+(?= \{)/, (name) => `${name}s`),
    () => text.toUpperCase(),
  ])();
}

/** Fields within fields, as deep as it says. */
function deep({ schema, random }: Source, depth: number): string {
  const walk = (typeName: string, left: number): string => {
    const type = schema.getType(typeName);
    const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
    const inner = fields.filter((field) => isCompositeType(getNamedType(field.type)));
    const loops = inner.filter(
      (field) => !field.args.some(isRequiredArgument) || field.args[0]?.name === 'first' || left > 0,
    );
    if (left === 0 || loops.length === 0) return left === 0 ? '{ __typename }' : `{ id ${chain(left)} }`;
    const field = random.pick(loops);
    const first = field.args.some(({ name }) => name === 'first') ? '(first: 1)' : '';
    return `{ ${field.name}${first} ${walk(getNamedType(field.type).name, left - 1)} }`;
  };
  const chain = (left: number): string => 'edition { '.repeat(left) + 'id' + ' }'.repeat(left);
  return `query ${walk('Query', depth)}`;
}

/** More aliases or more words than a document may have. */
function wide({ random }: Source): string {
  const count = random.whole(31, 400);
  return random.pick([
    () => `{ ${Array.from({ length: count }, (_, at) => `a${at}: __typename`).join(' ')} }`,
    () => `{ ${Array.from({ length: count }, (_, at) => `a${at}: catalogue(first: 100) { nodes { id } }`).join(' ')} }`,
    () => `{ ${'__typename '.repeat(2_000 + count)} }`,
    () =>
      `{ catalogue(first: 100) { nodes { work { title } } } ${Array.from({ length: count }, (_, at) => `e${at}: edition(id: "x") { id }`).join(' ')} }`,
    () => `query(${Array.from({ length: count * 5 }, (_, at) => `$v${at}: Int`).join(' ')}) { __typename }`,
  ])();
}

function fragments({ random }: Source): string {
  const layers = random.whole(16, 60);
  const doubled = Array.from({ length: layers }, (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`);
  const ring = Array.from({ length: layers }, (_, at) => `fragment F${at} on Query { ...F${(at + 1) % layers} }`);
  return random.pick([
    () => `{ ...F0 } ${doubled.join(' ')} fragment F${layers} on Query { flowGraph { stages { id } } }`,
    () => `{ ...F0 } ${ring.join(' ')}`,
    () => '{ ...F0 } fragment F0 on Query { ...F0 }',
    () => '{ ...Nothing }',
    () => '{ __typename } fragment Unused on Query { __typename }',
    () => '{ ...A } fragment A on Query { __typename } fragment A on Query { __typename }',
    () => '{ ...A } fragment A on Nothing { __typename }',
    () => '{ ...A } fragment A on Edition { id }',
    () => `{ ${'... on Query { '.repeat(900)}__typename${' }'.repeat(900)}`,
    () => 'fragment on on on { on }',
  ])();
}

function directives({ random }: Source): string {
  const many = random.whole(2, 600);
  return random.pick([
    `{ __typename ${'@include(if: true) '.repeat(many)}}`,
    `{ __typename @nothing(of: [${'1,'.repeat(many)}]) }`,
    'query @include(if: true) { __typename }',
    '{ ... @defer(label: "x") { health { seq } } }',
    '{ flowGraph @stream(initialCount: 1) { name } }',
    'query ($v: Boolean! @deprecated) { __typename @skip(if: $v) }',
    '{ __typename @skip(if: "yes") @skip }',
    '{ __typename @include(if: null) }',
    `{ ${'... @include(if: true) { '.repeat(many)}__typename${' }'.repeat(many)} }`,
  ]);
}

/** As JSON text: nested so deep that nothing of ours could write it. */
function huge({ random }: Source): string {
  const size = random.whole(1_000, 60_000);
  const deepSize = random.whole(10, 20_000);
  return random.pick([
    () => JSON.stringify({ v0: 'x'.repeat(size), v1: 'y'.repeat(size) }),
    () => JSON.stringify(Object.fromEntries(Array.from({ length: size / 10 }, (_, at) => [`v${at}`, at]))),
    () => `{"v0":[${'0,'.repeat(size)}0],"v1":[${'null,'.repeat(size)}null]}`,
    () =>
      `{"v0":${'['.repeat(deepSize)}${']'.repeat(deepSize)},"v1":${'{"a":'.repeat(deepSize)}1${'}'.repeat(deepSize)}}`,
    () => '{"v0":1e308,"v1":-1e999,"v2":1e-400,"v3":9007199254740993}',
    () => '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}},"v0":{"__proto__":1}}',
    () => `[${'{},'.repeat(size / 100)}{}]`,
  ])();
}

const WRONG: readonly unknown[] = [null, 0, -1, 1.5, '', 'x', true, [], {}, [[]], [null], { a: 1 }, '🙂', '0', 1e21];

function wrongTypes(source: Source): object {
  const { random } = source;
  const written = sound(source);
  const variables = Object.fromEntries(Object.keys(written.variables).map((name) => [name, random.pick(WRONG)]));
  if (Object.keys(variables).length > 0) return { query: written.query, variables };
  const values = ['null', '-1', '1.5', '""', 'true', '[]', '{}', '[[1]]', '{ a: 1 }', 'WORD', '$nothing'];
  return {
    query: written.query.replaceAll(/: (?:"[^"\\]*"|\d+|[A-Z_]+)(?=[,)\s])/g, () => `: ${random.pick(values)}`),
  };
}

const NAMES = ['passwords', 'users', 'secrets', '__secret', 'admin', 'constructor', 'toString', '__proto__', 'viewers'];

function unknownNames({ random }: Source): object {
  const name = random.pick(NAMES);
  return random.pick([
    { query: `{ ${name} }` },
    { query: `{ viewer { id ${name} } }` },
    { query: `{ catalogue(first: 1, ${name}: 1) { nodes { id } } }` },
    { query: `{ catalogue(first: 1, orderBy: ${name}) { nodes { id } } }` },
    { query: `{ catalogue(first: 1, filter: { ${name}: 1 }) { nodes { id } } }` },
    { query: `query ($v: ${name}) { __typename }` },
    { query: `mutation { ${name} { id } }` },
    { query: `{ ... on ${name} { id } }` },
    { query: '{ __typename }', operationName: name },
    { query: `subscription { ${name} }` },
  ]);
}

const SCRIPTS = [
  '\ufeff',
  '\u0000',
  '\ud800',
  '\udfff',
  '\u2028',
  '\u202e',
  '\u00a0',
  '👩‍👩‍👧',
  'ﬀ',
  'İ',
  '\u0301'.repeat(40),
  '\uffff',
];

function unicode(source: Source): object {
  const { random } = source;
  const sign = random.pick(SCRIPTS);
  const text = `${sign}a${sign}`;
  return random.pick([
    { query: `${sign}{ __typename }` },
    { query: `{ ${sign}: __typename }` },
    { query: `{ __typename # ${sign}\n }` },
    { query: `{ catalogue(first: 1, filter: { text: ${JSON.stringify(text)} }) { nodes { id } } }` },
    { query: `{ catalogue(first: 1, filter: { text: """${text}""" }) { nodes { id } } }` },
    {
      query: 'query ($v: String!) { catalogue(first: 1, filter: { text: $v }) { nodes { id } } }',
      variables: { v: text },
    },
    { query: 'query ($v: String!) { catalogue(first: 1, after: $v) { nodes { id } } }', variables: { v: text } },
    { query: 'query ($v: ID!) { node(id: $v) { id } }', variables: { v: text } },
    { query: 'query ($v: String!) { run(id: $v) { id } }', variables: { v: text } },
    { query: '{ a: __typename(x: "\\uD83D \\u{110000} \\uDEAD") }' },
    { query: 'mutation ($v: String!) { createDraft(input: { title: $v }) { __typename } }', variables: { v: text } },
    { query: '{ __typename }', operationName: text },
  ]);
}

const NUMBERS = [
  '-1',
  '0',
  '00',
  '1e400',
  '-1e400',
  '2147483648',
  '-2147483649',
  '9'.repeat(400),
  '0.1',
  '1.',
  '.5',
  '1_0',
  '0x10',
  'NaN',
  '1e-400',
  '101',
  '-0',
];

function numbers({ random }: Source): string {
  const number = random.pick(NUMBERS);
  return random.pick([
    `{ catalogue(first: ${number}) { nodes { id } } }`,
    `query ($n: Int = ${number}) { catalogue(first: $n) { nodes { id } } }`,
    `subscription { health(after: ${number}) { seq } }`,
    `{ runs(first: ${number}) { nodes { id } } }`,
    `mutation { setPrices(input: { editionId: "x", prices: [{ amountMinor: ${number}, currency: "EUR" }] }) { __typename } }`,
    `{ node(id: ${number}) { id } }`,
    `{ catalogue(first: 1, after: ${number}) { nodes { id } } }`,
  ]);
}

function introspection({ random }: Source): string {
  const depth = random.whole(1, 120);
  return random.pick([
    '{ __schema { types { name fields { name args { name defaultValue } } } } }',
    `{ __type(name: "Query") { ${'ofType { '.repeat(depth)}name${' }'.repeat(depth)} } }`,
    `{ __schema { types { ${'fields { type { '.repeat(depth)}name${' } }'.repeat(depth)} } } }`,
    '{ __type(name: "\\u0000") { name } }',
    '{ __schema { directives { name args { type { kind } } } queryType { name } } __typename }',
    '{ __type { name } }',
    '{ __schema { nothing } }',
  ]);
}

const BROKEN: readonly ((whole: string, at: number) => string | Buffer)[] = [
  (whole, at) => whole.slice(0, at),
  (whole, at) => whole.slice(at),
  (whole) => whole.replaceAll('"', "'"),
  (whole) => `// comment\n${whole}`,
  (whole) => `${whole}${whole}`,
  (whole) => `\ufeff${whole}\u0000`,
  (whole) => whole.replace('{', '{,'),
  (_whole, at) => '['.repeat(at * 50),
  (_whole, at) => '{"query":'.repeat(at),
  (whole, at) => Buffer.concat([Buffer.from(whole.slice(0, at)), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"')]),
  () => '',
];

const OTHER = [
  'null',
  '1',
  '"{ __typename }"',
  'true',
  '[]',
  '{}',
  '[[]]',
  '{"query":null}',
  '{"query":1}',
  '{"query":[]}',
  '{"query":""}',
  '{"query":{"toString":1}}',
  '{"query":"{ __typename }","variables":"x"}',
  '{"query":"{ __typename }","variables":[1]}',
  '{"query":"{ __typename }","operationName":1}',
  '{"query":"{ __typename }","extensions":"x"}',
  '{"mutation":"{ x }"}',
  '{"query":"{ __typename }","operationName":"Other"}',
  '{"query":"# nothing"}',
  '{"query":"type A { a: Int }"}',
  '{"query":"extend type Query { a: Int }"}',
  '{"query":"query A { __typename } query B { __typename }"}',
  '{"id":"x"}',
  '{"documentId":"x"}',
  '{"query":"query A { __typename } query A { __typename }","operationName":"A"}',
];

const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'application/graphql',
  'text/html',
  'application/xml',
  '',
];

function form(source: Source): FuzzRequest {
  const { random } = source;
  const written = JSON.stringify({ ...sound(source), root: undefined });
  const parts = `--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${written}\r\n--b\r\ncontent-disposition: form-data; name="map"\r\n\r\n{"0":["variables.file"]}\r\n--b\r\ncontent-disposition: form-data; name="0"; filename="a"\r\n\r\nx\r\n--b--\r\n`;
  const isZipped = random.next() < 0.2;
  const type = random.pick(TYPES);
  return {
    method: 'POST',
    path: '/graphql',
    headers: isZipped ? { ...JSON_TYPE, 'content-encoding': 'gzip' } : type === '' ? {} : { 'content-type': type },
    body: isZipped ? gzipSync(written) : random.pick([written, parts, `query=${encodeURIComponent('{ __typename }')}`]),
    mustBeRefused: true,
  };
}

function persisted(source: Source): FuzzRequest {
  const { random } = source;
  const { query, variables } = writeOperation(source, 'query', { fields: 3, depth: 3 });
  const sha256Hash = random.pick([
    createHash('sha256').update(query).digest('hex'),
    'f'.repeat(64),
    '',
    'x',
    '../../x',
  ]);
  const persistedQuery = random.pick<unknown>([
    { version: 1, sha256Hash },
    { version: 2, sha256Hash },
    { sha256Hash: 1 },
    null,
    'x',
  ]);
  return post({ ...(random.next() < 0.5 && { query, variables }), extensions: { persistedQuery } });
}

function byGet(source: Source): FuzzRequest {
  const { random } = source;
  const { query, variables, root } = sound(source);
  const asked = new URLSearchParams({
    query,
    variables: random.next() < 0.8 ? JSON.stringify(variables) : random.pick(OTHER),
  });
  const odd = [
    '?query',
    '?query=%',
    '?query=%ff%fe',
    '?query={__typename}&query={__typename}',
    `?query=${'a'.repeat(9_000)}`,
    '?extensions={}&documentId=x',
  ];
  const isOdd = random.next() < 0.2;
  return {
    method: random.next() < 0.9 ? 'GET' : 'HEAD',
    path: `/graphql${isOdd ? random.pick(odd) : `?${asked}`}`,
    headers: {
      accept: random.pick(['application/json', '*/*', 'application/graphql-response+json', 'text/event-stream']),
    },
    body: null,
    mustBeRefused: !isOdd && root === 'mutation',
  };
}

const METHODS = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

function oddHeaders(source: Source): FuzzRequest {
  const { random } = source;
  const sent = post(sound(source));
  const odd: Record<string, string> = random.pick([
    {
      accept: random.pick([
        'text/html',
        'image/png',
        '',
        ';;;',
        'application/json;q=0',
        'multipart/mixed',
        'a/b,'.repeat(500),
      ]),
    },
    {
      authorization: random.pick([
        'Bearer',
        `Bearer ${'x'.repeat(8_000)}`,
        'Basic !!!',
        'Basic Og==',
        'Bearer \u00ff',
        'Negotiate x',
      ]),
    },
    { 'last-event-id': random.pick(['-1', '1e9', 'x', '999999999999']) },
    { 'x-forwarded-for': "' or 1=1, ::1, <script>" },
    { cookie: 'a=b; '.repeat(100) },
    { origin: 'https://evil.example.org' },
    { host: 'evil.example.org' },
    { 'content-type': 'application/json; charset=utf-16' },
    { expect: '100-continue' },
    { 'x-request-id': 'forged', traceparent: 'x' },
  ]);
  const method = random.next() < 0.2 ? random.pick(METHODS) : 'POST';
  return {
    ...sent,
    method,
    headers: { ...sent.headers, ...odd },
    mustBeRefused: method !== 'POST' || 'cookie' in odd || 'origin' in odd,
  };
}
