/** What a caller without an account may send: none of it ends the program, none of it is told as our fault. */
import { createClient } from 'graphql-ws';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { useApi } from '../schema/support/api.ts';

const api = useApi();
const port = () => Number(new URL(api.url).port);
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

async function send(text: string): Promise<string> {
  const socket = connect(port(), '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return heard;
}
const isAlive = async () => (await fetch(`${api.url}/healthz`)).ok;

describe('the server lives on after', () => {
  test('an upgrade to an address that is none', async () => {
    expect(await send(`GET // HTTP/1.1\r\nHost: x\r\n${UPGRADE}`)).toContain('400 Bad Request');
    expect(await isAlive()).toBe(true);
  });

  test('a request to an address that is none', async () => {
    expect(await send('GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('400 Bad Request');
    expect(await isAlive()).toBe(true);
  });

  test('callers who are gone before their upgrade is refused', async () => {
    for (let times = 0; times < 30; times++) {
      const socket = connect(port(), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET /nowhere HTTP/1.1\r\nHost: x\r\n${UPGRADE}`, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect(await isAlive()).toBe(true);
  });
});

test('variables nested deeper than any walk through them are refused before they are walked', async () => {
  const nested = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  for (const query of [
    'query ($v: Int!) { catalogue(first: $v) { nodes { id } } }',
    'subscription ($v: Int) { health(after: $v) { seq } }',
  ]) {
    for (const accept of ['application/json', 'text/event-stream']) {
      const body = `{"query":${JSON.stringify(query)},"variables":{"v":${nested}}}`;
      const headers = { 'content-type': 'application/json', accept };
      const text = await (await fetch(`${api.url}/graphql`, { method: 'POST', headers, body })).text();
      expect(text).toMatch(/TOO_COMPLEX|Not Acceptable|^$/);
      expect(text).not.toContain('INTERNAL');
    }
  }
});

test('who accepts a thousand media types is not answered with them all', async () => {
  const headers = { 'content-type': 'application/json', accept: 'a/b,'.repeat(1_000) };
  const response = await fetch(`${api.url}/graphql`, { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
  expect(response.status).toBe(406);
  expect((await response.text()).length + JSON.stringify([...response.headers]).length).toBeLessThan(4_000);
});

test.each(['variables', 'extensions'])(
  '%s that are no JSON are the caller’s fault, and stay out of the log',
  async (name) => {
    const params = new URLSearchParams({ query: '{ __typename }', [name]: 'hunter2' }).toString();
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-booky-hub': '1' };
    for (const answer of [
      await fetch(`${api.url}/graphql?${params}`),
      await fetch(`${api.url}/graphql?${params}`, { headers: { accept: 'text/event-stream' } }),
      await fetch(`${api.url}/graphql`, { method: 'POST', headers: form, body: params }),
    ]) {
      expect(answer.status).toBe(400);
      const { errors } = errorsSchema.parse(await answer.json());
      expect(errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
    }
    expect(api.lines).toEqual([]);
  },
);

test.each(['\0', '\ud800', 'ü'])(
  'a token with %j is nobody’s over a socket, and spoils no lookup of others',
  async (sign) => {
    const { token } = await api.signUp();
    const client = createClient({
      url: `${api.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}${sign}` },
      lazy: false,
      retryAttempts: 0,
    });
    const asNobody = async () => (await client.iterate({ query: '{ viewer { id } }' }).next()).value;
    const asOwner = async () => (await api.ask('{ viewer { id } }', {}, token)).data;
    const times = Array.from({ length: 20 });
    const [strangers, owners] = await Promise.all([
      Promise.all(times.map(() => asNobody())),
      Promise.all(times.map(() => asOwner())),
    ]);
    for (const answer of strangers) expect(answer).toMatchObject({ data: { viewer: null } });
    for (const answer of owners) expect(answer).toMatchObject({ viewer: { id: expect.any(String) } });
    await client.dispose();
    expect(api.lines).toEqual([]);
  },
);

const cursor = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const ID = '0199aaaa-0000-7000-8000-000000000000';
const JUNK = ['\u0000', 'a\u0000b', '\ud800', "'; drop table edition; --", 'x'.repeat(5_000)];
const errorsSchema = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).optional(),
});

describe('junk in an argument is told as the caller’s fault:', () => {
  const asked: [string, string, Record<string, unknown>][] = [
    ...JUNK.flatMap((junk): [string, string, Record<string, unknown>][] => [
      [
        'catalogue text',
        'query ($v: String!) { catalogue(first: 1, filter: { text: $v }) { nodes { id } } }',
        { v: junk },
      ],
      [
        'catalogue subject',
        'query ($v: String!) { catalogue(first: 1, filter: { subject: $v }) { nodes { id } } }',
        { v: junk },
      ],
      [
        'catalogue contributor',
        'query ($v: String!) { catalogue(first: 1, filter: { contributor: $v }) { nodes { id } } }',
        { v: junk },
      ],
      [
        'catalogue language',
        'query ($v: String!) { catalogue(first: 1, filter: { language: $v }) { nodes { id } } }',
        { v: junk },
      ],
      ['edition id', 'query ($v: ID!) { edition(id: $v) { id } }', { v: junk }],
      ['node id', 'query ($v: ID!) { node(id: $v) { id } }', { v: junk }],
      ['cursor', 'query ($v: String!) { catalogue(first: 1, after: $v) { nodes { id } } }', { v: junk }],
      ['run id', 'query ($v: String!) { run(id: $v) { id } }', { v: junk }],
      [
        'runs filter',
        'query ($v: String!) { runs(first: 1, filter: { subject: $v, workflow: $v }) { nodes { id } } }',
        { v: junk },
      ],
      [
        'name',
        'mutation ($v: String!) { signUp(input: { name: $v, email: "a@example.org", password: "a long enough one" }) { __typename } }',
        { v: junk },
      ],
      ['title', 'mutation ($v: String!) { createDraft(input: { title: $v }) { __typename } }', { v: junk }],
      [
        'token',
        `mutation ($v: String!) { placeOrder(input: { editionId: "${Buffer.from(`Edition:${ID}`).toString('base64url')}", currency: $v, paymentToken: $v, idempotencyKey: $v }) { __typename } }`,
        { v: junk },
      ],
    ]),
    ...[
      [8.64e15, ID],
      [9e99, ID],
      [-8.64e15, ID],
      ['\u0000', ID],
    ].flatMap((parts): [string, string, Record<string, unknown>][] => [
      ['far cursor', 'query ($v: String!) { catalogue(first: 1, after: $v) { nodes { id } } }', { v: cursor(parts) }],
      [
        'title cursor',
        'query ($v: String!) { catalogue(first: 1, orderBy: TITLE_ASC, after: $v) { nodes { id } } }',
        { v: cursor(parts) },
      ],
      ['runs cursor', 'query ($v: String!) { runs(first: 1, after: $v) { nodes { id } } }', { v: cursor(parts) }],
    ]),
  ];
  test('none of them is INTERNAL, for nobody and for an admin', async () => {
    const admin = await api.signUp('ADMIN');
    const internal: string[] = [];
    for (const [name, query, variables] of asked) {
      for (const token of [undefined, admin.token]) {
        const { errors } = errorsSchema.parse(await (await api.post(query, variables, token)).json());
        if (errors?.some((error) => error.extensions.code === 'INTERNAL'))
          internal.push(`${name} ${JSON.stringify(variables).slice(0, 60)}`);
      }
    }
    expect(internal).toEqual([]);
  });
});
