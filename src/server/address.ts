/**
 * Who calls, as far as the network knows: what attempts, budgets and connections are counted by.
 *
 * Promise: without trusted proxies it is the connection's own address, whatever a header says. With `hops` of them it is
 * what the outermost of ours has seen: each appends one entry to X-Forwarded-For, so the one `hops` from the right was
 * written by us, and all before it are the caller's words. An IPv6 caller is its /64, which is what one household is
 * given: with a whole address each, one caller would be 2^64.
 */
import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

/** @param hops proxies of ours that the request came through; 0 believes no header */
export function callerAddress({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, hops: number): string {
  const direct = socket.remoteAddress ?? '';
  const told = hops === 0 ? [] : listed(headers['x-forwarded-for']);
  // Fewer entries than proxies: one of ours was left out, and the first entry is the furthest that can be known.
  const seen = told.at(-hops) ?? told[0] ?? direct;
  return counted(bare(seen) ?? bare(direct) ?? 'unknown');
}

const listed = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** Without port, brackets, zone or the IPv6 clothes of an IPv4 address; null when it is no address. */
function bare(text: string): string | null {
  const inside = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const [address = ''] = inside.split('%');
  const dressed = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (dressed !== undefined && isIPv4(dressed)) return dressed;
  return isIP(address) === 0 ? null : address.toLowerCase();
}

function counted(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
