import { describe, expect, test } from 'vitest';
import { isAllowed } from '../../scripts/licences.ts';
import { verdictOf } from '../../scripts/signatures.ts';

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0)', true],
  ['Apache-2.0 AND LGPL-3.0-or-later AND MIT', true],
  ['GPL-3.0', false],
  ['MIT AND AGPL-3.0', false],
  ['SEE LICENSE IN README.md', false],
  ['', false],
])('of the licence %s may be used: %s', (expression, may) => {
  expect(isAllowed(expression)).toBe(may);
});

describe('the signatures of packages', () => {
  test('fail when one is wrong or missing, and name it', () => {
    const one = { name: 'left-pad', version: '1.0.0' };
    expect(verdictOf(JSON.stringify({ invalid: [one], missing: [] }), '')).toMatchObject({ hasFault: true });
    const { hasFault, words } = verdictOf(JSON.stringify({ invalid: [], missing: [one] }), '');
    expect([hasFault, words]).toEqual([true, 'left-pad@1.0.0: its signature is missing']);
  });

  test('that could not be asked for are told so, and fail nothing', () => {
    const { hasFault, words } = verdictOf('{"error":{}}', 'npm error code ENOTFOUND');
    expect([hasFault, words]).toEqual([false, expect.stringMatching(/^NOT ASKED.*ENOTFOUND/)]);
  });

  test('that are all right are told so', () => {
    expect(verdictOf('{"invalid":[],"missing":[]}', '').words).toContain('as its publisher signed it');
  });
});
