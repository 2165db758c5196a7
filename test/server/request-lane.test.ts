import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSeats } from '../../src/schema/seats.ts';
import { SharedAnswers } from '../../src/server/shared-answers.ts';
import { createBudget } from '../../src/server/budget.ts';
import { createGraphqlServer } from '../../src/server/graphql.ts';
import { parseTarget, readBody } from '../../src/server/http.ts';
import { openRequestLane } from '../../src/server/request-lane.ts';
import { useApi } from '../schema/support/api.ts';
import { market, PLACE_ORDER } from '../schema/support/market.ts';

const api = useApi({
  limits: { complexityMax: 2_000, depthMax: 8, aliasesMax: 5, tokensMax: 300 },
});
const shop = market(api);
const REQUEST_ID = randomUUID();
let server: Server;
let address = '';

/** One server with both ways: through the lane, which may decline, or straight to Yoga. It says which one answered. */
beforeAll(async () => {
  const { services } = api;
  const budget = createBudget(services.limits.costPerMinuteMax, services.clock);
  const answers = new SharedAnswers({ keptMs: 60_000, budget });
  const committed = () => answers.forget();
  const stopping = new AbortController().signal;
  const seats = createSeats(5);
  const graphql = createGraphqlServer({ services, seats, stopping, development: false, budget, committed });
  const teller = { log: services.log, development: false };
  const lane = openRequestLane({
    graphql,
    teller,
    answers,
    accounts: services.auth,
    purseOf: (accountId) => ({ max: services.limits.costPerMinuteMax, left: budget.left(accountId) }),
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = parseTarget(request.url);
    const body = (await readBody(request, { timeoutMs: 10_000, bytesMax: 1_000_000 })).toString();
    const caller = {
      requestId: REQUEST_ID,
      address: '127.0.0.1',
      authorization: request.headers.authorization ?? null,
      lastEventId: null,
    };
    if (!url) throw new TypeError('no address');
    if (request.headers['x-way'] === 'lane') {
      if (await lane.serve({ request, response, url, requestId: REQUEST_ID, address: '127.0.0.1' }, caller, body))
        return;
      response.setHeader('x-declined', '1');
    }
    Object.assign(request, { body });
    await graphql(request, response, caller);
  };
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = server.address();
  if (own === null || typeof own === 'string') throw new TypeError('no port');
  address = `http://127.0.0.1:${own.port}`;
});
afterAll(() => server.close());

interface Asked {
  body: string;
  headers?: Record<string, string>;
  path?: string;
}

async function ask(way: 'lane' | 'yoga', { body: asked, headers = {}, path = '/graphql' }: Asked) {
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-way': way, ...headers },
    body: asked,
  });
  const told = Object.fromEntries(response.headers);
  const isDeclined = 'x-declined' in told;
  for (const name of ['date', 'x-declined']) delete told[name];
  const body = await response.text();
  // Masked errors carry an id made for each, and every answer tells what is left of the minute.
  const text = body.replaceAll(/"requestId":"[^"]+"/g, '"requestId":"…"').replaceAll(/"left":\d+/g, '"left":0');
  if ('content-length' in told)
    told['content-length'] = Number(told['content-length']) === Buffer.byteLength(body) ? 'right' : 'wrong';
  return { isDeclined, answer: { status: response.status, headers: told, text } };
}

/** Asks both. @returns their one answer, and whether the lane gave it */
async function askBoth(asked: Asked) {
  const yoga = await ask('yoga', asked);
  const lane = await ask('lane', asked);
  expect(lane.answer).toEqual(yoga.answer);
  // Once more: by now the document is known to both.
  expect((await ask('lane', asked)).answer).toEqual(yoga.answer);
  return { ...lane.answer, isByLane: !lane.isDeclined };
}

const post = (query: string, variables?: object, more: object = {}) => JSON.stringify({ query, variables, ...more });

