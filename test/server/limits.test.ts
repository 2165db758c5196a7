/** Every limit holds on every way in: POST, GET, server-sent events and WebSockets. */
import { createClient } from 'graphql-ws';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { getIntrospectionQuery, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import { schema } from '../../src/schema/index.ts';
import { loadOperations, OperationsError } from '../../src/server/operations.ts';
import { openEvents } from '../schema/support/event-source.ts';
import { useApi } from '../schema/support/api.ts';

const errorSchema = z.object({ message: z.string(), extensions: z.looseObject({ code: z.string() }) });
const errorsSchema = z.object({ errors: z.array(errorSchema).min(1) });
type Params = Record<string, unknown>;
type Ask = (url: string, params: Params, token?: string) => Promise<unknown>;
const bearer = (token?: string): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {});

const WAYS: Record<string, Ask> = {
  POST: async (url, params, token) => {
    const headers = { 'content-type': 'application/json', ...bearer(token) };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(params) });
    return response.json();
  },
  GET: async (url, params, token) => {
    const words = Object.entries(params).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    const response = await fetch(`${url}/graphql?${new URLSearchParams(Object.fromEntries(words)).toString()}`, {
      headers: bearer(token),
    });
    return response.json();
  },
  SSE: async (url, params, token) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...bearer(token) };
    const leaving = new AbortController();
    const { signal } = leaving;
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(params), signal });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (/^data: ?\{.*\n\n|^\{.*\}$/m.test(text)) break;
    }
    leaving.abort();
    return JSON.parse(/^(?:data: ?)?(\{.*)$/m.exec(text)?.[1] ?? '{}');
  },
  WebSocket: async (url, params, token) => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: bearer(token),
      retryAttempts: 0,
    });
    const asked = { query: '', ...params };
    const result: unknown = await client
      .iterate(asked)
      .next()
      .then(
        ({ value }): unknown => value,
        (errors: unknown) => ({ errors }),
      );
    await client.dispose();
    return result;
  },
};
const ways = Object.entries(WAYS);
const firstError = (answer: unknown) => errorsSchema.parse(answer).errors[0];

const limits = {
  complexityMax: 500,
  depthMax: 5,
  aliasesMax: 5,
  directivesMax: 5,
  repeatsMax: 5,
  tokensMax: 300,
  subscriptionsMax: 2,
};

