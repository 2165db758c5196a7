/** Callers who hold a place and give nothing for it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { useApi } from '../schema/support/api.ts';

const MESSAGES_MAX = 20;
const api = useApi({
  limits: { socketsMax: 3, socketMessagesMax: MESSAGES_MAX, bodyBytesMax: 10_000 },
  server: { patienceMs: { head: 300, body: 300, init: 300 }, trustedHops: 1 },
});

const open = async (text: string): Promise<Socket> => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text);
  return socket;
};

async function heardUntilClosed(socket: Socket, drip: string): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.on('error', () => {});
  const dripping = setInterval(() => socket.write(drip), 20);
  await once(socket, 'close');
  clearInterval(dripping);
  return heard;
}

test('a head that never ends is cut off', async () => {
  const socket = await open('GET /healthz HTTP/1.1\r\nhost: x\r\n');
  expect(await heardUntilClosed(socket, 'x-drip: 1\r\n')).toContain('408');
});

test('a body that never ends is cut off, and told why', async () => {
  const head = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n{';
  expect(await heardUntilClosed(await open(head), ' ')).toContain('BODY_TOO_SLOW');
});

const dial = (address: string) => {
  const headers = { 'x-forwarded-for': `203.0.113.1, ${address}` };
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  socket.on('error', () => {});
  return socket;
};

test('a socket that never says who it is is closed', async () => {
  const [code] = await once(dial('198.51.100.1'), 'close');
  expect(code).toBe(4408);
});

test('a message larger than a request is refused', async () => {
  const socket = dial('198.51.100.2');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { text: 'x'.repeat(20_000) } }));
  const [code] = await once(socket, 'close');
  expect(code).toBe(1009);
});

test('a socket that floods us is closed, and heard no longer', async () => {
  const socket = dial('198.51.100.5');
  await once(socket, 'open');
  const answers: string[] = [];
  socket.on('message', (data: Buffer) => answers.push(data.toString()));
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await expect.poll(() => answers.length).toBe(1);
  const closed = once(socket, 'close');
  for (let at = 0; at < 100; at++) {
    socket.send(JSON.stringify({ type: 'subscribe', id: String(at), payload: { query: '{ viewer { id } }' } }));
  }
  expect((await closed)[0]).toBe(4429);
  // The first message was the init.
  const ids = new Set(answers.flatMap((text) => /"id":"(\d+)"/.exec(text)?.[1] ?? []));
  expect(ids.size).toBeLessThan(MESSAGES_MAX);
});

test('an address has so many sockets at once and no more; one that closes makes room', async () => {
  const sockets = [1, 2, 3].map(() => dial('198.51.100.3'));
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const status = async (address: string) => {
    const socket = dial(address);
    const [, response] = await once(socket, 'unexpected-response');
    return response.statusCode;
  };
  expect(await status('198.51.100.3')).toBe(429);
  const other = dial('198.51.100.4');
  await once(other, 'open');
  other.terminate();
  for (const socket of sockets) socket.terminate();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  await expect
    .poll(async () => {
      const again = dial('198.51.100.3');
      return Promise.race([once(again, 'open').then(() => 'open'), once(again, 'close').then(() => 'closed')]);
    })
    .toBe('open');
});
