/** The split of a price, for any price: nothing is lost, nothing is made, and each part is rounded as the header says. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AMOUNT_MINOR_MAX } from '../../src/books/currency.ts';
import { feeMinor, splitSale } from '../../src/books/sale-split.ts';

const terms = fc
  .record({
    listAmountMinor: fc.integer({ min: 0, max: AMOUNT_MINOR_MAX }),
    discount: fc.integer({ min: 0, max: 10_000 }),
    taxRateBps: fc.integer({ min: 0, max: 3_000 }),
    royaltyBps: fc.integer({ min: 0, max: 10_000 }),
  })
  .map(({ discount, ...rest }) => ({
    ...rest,
    discountMinor: Math.floor((rest.listAmountMinor * discount) / 10_000),
  }));

describe('any price', () => {
  test('is the sum of tax, royalty and fee, none of them negative', () => {
    fc.assert(
      fc.property(terms, (one) => {
        const line = splitSale(one);
        const fee = feeMinor(line);
        expect(line.taxMinor + line.royaltyMinor + fee).toBe(line.amountMinor);
        expect(line.amountMinor).toBe(one.listAmountMinor - one.discountMinor);
        expect(Math.min(line.taxMinor, line.royaltyMinor, fee)).toBeGreaterThanOrEqual(0);
        expect([line.taxMinor, line.royaltyMinor].every(Number.isSafeInteger)).toBe(true);
      }),
    );
  });

  test('holds a tax within half a minor unit of the exact one, and a royalty within one below', () => {
    fc.assert(
      fc.property(terms, (one) => {
        const { amountMinor, taxMinor, royaltyMinor } = splitSale(one);
        // Compared in whole numbers: |tax·(10000+r) - amount·r| ≤ (10000+r)/2.
        const gross = 10_000 + one.taxRateBps;
        expect(Math.abs(taxMinor * gross - amountMinor * one.taxRateBps) * 2).toBeLessThanOrEqual(gross);
        const exact = (amountMinor - taxMinor) * one.royaltyBps;
        expect(royaltyMinor * 10_000).toBeLessThanOrEqual(exact);
        expect((royaltyMinor + 1) * 10_000).toBeGreaterThan(exact);
      }),
    );
  });
});

test.each([
  ['9.99 EUR at 7 %', 999, 700, { taxMinor: 65, royaltyMinor: 653 }, 281],
  ['10.70 EUR at 7 %', 1_070, 700, { taxMinor: 70, royaltyMinor: 700 }, 300],
  ['1,000 JPY at 10 %', 1_000, 1_000, { taxMinor: 91, royaltyMinor: 636 }, 273],
  ['2.500 BHD at 10 %', 2_500, 1_000, { taxMinor: 227, royaltyMinor: 1_591 }, 682],
  ['1 cent at 25 %', 1, 2_500, { taxMinor: 0, royaltyMinor: 0 }, 1],
  ['nothing', 0, 700, { taxMinor: 0, royaltyMinor: 0 }, 0],
])('%s is split to the minor unit', (_, listAmountMinor, taxRateBps, expected, fee) => {
  const line = splitSale({ listAmountMinor, discountMinor: 0, taxRateBps, royaltyBps: 7_000 });
  expect([line, feeMinor(line)]).toMatchObject([expected, fee]);
});

test('a discount above the price is refused', () => {
  expect(() => splitSale({ listAmountMinor: 5, discountMinor: 6, taxRateBps: 0, royaltyBps: 0 })).toThrow(RangeError);
});