describe('the lane answers as Yoga does', () => {
  test.each([
    ['a trivial query', '{ __typename }', {}],
    ['introspection', '{ __schema { types { name fields { name } } } }', {}],
    ['nobody', '{ viewer { id } }', {}],
    ['a page', 'query ($n: Int!) { catalogue(first: $n) { nodes { id title } pageInfo { endCursor } } }', { n: 5 }],
    ['a fragment', '{ ...F } fragment F on Query { catalogue(first: 1) { edges { cursor } } }', {}],
    ['a directive', 'query ($no: Boolean!) { __typename a: __typename @skip(if: $no) }', { no: true }],
    ['what is not shown to everybody', '{ runs(first: 1) { nodes { id } } myOrders(first: 1) { nodes { id } } }', {}],
    ['a node that is none', '{ node(id: "junk") { id } }', {}],
    ['a cursor that is none', '{ catalogue(first: 1, after: "junk") { nodes { id } } }', {}],
    ['too many at once', '{ catalogue(first: 101) { nodes { id } } }', {}],
    ['a missing variable', 'query ($n: Int!) { catalogue(first: $n) { nodes { id } } }', {}],
    ['a wrong variable', 'query ($n: Int!) { catalogue(first: $n) { nodes { id } } }', { n: 'x' }],
    ['a dear query', '{ catalogue(first: 100) { nodes { work { editions { work { editions { id } } } } } } }', {}],
    ['a mutation of nobody', 'mutation { signOut }', {}],
    ['a typed refusal', 'mutation { signIn(input: { email: "a", password: "b" }) { __typename } }', {}],
    ['two mutations', 'mutation { a: signOut b: signOut }', {}],
  ])('to %s, taking it', async (_what, query, variables) => {
    const { token } = await api.signUp();
    const body = post(query, variables);
    for (const accept of ['*/*', 'application/json', 'application/graphql-response+json, application/json;q=0.9']) {
      expect((await askBoth({ body, headers: { accept } })).isByLane).toBe(true);
      // A session that was ended by the first cannot be ended by the second.
      if (query.includes('signOut')) continue;
      const authorization = `Bearer ${token}`;
      expect((await askBoth({ body, headers: { accept, authorization } })).isByLane).toBe(true);
    }
  });

  test('to buyers: an order, the same again, a key used for another body, and every fault at once', async () => {
    const { token } = await api.signUp();
    const { editionId } = await shop.onSale();
    const headers = { authorization: `Bearer ${token}` };
    const order = { editionId, currency: 'EUR', paymentToken: 'tok_ok', idempotencyKey: randomUUID() };
    const place = (input: object) => askBoth({ body: post(PLACE_ORDER, { input }), headers });
    expect((await place(order)).text).toContain('PENDING_PAYMENT');
    expect((await place({ ...order, currency: 'USD' })).text).toContain('IdempotencyConflict');
    expect((await place({ ...order, idempotencyKey: randomUUID() })).text).toContain('PurchaseInProgress');
    expect((await place({ ...order, editionId: 'x', currency: 'x', paymentToken: '' })).text).toContain('(and 2 more)');
    expect((await askBoth({ body: post('{ viewer { id email } }'), headers })).text).toContain('@example.org');
  });

  test('to a broken session, and to a header that is no token', async () => {
    for (const authorization of ['Bearer nobody', 'Basic YTpi', '']) {
      const answer = await askBoth({ body: post('{ viewer { id } }'), headers: { authorization } });
      expect([answer.isByLane, answer.text]).toEqual([true, expect.stringContaining('"viewer":null')]);
    }
  });

  test('to what fails unexpectedly: masked, and in the log', async () => {
    const { token } = await api.signUp('ADMIN');
    const broken = vi.spyOn(api.services.flowGraph, 'workflows', 'get').mockImplementation(() => {
      throw new Error('select secret from "user"');
    });
    const before = api.lines.length;
    const headers = { authorization: `Bearer ${token}` };
    const { text, isByLane } = await askBoth({ body: post('{ flowGraph { name } }'), headers });
    broken.mockRestore();
    expect([isByLane, text.includes('secret'), api.lines.length - before]).toEqual([true, false, 3]);
  });

  test('to accounts that cannot be looked up', async () => {
    const broken = vi.spyOn(api.services.auth, 'viewerOf').mockRejectedValue(new Error('select token'));
    const { text, isByLane } = await askBoth({ body: post('{ __typename }'), headers: { authorization: 'Bearer a' } });
    broken.mockRestore();
    expect([isByLane, text.includes('INTERNAL'), text.includes('select')]).toEqual([true, true, false]);
  });
});

describe('the lane leaves to Yoga', () => {
  test.each([
    ['JSON that is none', '{'],
    ['an empty object', '{}'],
    ['a list', '[{"query":"{ __typename }"}]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a query that is no text', '{"query":1}'],
    ['an unknown parameter', post('{ __typename }', {}, { more: 1 })],
    ['variables that are a list', '{"query":"{ __typename }","variables":[]}'],
    ['variables that are text', '{"query":"{ __typename }","variables":"{}"}'],
    ['an operation name that is none of them', post('query A { __typename }', {}, { operationName: 'B' })],
    ['two operations and no name', post('query A { __typename } query B { __typename }')],
    ['an operation name that is no text', post('query A { __typename }', {}, { operationName: 1 })],
    ['no GraphQL', post('{')],
    ['an empty document', post('')],
    ['a fragment alone', post('fragment F on Query { __typename }')],
    ['a field that is none', post('{ nothing }')],
    ['too many tokens', post(`{ ${'__typename '.repeat(400)} }`)],
    ['too many aliases', post(`{ ${Array.from({ length: 6 }, (_, at) => `a${at}: __typename`).join(' ')} }`)],
  ])('%s', async (_what, body) => {
    for (const accept of ['*/*', 'application/json', 'application/graphql-response+json']) {
      expect((await askBoth({ body, headers: { accept } })).isByLane).toBe(false);
    }
  });

  test.each([
    ['another media type', { 'content-type': 'application/graphql+json' }],
    ['a type that is not ours to give', { accept: 'text/html' }],
    ['a subscription', {}, 'subscription { health { status } }'],
    ['a type with words of its own', { accept: 'application/json;charset=latin1' }],
  ])('%s', async (_what, headers, query = '{ __typename }') => {
    expect((await askBoth({ body: post(query), headers: { accept: 'application/json', ...headers } })).isByLane).toBe(
      false,
    );
  });

  test('another address', async () => {
    expect((await askBoth({ body: post('{ __typename }'), path: '/graphql/other' })).isByLane).toBe(false);
  });
});

test('of two operations the named one is done', async () => {
  const body = post('query A { a: __typename } query B { b: __typename }', {}, { operationName: 'B' });
  expect((await askBoth({ body })).text).toContain('"b":"Query"');
});
