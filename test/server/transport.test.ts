import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { openEvents } from '../schema/support/event-source.ts';
import { ALLOWED_ORIGIN, useApi } from '../schema/support/api.ts';

const api = useApi({
  limits: { bodyBytesMax: 10_000, complexityMax: 500, depthMax: 5, aliasesMax: 5, tokensMax: 300 },
});
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const json = { 'content-type': 'application/json' };

const firstCode = async (response: Response) => (await response.json()).errors[0].extensions.code;

describe('a request', () => {
  test('is refused when its body is larger than the limit, told and chunked alike', async () => {
    const body = JSON.stringify({ query: '{ viewer { id } }', variables: { a: 'x'.repeat(20_000) } });
    const told = await fetch(`${api.url}/graphql`, { method: 'POST', headers: json, body });
    expect([told.status, await firstCode(told)]).toEqual([413, 'BODY_TOO_LARGE']);
    const chunked = request(`${api.url}/graphql`, { method: 'POST', headers: json });
    chunked.write(body.slice(0, 9_000));
    chunked.write(body.slice(9_000));
    const [response] = await once(chunked, 'response');
    expect(response.statusCode).toBe(413);
    chunked.destroy();
  });

  test('in a form of a foreign page is refused; our own header or JSON is taken', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const form = await fetch(`${api.url}/graphql`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    expect([form.status, await firstCode(form)]).toEqual([415, 'JSON_REQUIRED']);
    const own = await fetch(`${api.url}/graphql`, { method: 'POST', headers: { ...json, 'x-booky-hub': '1' }, body });
    expect(await own.json()).toMatchObject({ data: { __typename: 'Query' } });
  });

  test('may ask by GET but never do', async () => {
    const get = (query: string) => fetch(`${api.url}/graphql?query=${encodeURIComponent(query)}`);
    expect(await (await get('{ __typename }')).json()).toMatchObject({ data: { __typename: 'Query' } });
    const mutation = await get('mutation { signOut }');
    expect(mutation.status).toBe(405);
  });

  test('that is no JSON, no GraphQL or no operation gets a 4xx and no stack', async () => {
    const bodies = [
      '',
      '{',
      '[]',
      '"x"',
      '{"query":1}',
      '{"query":"{"}',
      '{"query":"{ nothing }"}',
      '{"query":""}',
      '[{"query":"{a}"}]',
    ];
    for (const body of bodies) {
      const headers = { ...json, accept: 'application/graphql-response+json' };
      const response = await fetch(`${api.url}/graphql`, { method: 'POST', headers, body });
      const text = await response.text();
      expect([body, response.status >= 400 && response.status < 500 ? 4 : response.status]).toEqual([body, 4]);
      expect(text).not.toMatch(/node_modules|\.ts:|\\n +at /);
    }
  });

  test('gets a requestId and headers that let no browser run what we send', async () => {
    const { headers } = await api.post('{ __typename }');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('to nowhere is told so', async () => {
    const response = await fetch(`${api.url}/wp-login.php`);
    expect([response.status, await firstCode(response)]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('CORS', () => {
  const preflight = (origin: string) =>
    fetch(`${api.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });

  test('allows the origins in the list, without credentials', async () => {
    const { status, headers } = await preflight(ALLOWED_ORIGIN);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  test.each(['https://evil.example.org', 'null', `${ALLOWED_ORIGIN}.evil.org`])(
    'reflects no other: %s',
    async (origin) => {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('limits', () => {
  test('tell what an operation costs', async () => {
    const { extensions } = await api.ask(
      '{ viewer { id name } healthHistory(first: 10) { edges { node { status } } } }',
    );
    expect(extensions).toMatchObject({ cost: { requested: 3 + 1 + 10 * 3, max: 500 } });
  });

  test.each([
    ['too dear', 'query ($n: Int = 100) { a: healthHistory(first: $n) { edges { node { checks { name } } } } }'],
    [
      'too deep',
      '{ runs(first: 1) { edges { node { timeline { type } } } } deadLetters(first: 1) { edges { node { run { timeline { type } } } } } }',
    ],
    ['too many aliases', `{ ${Array.from({ length: 6 }, (_, index) => `a${index}: __typename`).join(' ')} }`],
  ])('refuse what is %s before it runs', async (_why, query) => {
    const { data, errors } = await api.ask(query);
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'TOO_COMPLEX' });
  });

  test('refuse a document with too many tokens', async () => {
    const { errors } = await api.ask(`{ ${'__typename '.repeat(400)} }`);
    expect(errors?.[0]?.message).toContain('300 tokens');
  });

  test('cannot be passed by a fragment that spreads itself a thousandfold', async () => {
    const layers = Array.from({ length: 15 }, (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`);
    const { errors } = await api.ask(
      `{ ...F0 } ${layers.join(' ')} fragment F15 on Query { flowGraph { stages { id } } }`,
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'TOO_COMPLEX' });
  });
});

describe('errors', () => {
  test('of ours are told; what is unexpected is masked and found in the log by its requestId', async () => {
    const { token } = await api.signUp('ADMIN');
    const broken = vi.spyOn(api.services.flowGraph, 'workflows', 'get').mockImplementation(() => {
      throw new Error('select secret from "user"');
    });
    const { errors } = await api.ask('{ flowGraph { name } }', {}, token);
    broken.mockRestore();
    expect(errors?.[0]?.message).not.toContain('select');
    const requestId = errors?.[0]?.extensions?.['requestId'];
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL' });
    expect(api.lines.find(({ fields }) => 'requestId' in fields && fields.requestId === requestId)).toBeDefined();
  });

  test.each([
    ['told', `00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
    ['malformed', `00-${TRACE}-01`, undefined],
  ])('that are unexpected are found in the log by the trace of the request: %s', async (_how, traceparent, logged) => {
    const { token } = await api.signUp('ADMIN');
    const broken = vi.spyOn(api.services.flowGraph, 'workflows', 'get').mockImplementation(() => {
      throw new Error('out of order');
    });
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, traceparent },
      body: JSON.stringify({ query: '{ flowGraph { name } }' }),
    });
    await response.text();
    broken.mockRestore();
    const requestId = response.headers.get('x-request-id');
    const line = api.lines.find(({ fields }) => 'requestId' in fields && fields.requestId === requestId);
    expect(line?.fields).toMatchObject({ requestId, traceId: logged });
  });

  test('of an id or a cursor say what to do', async () => {
    const { token } = await api.signUp('ADMIN');
    const id = await api.ask('{ node(id: "x") { id } }');
    expect(id.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_ID' });
    const cursor = await api.ask('{ runs(first: 1, after: "x") { nodes { id } } }', {}, token);
    expect(cursor.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_ID' });
    const first = await api.ask('{ runs(first: 0) { nodes { id } } }', {}, token);
    expect(first.errors?.[0]?.extensions).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'first' }] });
  });
});

describe('pages and probes', () => {
  test('GraphiQL comes from us alone, compressed, with the examples in its tabs', async () => {
    const page = () => fetch(`${api.url}/graphql`, { headers: { accept: 'text/html' } });
    const [first, second] = await Promise.all([page(), page()]);
    const html = await first.text();
    const nonce = /<script nonce="([^"]+)" src="(\/graphql\/graphiql\.js)"><\/script>/.exec(html)?.[1];
    expect(first.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`);
    expect(await second.text()).not.toContain(nonce);
    expect(html).not.toMatch(/<script(?! nonce)|<style|\sstyle=|https?:/);
    const plain = await (await fetch(`${api.url}/graphql/graphiql.js`)).text();
    expect(plain).toContain('SignUpAuthor');
    const raw = request(`${api.url}/graphql/graphiql.js`, { headers: { 'accept-encoding': 'gzip' } }).end();
    const [zipped] = await once(raw, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of zipped) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    expect(body.length).toBeLessThan(3_500_000);
    expect(gunzipSync(body).toString()).toBe(plain);
  });

  test('/healthz says that the process lives, /readyz what it can reach', async () => {
    expect(await (await fetch(`${api.url}/healthz`)).json()).toEqual({ status: 'UP' });
    const ready = await fetch(`${api.url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'UP', checks: { database: 'UP', redis: 'UP', migrations: 'UP', stopping: 'NO' } },
    ]);
  });

  test.each(['/app/../../package.json', '/app/..%2f..%2fpackage.json', '/app/%00', '/app/%', '/app/.env'])(
    'serves nothing outside of its folder: %s',
    async (path) => {
      const raw = request({ ...addressOf(api.url), path }).end();
      const [response] = await once(raw, 'response');
      expect(response.statusCode).toBe(404);
      response.resume();
    },
  );
});

test('stopping ends subscriptions with a code that says where to go on, and closes in time', async () => {
  const events = await openEvents(api.url, 'subscription { health { seq } }', {});
  expect(await events.next()).toMatchObject({ data: { health: { seq: 0 } } });
  const stopped = api.server.stop(5_000);
  expect(await events.next()).toMatchObject({ errors: [{ extensions: { code: 'RESUME', lastSeq: 0 } }] });
  expect(await events.next()).toBeNull();
  await stopped;
  await expect(fetch(`${api.url}/healthz`)).rejects.toThrow('fetch failed');
});

const addressOf = (url: string) => ({ hostname: new URL(url).hostname, port: new URL(url).port });
