/** Where webhooks may go, and how one is sent: over real HTTP, with names resolved as a test says. */
import { createServer, type Server } from 'node:http';
import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { faultOfUrl, isPublicAddress } from '../../src/ports/webhooks/addresses.ts';
import { createWebhookSender } from '../../src/ports/webhooks/sender.ts';
import { listen } from '../../src/ports/payments/sandbox/http.ts';

describe('an address', () => {
  test.each(['93.184.215.14', '8.8.8.8', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '172.32.0.1', '100.128.0.1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'shop.example.org',
    '',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL', () => {
  test.each([
    'https://shop.example.org/hook?x=1',
    'https://shop.example.org:8443/hook',
    'https://93.184.215.14/hook',
    'https://[2606:4700::1111]/hook',
  ])('%s can be sent to', (url) => {
    expect(faultOfUrl(url, { allowsPrivate: false })).toBeNull();
  });

  test.each([
    'http://shop.example.org/hook',
    'https://localhost/hook',
    'https://api.localhost/hook',
    'https://redis/hook',
    'https://127.0.0.1/hook',
    'https://2130706433/hook',
    'https://0x7f.1/hook',
    'https://[::1]/hook',
    'https://[::ffff:10.0.0.1]/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://user:password@shop.example.org/hook',
    'ftp://shop.example.org/hook',
    'file:///etc/passwd',
    'shop.example.org',
    `https://shop.example.org/${'x'.repeat(2_000)}`,
  ])('%s cannot', (url) => {
    expect(faultOfUrl(url, { allowsPrivate: false })).toEqual(expect.any(String));
  });

  test('of this machine can be sent to in development', () => {
    expect(faultOfUrl('http://localhost:3000/hook', { allowsPrivate: true })).toBeNull();
  });
});

describe('a webhook', () => {
  let receiver: Server;
  let port: string;
  let requests: number;
  beforeEach(async () => {
    requests = 0;
    receiver = createServer((request, response) => {
      requests += 1;
      if (request.url === '/redirects') response.writeHead(307, { location: '/hook' }).end();
      else if (request.url === '/floods') {
        response.writeHead(200);
        const flood = () => {
          while (response.write('x'.repeat(65_536)));
          response.once('drain', flood);
        };
        flood();
      } else if (request.url !== '/hangs') response.end('taken');
    });
    port = new URL(await listen(receiver, '127.0.0.1', 0)).port;
  });
  afterEach(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  const secret = `whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`;
  const message = (url: string) => ({ url, id: 'msg_1', body: '{"type":"x"}', secrets: [secret], at: new Date() });
  const resolving = (...addresses: string[]) => {
    const answer: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    return async () => answer;
  };

  test('is sent to the address that its name leads to, and can be verified by the library', async () => {
    const seen = Promise.withResolvers<Record<string, string>>();
    receiver.prependOnceListener('request', ({ headers }) =>
      seen.resolve({
        'webhook-id': String(headers['webhook-id']),
        'webhook-timestamp': String(headers['webhook-timestamp']),
        'webhook-signature': String(headers['webhook-signature']),
      }),
    );
    const sender = createWebhookSender({ allowsPrivate: true, resolve: resolving('127.0.0.1') });
    const answer = await sender.send(message(`http://shop.example.org:${port}/hook`));
    expect(answer).toEqual({ kind: 'ANSWERED', statusCode: 200, excerpt: 'taken', retryAfterMs: null });
    expect(new Webhook(secret).verify('{"type":"x"}', await seen.promise)).toEqual({ type: 'x' });
  });

  test.each([
    ['this machine', ['127.0.0.1']],
    ['a cloud’s own address', ['169.254.169.254']],
    ['a public and a private address at once', ['93.184.215.14', '127.0.0.1']],
    ['this machine, in IPv6', ['::1']],
    ['nothing', []],
  ])('whose name leads to %s is not sent', async (_where, addresses) => {
    const sender = createWebhookSender({ resolve: resolving(...addresses) });
    const answer = await sender.send(message(`https://shop.example.org:${port}/hook`));
    expect(answer).toMatchObject({ kind: 'UNANSWERED', code: 'ADDRESS_REFUSED' });
    expect(requests).toBe(0);
  });

  test('goes to the address that was looked at, whatever the name leads to a moment later', async () => {
    let looks = 0;
    const rebinding = async () => {
      looks += 1;
      // Public at the first look; ours from then on.
      return [{ address: looks === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }];
    };
    const sender = createWebhookSender({ allowsPrivate: true, timeoutMs: 200, resolve: rebinding });
    const answer = await sender.send(message(`http://shop.example.org:${port}/hook`));
    expect(answer).toMatchObject({ kind: 'UNANSWERED' });
    expect({ looks, requests }).toEqual({ looks: 1, requests: 0 });
  });

  test('does not follow a redirect', async () => {
    const sender = createWebhookSender({ allowsPrivate: true });
    const answer = await sender.send(message(`http://127.0.0.1:${port}/redirects`));
    expect(answer).toMatchObject({ kind: 'ANSWERED', statusCode: 307 });
    expect(requests).toBe(1);
  });

  test('waits no longer than its time, and reads no more than the beginning of an endless answer', async () => {
    const sender = createWebhookSender({ allowsPrivate: true, timeoutMs: 300 });
    expect(await sender.send(message(`http://127.0.0.1:${port}/hangs`))).toMatchObject({ code: 'TIMEOUT' });
    expect(await sender.send(message(`http://127.0.0.1:${port}/floods`))).toMatchObject({
      statusCode: 200,
      excerpt: 'x'.repeat(500),
    });
  });

  test('to a place where nobody listens is told as unreachable', async () => {
    const sender = createWebhookSender({ allowsPrivate: true });
    expect(await sender.send(message('http://127.0.0.1:1/hook'))).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
