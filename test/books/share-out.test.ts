import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOut } from '../../src/books/share-out.ts';

test('shares all of it out, in proportion, and gives nobody more than its weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 10_000_000 }), { maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (weights, part) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const amountMinor = Math.floor(total * part);
        const shares = shareOut(amountMinor, weights);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(amountMinor);
        for (const [at, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(weights[at] ?? 0);
          expect(Math.abs(share - (total === 0 ? 0 : (amountMinor * (weights[at] ?? 0)) / total))).toBeLessThanOrEqual(
            1,
          );
        }
      },
    ),
  );
});
