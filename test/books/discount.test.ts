/** What a coupon takes off, for any lines: never more than they cost, and a fixed amount to the minor unit. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AMOUNT_MINOR_MAX } from '../../src/books/currency.ts';
import { type Discount, discountsOf } from '../../src/books/discount.ts';
import { feeMinor, splitSale } from '../../src/books/sale-split.ts';

const amount = fc.integer({ min: 0, max: AMOUNT_MINOR_MAX });
const lines = fc.array(fc.record({ listAmountMinor: amount, isEligible: fc.boolean() }), {
  minLength: 1,
  maxLength: 20,
});
const discount = fc.oneof(
  fc.record({ kind: fc.constant('PERCENT' as const), percentBps: fc.integer({ min: 1, max: 10_000 }) }),
  fc.record({ kind: fc.constant('AMOUNT' as const), amountMinor: fc.integer({ min: 1, max: AMOUNT_MINOR_MAX }) }),
);
const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);

test('no line is given more off than it costs, and none that the coupon is not for', () => {
  fc.assert(
    fc.property(lines, discount, (all, one) => {
      for (const [at, off] of discountsOf(all, one).entries()) {
        const line = all[at];
        expect(off).toBeGreaterThanOrEqual(0);
        expect(off).toBeLessThanOrEqual(line?.isEligible === true ? line.listAmountMinor : 0);
      }
    }),
  );
});

test('a fixed amount is taken off whole, or as far as the lines go', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: AMOUNT_MINOR_MAX }), (all, amountMinor) => {
      const eligible = sum(all.map((line) => (line.isEligible ? line.listAmountMinor : 0)));
      expect(sum(discountsOf(all, { kind: 'AMOUNT', amountMinor }))).toBe(Math.min(amountMinor, eligible));
    }),
  );
});

test('a percentage is within one minor unit of the exact one, line by line', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 10_000 }), (all, percentBps) => {
      for (const [at, off] of discountsOf(all, { kind: 'PERCENT', percentBps }).entries()) {
        const exact = all[at]?.isEligible === true ? all[at].listAmountMinor * percentBps : 0;
        expect(off * 10_000).toBeLessThanOrEqual(exact);
        expect((off + 1) * 10_000).toBeGreaterThan(exact);
      }
    }),
  );
});

test('an order’s total is the sum of its lines, and every cent of it is tax, royalty or fee', () => {
  const terms = fc.record({
    taxRateBps: fc.integer({ min: 0, max: 3_000 }),
    royaltyBps: fc.integer({ min: 0, max: 10_000 }),
  });
  fc.assert(
    fc.property(lines, fc.option(discount), terms, (all, one: Discount | null, { taxRateBps, royaltyBps }) => {
      const discounts = discountsOf(all, one);
      const split = all.map(({ listAmountMinor }, at) =>
        splitSale({ listAmountMinor, discountMinor: discounts[at] ?? 0, taxRateBps, royaltyBps }),
      );
      const total = sum(all.map((line) => line.listAmountMinor)) - sum(discounts);
      const parts = split.map((line) => line.taxMinor + line.royaltyMinor + feeMinor(line));
      expect([sum(split.map((line) => line.amountMinor)), sum(parts)]).toEqual([total, total]);
    }),
  );
});

test.each([
  ['5.00 off 9.99 and 4.99', [999, 499], 500, [333, 167]],
  ['0.01 off three equal prices', [100, 100, 100], 1, [1, 0, 0]],
  ['0.02 off three equal prices', [100, 100, 100], 2, [1, 1, 0]],
  ['more than there is', [300, 200], 1_000, [300, 200]],
])('%s', (_, prices, amountMinor, expected) => {
  const all = prices.map((listAmountMinor) => ({ listAmountMinor, isEligible: true }));
  expect(discountsOf(all, { kind: 'AMOUNT', amountMinor })).toEqual(expected);
});

test('the worked example of docs/money.md comes out as it is written there', () => {
  const prices = [999, 499];
  const discounts = discountsOf(
    prices.map((listAmountMinor) => ({ listAmountMinor, isEligible: true })),
    { kind: 'AMOUNT', amountMinor: 500 },
  );
  const split = prices.map((listAmountMinor, at) =>
    splitSale({ listAmountMinor, discountMinor: discounts[at] ?? 0, taxRateBps: 700, royaltyBps: 7_000 }),
  );
  expect(split.map((line) => [line.amountMinor, line.taxMinor, line.royaltyMinor, feeMinor(line)])).toEqual([
    [666, 44, 435, 187],
    [332, 22, 217, 93],
  ]);
});
