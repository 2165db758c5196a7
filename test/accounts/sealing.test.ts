import { describe, expect, test } from 'vitest';
import { seal, type SealedFor, unseal } from '../../src/accounts/sealing.ts';

const [OLD, NEW] = ['an old secret of more than 32 characters', 'a new secret of more than 32 characters'];
const ADA: SealedFor = { purpose: 'two-factor secret', ownerId: 'ada' };

describe('what is sealed', () => {
  test('opens with the secret that sealed it, also when that is the one before', () => {
    const sealed = seal(OLD, ADA, 'plain');
    expect(sealed).not.toContain('plain');
    expect(seal(OLD, ADA, 'plain')).not.toBe(sealed);
    expect(unseal([OLD], ADA, sealed)).toBe('plain');
    expect(unseal([NEW, OLD], ADA, sealed)).toBe('plain');
  });

  test('opens for good: what stands in databases was sealed by an earlier build', () => {
    expect(unseal([OLD], ADA, 'q9JofAgKupHFsG8Qmb1WEATSUyimGHfwGdZX6FjPjvfB')).toBe('plain');
  });

  test.each<[string, string[], SealedFor, (sealed: string) => string]>([
    ['another secret', [NEW], ADA, (sealed) => sealed],
    ['another account', [OLD], { ...ADA, ownerId: 'bob' }, (sealed) => sealed],
    ['another purpose', [OLD], { ...ADA, purpose: 'begun sign-in' }, (sealed) => sealed],
    ['a changed byte', [OLD], ADA, (sealed) => `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`],
    ['nothing in it', [OLD], ADA, () => ''],
  ])('does not open with %s', (_name, secrets, sealedFor, change) => {
    expect(() => unseal(secrets, sealedFor, change(seal(OLD, ADA, 'plain')))).toThrow('APP_SECRET_PREVIOUS');
  });
});
