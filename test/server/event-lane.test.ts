import { expect, test, vi } from 'vitest';
import { connect } from 'node:net';
import { HEALTH_SUBJECT } from '../../src/events/index.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { type ReceivedEvent, openEvents } from '../schema/support/event-source.ts';
import { useApi } from '../schema/support/api.ts';

const api = useApi({ keepRows: true, limits: { subscriptionsMax: 3, depthMax: 6, aliasesMax: 5, tokensMax: 300 } });
const HEALTH = 'subscription ($after: Int) { health(after: $after) { seq status report { slot } } }';
const ORDER = 'subscription ($id: ID!) { orderStatus(orderId: $id) { seq } }';
const report = (status: 'UP' | 'DOWN') => ({
  type: 'health.reported',
  subject: HEALTH_SUBJECT,
  payload: { slot: new Date().toISOString(), reportId: newId(), status },
});

/** The first event, asked of the lane, or of Yoga by an Accept that the lane leaves to it. */
async function firstEvent(
  accept: string,
  { query, variables = {}, token }: { query: string; variables?: object; token?: string },
): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { 'content-type': 'application/json', accept, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query, variables }),
  });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (/^data: ?\{.*\n\n/m.test(text)) break;
  }
  leaving.abort();
  const event = (/^(id: \d+\n)?event: next\ndata: .+$/m.exec(text)?.[0] ?? text).replaceAll(/"requestId":"[^"]+"/g, '');
  return `${response.status} ${event}`;
}

test.each([
  ['a snapshot', { query: HEALTH }],
  ['events behind `after`', { query: HEALTH, variables: { after: 0 } }],
  ['an argument of another kind', { query: HEALTH, variables: { after: 'x' } }],
  ['a negative seq', { query: HEALTH, variables: { after: -1 } }],
  ['a field that there is not', { query: 'subscription { health { nothing } }' }],
  ['too many aliases', { query: `subscription { health { ${'abcdefgh'.replaceAll(/./g, ' $&: seq')} } }` }],
  ['several operations and no name', { query: '{ __typename } subscription S { health { seq } }' }],
  ['nobody signed in', { query: ORDER, variables: { id: encodeId('Order', newId()) } }],
  ['an id that is none', { query: ORDER, variables: { id: 'x' } }],
])('answers %s as Yoga does', async (_what, request) => {
  await api.happen(report('UP'));
  expect(await firstEvent('text/event-stream', request)).toEqual(
    await firstEvent('text/event-stream, text/x-nothing', request),
  );
});

test('counts what is open, and gives the seat back to the next', async () => {
  const { token } = await api.signUp();
  const open = () => openEvents(api.url, HEALTH, { token });
  const readers = await Promise.all([open(), open(), open()]);
  for (const reader of readers) await reader.next();
  const refused = await open();
  expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
  expect(await refused.next()).toBeNull();
  for (const reader of readers) reader.close();
  await vi.waitFor(() => expect(api.server.subscriptionCount()).toBe(0), 5_000);
  const late = await open();
  expect(await late.next()).toMatchObject({ data: { health: {} } });
  late.close();
});

test('leaves queries to Yoga, also when they ask for events', async () => {
  const events = await openEvents(api.url, '{ __typename }', {});
  expect(await events.next()).toMatchObject({ data: { __typename: 'Query' } });
  expect(await events.next()).toBeNull();
});

test('takes an EventSource, which asks by GET and resumes by Last-Event-ID', async () => {
  await api.happen(report('UP'), report('DOWN'));
  const leaving = new AbortController();
  const query = new URLSearchParams({ query: HEALTH, variables: '{}' });
  const response = await fetch(`${api.url}/graphql?${query.toString()}`, {
    headers: { accept: 'text/event-stream', 'last-event-id': '1' },
    signal: leaving.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('id: 2\n')) text += (await reader?.read())?.value ?? '';
  expect(text).not.toContain('id: 1\n');
  leaving.abort();
});

test('a reader that stops reading gets all that happened, in order, when it goes on', async () => {
  const { id: buyerId, token } = await api.signUp();
  const orderId = newId();
  await api.db.execute(
    `insert into "order" (id, buyer_id, status, amount_minor, currency) values ('${orderId}', '${buyerId}', 'PAID', 1, 'EUR')`,
  );
  const query = 'subscription ($id: ID!) { orderStatus(orderId: $id) { seq reason } }';
  const body = JSON.stringify({ query, variables: { id: encodeId('Order', orderId) } });
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) }).setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n` +
      `authorization: Bearer ${token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const seqs = () => [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
  await vi.waitFor(() => expect(seqs()).toEqual([0]), 5_000);
  socket.pause();
  // Far more than the sockets of both sides hold.
  const reason = 'x'.repeat(50_000);
  const retry = { type: 'stage.retrying', subject: `order:${orderId}`, payload: { stage: 's', failures: 1, reason } };
  for (let round = 0; round < 10; round++) await api.happen(...Array.from({ length: 40 }, () => retry));
  socket.resume();
  await vi.waitFor(() => expect(seqs().at(-1)).toBe(400), { timeout: 20_000 });
  expect(seqs()).toEqual(Array.from({ length: 401 }, (_, seq) => seq));
  socket.resetAndDestroy();
});

test('asks the rights of many subscribers in one statement, for an event as on its rounds', async () => {
  const viewers = await Promise.all(Array.from({ length: 6 }, () => api.signUp()));
  const readers = await Promise.all(viewers.map(({ token }) => openEvents(api.url, HEALTH, { token })));
  for (const reader of readers) await reader.next();
  const { session } = api.db._;
  const seen: string[] = [];
  const prepare = session.prepareQuery.bind(session);
  session.prepareQuery = (...args: Parameters<typeof prepare>) => {
    seen.push(args[0].sql);
    return prepare(...args);
  };
  const later = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_001);
  await api.happen(report('UP'));
  const events: (ReceivedEvent | null)[] = await Promise.all(readers.map((reader) => reader.next()));
  later.mockRestore();
  session.prepareQuery = prepare;
  expect(events.every((event) => event?.errors === undefined)).toBe(true);
  const asked = seen.filter((text) => text.includes('"session"')).length;
  expect([asked >= 1, asked <= 2]).toEqual([true, true]);
  for (const reader of readers) reader.close();
});
