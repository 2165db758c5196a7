/** What a page of another site can make a visitor's browser send, by every way that there is to GraphQL. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { ALLOWED_ORIGIN, useApi } from '../schema/support/api.ts';

const api = useApi();
const FOREIGN = 'https://evil.example.org';
const JSON_TYPE = { 'content-type': 'application/json' };
const query = JSON.stringify({ query: '{ __typename }' });
const errorsSchema = z.object({ errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })) });

async function answerTo(headers: Record<string, string>, body: string | null = query, path = '/graphql') {
  const method = body === null ? 'GET' : 'POST';
  const response = await fetch(`${api.url}${path}`, { method, headers, ...(body !== null && { body }) });
  const text = await response.text();
  return response.ok ? 'answered' : errorsSchema.parse(JSON.parse(text)).errors[0]?.extensions.code;
}
const asked = `/graphql?query=${encodeURIComponent('{ __typename }')}`;
const watched = `/graphql?query=${encodeURIComponent('subscription { health { seq } }')}`;

test.each([
  'text/plain',
  'text/plain;charset=UTF-8',
  'text/plain; application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/graphql',
  'application/octet-stream',
])('a body that a form can send is refused: %s', async (type) => {
  expect(await answerTo({ 'content-type': type })).toBe('JSON_REQUIRED');
  expect(await answerTo({ 'content-type': type, accept: 'text/event-stream' })).toBe('JSON_REQUIRED');
});

test('a cookie counts only beside the header that no form can send', async () => {
  const cookie = { ...JSON_TYPE, cookie: 'session=abc' };
  expect(await answerTo(cookie)).toBe('CSRF_HEADER_REQUIRED');
  expect(await answerTo({ ...cookie, accept: 'text/event-stream' })).toBe('CSRF_HEADER_REQUIRED');
  expect(await answerTo({ ...cookie, 'x-booky-hub': '1' })).toBe('answered');
  expect(await answerTo({ cookie: 'session=abc', 'content-type': 'text/plain' }, query, '/app')).toBe(
    'CSRF_HEADER_REQUIRED',
  );
});

test('a program without origin and cookie needs its token and JSON alone', async () => {
  expect(await answerTo(JSON_TYPE)).toBe('answered');
});

test('pages of other sites are refused by POST, GET, events and upload; ours and listed ones are not', async () => {
  for (const origin of [FOREIGN, 'null', `${ALLOWED_ORIGIN}.evil.org`, 'http://127.0.0.1', 'about:blank']) {
    const headers = { ...JSON_TYPE, 'x-booky-hub': '1', origin };
    expect([origin, await answerTo(headers)]).toEqual([origin, 'ORIGIN_REFUSED']);
    expect(await answerTo({ origin }, null, asked)).toBe('ORIGIN_REFUSED');
    expect(await answerTo({ origin, accept: 'text/event-stream' }, null, watched)).toBe('ORIGIN_REFUSED');
  }
  const put = await fetch(`${api.url}/uploads/x`, { method: 'PUT', headers: { origin: FOREIGN }, body: 'x' });
  expect(errorsSchema.parse(await put.json()).errors[0]?.extensions.code).toBe('ORIGIN_REFUSED');
  for (const origin of [new URL(api.url).origin, ALLOWED_ORIGIN]) {
    expect([origin, await answerTo({ ...JSON_TYPE, origin })]).toEqual([origin, 'answered']);
    expect(await answerTo({ origin }, null, asked)).toBe('answered');
  }
});

test('nothing is changed by GET, however it is asked', async () => {
  for (const mutation of ['mutation { signOut }', 'query A { __typename } mutation B { signOut }']) {
    for (const accept of ['application/json', 'text/event-stream', '*/*', 'multipart/mixed']) {
      const parameters = new URLSearchParams({ query: mutation, operationName: mutation.includes('B') ? 'B' : '' });
      const response = await fetch(`${api.url}/graphql?${parameters}`, { headers: { accept } });
      const text = await response.text();
      expect([accept, response.status, text.includes('"signOut"')]).toEqual([accept, 405, false]);
    }
  }
});

const outcome = async (headers: Record<string, string>) => {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  socket.on('error', () => {});
  const opened = once(socket, 'open').then(() => 'open' as const);
  const refused = once(socket, 'unexpected-response').then(([, response]: unknown[]) =>
    z.object({ statusCode: z.number() }).parse(response),
  );
  const first = await Promise.race([opened, refused]);
  socket.terminate();
  return first === 'open' ? 'open' : first.statusCode;
};

test('a socket is opened for our own and listed pages and for programs, and for no other page', async () => {
  expect(await outcome({})).toBe('open');
  expect(await outcome({ origin: ALLOWED_ORIGIN })).toBe('open');
  expect(await outcome({ origin: new URL(api.url).origin })).toBe('open');
  for (const origin of [FOREIGN, 'null', 'file://']) expect([origin, await outcome({ origin })]).toEqual([origin, 403]);
});
