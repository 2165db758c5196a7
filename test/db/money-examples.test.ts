/** The examples of docs/money.md, computed by the code that books: what the failing test shows is what belongs there. */
import { expect, test } from 'vitest';
import { reverseSale } from '../../src/books/reversal.ts';
import { splitSale } from '../../src/books/sale-split.ts';
import { gathered, type LedgerEntry, refundEntries, reversed, saleEntries } from '../../src/db/ledger.ts';
import { feeEntries } from '../../src/db/movements.ts';
import { paidEntries, payoutEntries } from '../../src/db/payouts.ts';
import { readFile } from 'node:fs/promises';

const order = { currency: 'EUR', country: 'DE' };
const sale = {
  authorId: 'ADA',
  ...splitSale({ listAmountMinor: 1_070, discountMinor: 0, taxRateBps: 700, royaltyBps: 7_000 }),
};
const payout = { authorId: 'ADA', currency: 'EUR', amountMinor: 700 };
const untouched = { ...sale, reversedMinor: 0, reversedTaxMinor: 0, reversedRoyaltyMinor: 0 };

const table = (title: string, entries: readonly LedgerEntry[]) =>
  `${title}\n\n| Account | Debit (+) or credit (-) |\n|---|---|\n${entries
    .map(({ account, amountMinor }) => `| \`${account}\` | ${amountMinor} |`)
    .join('\n')}\n`;

function examples(): string {
  const first = { authorId: 'ADA', ...reverseSale(untouched, 357) };
  const rest = {
    authorId: 'ADA',
    ...reverseSale(
      {
        ...untouched,
        reversedMinor: first.amountMinor,
        reversedTaxMinor: first.taxMinor,
        reversedRoyaltyMinor: first.royaltyMinor,
      },
      713,
    ),
  };
  return [
    table('The sale:', saleEntries([sale], order)),
    table('The provider’s fee for it, 0.46:', feeEntries({ feeMinor: 46, currency: 'EUR' })),
    table('A refund of 3.57, when it is asked for:', refundEntries([first], order)),
    table('A refund of what is left, 7.13:', refundEntries([rest], order)),
    table('A payout of 7.00, when it is begun:', payoutEntries(payout)),
    table('The payout, when the provider has paid it:', paidEntries(payout)),
    table(
      'The payout, when it comes back after that:',
      gathered(reversed([...payoutEntries(payout), ...paidEntries(payout)])),
    ),
  ].join('\n');
}

test('the examples of docs/money.md are what is booked', async () => {
  const text = await readFile(new URL('../../docs/money.md', import.meta.url), 'utf8');
  const [, written = ''] = /<!-- examples -->\n([\s\S]*)<!-- \/examples -->/.exec(text) ?? [];
  expect(written.trim()).toBe(examples().trim());
});
