import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ReversibleLine, reverseSale } from '../../src/books/reversal.ts';
import { feeMinor, splitSale } from '../../src/books/sale-split.ts';

const lineOf = (listAmountMinor: number, taxRateBps: number, royaltyBps: number): ReversibleLine => ({
  ...splitSale({ listAmountMinor, discountMinor: 0, taxRateBps, royaltyBps }),
  reversedMinor: 0,
  reversedTaxMinor: 0,
  reversedRoyaltyMinor: 0,
});

const giveBack = (line: ReversibleLine, amountMinor: number) => {
  const part = reverseSale(line, amountMinor);
  line.reversedMinor += part.amountMinor;
  line.reversedTaxMinor += part.taxMinor;
  line.reversedRoyaltyMinor += part.royaltyMinor;
  return part;
};

test('gives back a third of 10.70 with the tax and the royalty in it', () => {
  const line = lineOf(1_070, 700, 7_000);
  expect(giveBack(line, 357)).toEqual({ amountMinor: 357, taxMinor: 23, royaltyMinor: 234 });
  expect(giveBack(line, 357)).toEqual({ amountMinor: 357, taxMinor: 24, royaltyMinor: 233 });
  expect(giveBack(line, 356)).toEqual({ amountMinor: 356, taxMinor: 23, royaltyMinor: 233 });
});

test('in whatever parts a line goes back, all of its tax, royalty and fee have gone back in the end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 0, max: 2_700 }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { maxLength: 8 }),
      (amountMinor, taxRateBps, royaltyBps, shares) => {
        const line = lineOf(amountMinor, taxRateBps, royaltyBps);
        const fees: number[] = [];
        for (const share of [...shares, 1]) {
          const left = line.amountMinor - line.reversedMinor;
          if (left === 0) break;
          const part = giveBack(line, Math.max(1, Math.floor(left * share)));
          expect(Math.min(part.taxMinor, part.royaltyMinor)).toBeGreaterThanOrEqual(0);
          // Never more than one minor unit away from the exact proportion.
          expect(Math.abs(line.reversedTaxMinor - (line.taxMinor * line.reversedMinor) / amountMinor)).toBeLessThan(1);
          fees.push(feeMinor(part));
        }
        expect([line.reversedTaxMinor, line.reversedRoyaltyMinor]).toEqual([line.taxMinor, line.royaltyMinor]);
        expect(fees.reduce((sum, fee) => sum + fee, 0)).toBe(feeMinor(line));
      },
    ),
  );
});

test.each([0, -1, 1.5, 1_071])('refuses to give back %s of 10.70', (amountMinor) => {
  expect(() => reverseSale(lineOf(1_070, 700, 7_000), amountMinor)).toThrow(RangeError);
});
