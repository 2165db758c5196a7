import { describe, expect, test } from 'vitest';
import { seal, unseal } from '../../src/accounts/sealing.ts';

const [OLD, NEW] = ['an old secret of more than 32 characters', 'a new secret of more than 32 characters'];

describe('what is sealed', () => {
  test('opens with the secret that sealed it, also when that is the one before', () => {
    const sealed = seal(OLD, 'ada', 'plain');
    expect(sealed).not.toContain('plain');
    expect(seal(OLD, 'ada', 'plain')).not.toBe(sealed);
    expect(unseal([OLD], 'ada', sealed)).toBe('plain');
    expect(unseal([NEW, OLD], 'ada', sealed)).toBe('plain');
  });

  test.each([
    ['another secret', [NEW], 'ada', (sealed: string) => sealed],
    ['another account', [OLD], 'bob', (sealed: string) => sealed],
    ['a changed byte', [OLD], 'ada', (sealed: string) => `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`],
    ['nothing in it', [OLD], 'ada', () => ''],
  ])('does not open with %s', (_name, secrets, ownerId, change) => {
    expect(() => unseal(secrets, ownerId, change(seal(OLD, 'ada', 'plain')))).toThrow('APP_SECRET_PREVIOUS');
  });
});
