import { describe, expect, it } from 'vitest';
import { signUrl, verifySignedUrl } from '../../../src/ports/storage/signed-url.ts';

const SECRET = 'a'.repeat(32);
const NEXT_SECRET = 'b'.repeat(32);
const expiresAt = new Date(1_000_000);
const claims = { uploadId: '0190', sizeBytesMax: '1000' };
const put = { method: 'PUT', path: '/uploads/0190', expiresAt, claims } as const;

describe('signed URLs', () => {
  const url = signUrl(SECRET, put);

  it('give their claims back until they expire', () => {
    expect(verifySignedUrl(SECRET, { method: 'PUT', url }, 999_999)).toEqual({ kind: 'VALID', claims, expiresAt });
    expect(verifySignedUrl(SECRET, { method: 'PUT', url }, 1_000_000)).toEqual({ kind: 'EXPIRED', expiresAt });
  });

  it('are valid with an origin in front', () => {
    const absolute = `https://books.example${url}`;
    expect(verifySignedUrl(SECRET, { method: 'PUT', url: absolute }, 0).kind).toBe('VALID');
  });

  it('hold for one method and one path only', () => {
    expect(verifySignedUrl(SECRET, { method: 'GET', url }, 0).kind).toBe('INVALID');
    expect(verifySignedUrl(SECRET, { method: 'PUT', url: url.replace('0190', '0191') }, 0).kind).toBe('INVALID');
  });

  it('are invalid, not expired, when altered or made up', () => {
    const altered = [
      url.replace('expires=1000000', 'expires=2000000'),
      url.replace(/claims=[^&]+/, `claims=${Buffer.from('{"uploadId":"9"}').toString('base64url')}`),
      url.replace(/signature=.+/, 'signature='),
      url.replace(/signature=(.)/, (_, first: string) => `signature=${first === 'A' ? 'B' : 'A'}`),
      '/uploads/0190',
      'http://[broken',
      `${url}${'x'.repeat(10_000)}`,
    ];
    for (const one of altered) {
      expect(verifySignedUrl(SECRET, { method: 'PUT', url: one }, 5_000_000)).toEqual({ kind: 'INVALID' });
    }
  });

  it('of the previous secret stay valid while it is listed second', () => {
    expect(verifySignedUrl([NEXT_SECRET, SECRET], { method: 'PUT', url }, 0).kind).toBe('VALID');
    expect(verifySignedUrl([NEXT_SECRET], { method: 'PUT', url }, 0).kind).toBe('INVALID');
    expect(signUrl([NEXT_SECRET, SECRET], put)).toBe(signUrl(NEXT_SECRET, put));
  });

  it('refuse short secrets, unclean paths and claims beyond their bounds', () => {
    expect(() => signUrl('short', put)).toThrow(/32 characters/);
    for (const path of ['uploads/1', '/a?b=1', '/a/../b', '/ä', '/a b']) {
      expect(() => signUrl(SECRET, { ...put, path })).toThrow(/percent-encoded/);
    }
    expect(() => signUrl(SECRET, { ...put, claims: { a: 'x'.repeat(257) } })).toThrow(/claims/);
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`c${i}`, '']));
    expect(() => signUrl(SECRET, { ...put, claims: many })).toThrow(/claims/);
  });
});
