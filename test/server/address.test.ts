import type { IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { callerAddress } from '../../src/server/address.ts';

const seen = (direct: string, forwarded: string | undefined, hops: number) => {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: direct });
  const headers: IncomingHttpHeaders = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return callerAddress({ headers, socket }, hops);
};

test('without trusted proxies nobody can say who they are', () => {
  expect(seen('203.0.113.9', '198.51.100.1', 0)).toBe('203.0.113.9');
});

test.each([
  [1, '198.51.100.1', '198.51.100.1'],
  [1, '10.0.0.1, 198.51.100.1', '198.51.100.1'],
  [2, '10.0.0.1, 198.51.100.1, 203.0.113.7', '198.51.100.1'],
  [1, '198.51.100.1:4711', '198.51.100.1'],
  [1, '[2001:db8:1:2:3:4:5:6]:4711', '2001:db8:1:2::/64'],
])('behind %i proxies, %s is %s: what stands before is the caller’s own word', (hops, forwarded, address) => {
  expect(seen('10.1.1.1', forwarded, hops)).toBe(address);
});

test.each(['unknown', '<script>', '', '999.1.1.1', 'x'.repeat(10_000)])(
  'what is no address counts as the proxy’s: %s',
  (forwarded) => {
    expect(seen('10.1.1.1', forwarded, 1)).toBe('10.1.1.1');
  },
);

test.each([
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0000:ffff::2', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (direct, address) => {
  expect(seen(direct, undefined, 0)).toBe(address);
});