describe('limits', () => {
  const api = useApi({ limits: { ...limits, costPerMinuteMax: 2_000 } });
  const many = (count: number, word: (at: number) => string) =>
    Array.from({ length: count }, (_none, at) => word(at)).join(' ');
  const documents: [string, string, string][] = [
    ['too dear', 'query ($n: Int = 100) { healthHistory(first: $n) { nodes { checks { name } } } }', 'TOO_COMPLEX'],
    ['too deep', '{ catalogue(first: 1) { nodes { work { editions { work { editions { id } } } } } } }', 'TOO_COMPLEX'],
    ['too many aliases', `{ ${many(6, (at) => `a${at}: __typename`)} }`, 'TOO_COMPLEX'],
    ['too many directives', `{ ${many(3, () => '__typename @skip(if: false) @include(if: true)')} }`, 'TOO_COMPLEX'],
    ['the same again and again', `{ ${many(6, () => 'viewer { id }')} }`, 'TOO_COMPLEX'],
    ['too many tokens', `{ ${many(400, () => '__typename')} }`, 'GRAPHQL_PARSE_FAILED or BAD_REQUEST'],
    ['too large a page', '{ catalogue(first: 101) { nodes { id } } }', 'VALIDATION'],
  ];

  describe.each(ways)('over %s', (_way, ask) => {
    test.each(documents)('refuse what is %s', async (_what, query, code) => {
      const error = firstError(await ask(api.url, { query }));
      expect(code.split(' or ')).toContain(error?.extensions.code);
    });

    test('give one caller so much a minute, and say how long to wait', async () => {
      const { token } = await api.signUp();
      const query = '{ healthHistory(first: 100) { nodes { slot status createdAt } } }';
      const told = z.object({
        extensions: z.object({ cost: z.object({ perMinute: z.object({ left: z.number() }) }) }),
      });
      const first = await ask(api.url, { query }, token);
      expect(told.parse(first).extensions.cost.perMinute.left).toBe(2_000 - 401);
      for (let at = 0; at < 3; at++) await ask(api.url, { query }, token);
      const refused = firstError(await ask(api.url, { query }, token));
      expect(refused?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    });
  });

  test.each(['SSE', 'WebSocket'])('hold for a live subscription over %s', async (way) => {
    const wide = `subscription { health { ${many(6, () => 'seq @skip(if: false)')} } }`;
    expect(firstError(await WAYS[way]?.(api.url, { query: wide }))?.extensions.code).toBe('TOO_COMPLEX');
    const deep = 'subscription { health { report { checks { name } } } }';
    expect(await WAYS[way]?.(api.url, { query: deep })).toMatchObject({ data: { health: { report: null } } });
  });

  test('count the subscriptions of a caller over both transports together', async () => {
    const { token } = await api.signUp();
    const query = 'subscription { health { seq } }';
    const events = await openEvents(api.url, query, { token });
    await events.next();
    const client = createClient({
      url: `${api.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: bearer(token),
    });
    const socket = client.iterate({ query });
    await socket.next();
    for (const way of ['SSE', 'WebSocket']) {
      expect(firstError(await WAYS[way]?.(api.url, { query }, token))?.extensions.code).toBe('OVERLOADED');
    }
    events.close();
    await socket.return?.();
    await client.dispose();
    await vi.waitFor(() => expect(api.server.subscriptionCount()).toBe(0), 5_000);
  });

  test('bound every page of the schema, and there is no list of nodes by ids', () => {
    const pages = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type) || isInterfaceType(type)
        ? Object.values(type.getFields()).filter((field) => getNamedType(field.type).name.endsWith('Connection'))
        : [],
    );
    expect(
      pages.filter((field) => !field.args.some(({ name, type }) => name === 'first' && String(type) === 'Int!')),
    ).toEqual([]);
    expect(schema.getQueryType()?.getFields()['nodes']).toBeUndefined();
  });
});

describe('introspection', () => {
  const api = useApi();
  const costSchema = z.object({ extensions: z.object({ cost: z.object({ requested: z.number() }) }) });

  test.each(ways)('is paid for over %s', async (_way, ask) => {
    const cost = async (query: string) => costSchema.parse(await ask(api.url, { query })).extensions.cost.requested;
    expect(await cost(getIntrospectionQuery())).toBe(1_000);
    expect(await cost('{ a: __type(name: "Edition") { name } b: __type(name: "Work") { name } }')).toBe(200);
    expect(await cost('{ __typename }')).toBe(0);
  });

  test.each(ways)('cannot be multiplied by aliases over %s', async (_way, ask) => {
    for (const query of [
      '{ a: __schema { types { name } } b: __schema { types { name } } }',
      '{ __schema { types { fields { a: type { name } b: type { name } } } } }',
      '{ __schema { types { ...T } } } fragment T on __Type { a: ofType { name } b: ofType { name } }',
    ]) {
      expect(firstError(await ask(api.url, { query }))?.extensions.code).toBe('TOO_COMPLEX');
    }
  });
});

describe('introspection that is turned off', () => {
  const api = useApi({ server: { introspection: false } });

  test.each(ways)('is refused over %s, and no error tells a name', async (_way, ask) => {
    const refused = firstError(await ask(api.url, { query: '{ __schema { types { name } } }' }));
    expect(refused?.message).toContain('introspection');
    const misspelt = firstError(await ask(api.url, { query: '{ catalog { nodes { id } } }' }));
    expect(misspelt?.message).not.toContain('catalogue');
    expect(await ask(api.url, { query: '{ __typename }' })).toMatchObject({ data: { __typename: 'Query' } });
  });
});

const VIEWER = 'query Viewer { viewer { id } }';
const HEALTH = 'subscription Health { health { seq } }';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'booky-operations-'));
writeFileSync(join(folder, 'viewer.graphql'), VIEWER);
const manifest = join(folder, 'manifest.json');
writeFileSync(manifest, JSON.stringify({ [hashOf(VIEWER)]: VIEWER, [hashOf(HEALTH)]: HEALTH }));

describe('persisted operations as the only ones', () => {
  const api = useApi({ server: { operations: loadOperations(manifest, true, schema) } });

  test.each(ways)('are taken by hash and by text over %s, and no other is', async (_way, ask) => {
    const given = { data: { viewer: null } };
    expect(await ask(api.url, { query: VIEWER })).toMatchObject(given);
    expect(await ask(api.url, { documentId: `sha256:${hashOf(VIEWER)}` })).toMatchObject(given);
    const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(VIEWER) } } };
    expect(await ask(api.url, persisted)).toMatchObject(given);
    const other = firstError(await ask(api.url, { query: '{ viewer { id name } }' }));
    expect(other?.extensions.code).toBe('OPERATION_NOT_ALLOWED');
    const unknown = { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } };
    expect(firstError(await ask(api.url, unknown))?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test('are watched by hash as well', async () => {
    const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(HEALTH) } } };
    for (const way of ['SSE', 'WebSocket']) {
      expect(await WAYS[way]?.(api.url, persisted)).toMatchObject({ data: { health: { seq: 0 } } });
    }
  });

  test.each(['application/graphql', 'application/x-www-form-urlencoded', 'application/graphql+json'])(
    'are the only ones in a body of %s too',
    async (type) => {
      const query = '{ viewer { id name } }';
      const body = type.endsWith('json')
        ? JSON.stringify({ query })
        : type.endsWith('graphql')
          ? query
          : `query=${encodeURIComponent(query)}`;
      const headers = { 'content-type': type, 'x-booky-hub': '1' };
      const response = await fetch(`${api.url}/graphql`, { method: 'POST', headers, body });
      expect(firstError(await response.json())?.extensions.code).toBe('OPERATION_NOT_ALLOWED');
    },
  );
});

describe('persisted operations', () => {
  const api = useApi({ server: { operations: loadOperations(folder, false, schema) } });

  test('leave others free unless they are to be the only ones', async () => {
    expect(await WAYS['POST']?.(api.url, { query: '{ viewer { id name } }' })).toMatchObject({
      data: { viewer: null },
    });
    const persisted = { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(VIEWER) } } };
    expect(await WAYS['POST']?.(api.url, persisted)).toMatchObject({ data: { viewer: null } });
  });

  test('that do not fit the schema, or their hash, are refused at the start, by name', () => {
    const faulty = mkdtempSync(join(tmpdir(), 'booky-operations-'));
    writeFileSync(join(faulty, 'old.graphql'), '{ nothing }');
    expect(() => loadOperations(faulty, true, schema)).toThrow('old.graphql does not fit the schema');
    writeFileSync(join(faulty, 'manifest.json'), JSON.stringify({ [hashOf('a')]: VIEWER }));
    expect(() => loadOperations(join(faulty, 'manifest.json'), true, schema)).toThrow('has another SHA-256');
    expect(() => loadOperations(join(faulty, 'nowhere'), true, schema)).toThrow(OperationsError);
  });
});
