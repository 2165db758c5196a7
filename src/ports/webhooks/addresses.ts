/**
 * Which network addresses a webhook may go to: public ones only, or an endpoint's owner could make us knock at the doors
 * of our own network. Source: the IANA registries of special-purpose IPv4 and IPv6 addresses.
 */
import { BlockList, isIP } from 'node:net';

const SPECIAL_IPV4: readonly [network: string, bits: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const special = new BlockList();
for (const [network, bits] of SPECIAL_IPV4) special.addSubnet(network, bits, 'ipv4');

/** Of IPv6 only what is handed out as public, less what carries an IPv4 address or is for documents. */
const publicIpv6 = new BlockList();
publicIpv6.addSubnet('2000::', 3, 'ipv6');
const specialIpv6 = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  specialIpv6.addSubnet(network, bits, 'ipv6');
}

/** @param address an IPv4 or IPv6 address, not a name */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && publicIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

export interface UrlRule {
  /** Also plain HTTP and addresses of our own network: for development on one machine. */
  readonly allowsPrivate: boolean;
}

const URL_CHARS_MAX = 2_000;

/** @returns why a webhook cannot go there, in plain words; null when it can */
export function faultOfUrl(text: string, { allowsPrivate }: UrlRule): string | null {
  if (text.length > URL_CHARS_MAX) return `A URL has ${URL_CHARS_MAX} characters at most.`;
  if (!URL.canParse(text)) return 'This is no URL, such as https://shop.example.org/webhooks.';
  const url = new URL(text);
  const isHttp = url.protocol === 'http:';
  if (url.protocol !== 'https:' && !(isHttp && allowsPrivate)) return 'Use an https:// URL.';
  if (url.username !== '' || url.password !== '') return 'Leave the user and password out of the URL.';
  if (allowsPrivate) return null;
  const host = hostOf(url);
  const isLocalName = host === 'localhost' || host.endsWith('.localhost') || !host.includes('.');
  const isPublic = isIP(host) === 0 ? !isLocalName : isPublicAddress(host);
  return isPublic ? null : 'Use an address that is reached from the public internet.';
}

/** The host of a URL without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
