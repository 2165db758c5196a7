/** Does the ledger sum to zero? */
import { ledgerSums } from '../../../db/ledger.ts';
import { down, type HealthCheck, up } from '../check.ts';

export const ledgerSum: HealthCheck = {
  name: 'ledger-sum',
  look: async ({ db }) => {
    const off = (await ledgerSums(db)).filter(({ sumMinor }) => sumMinor !== 0);
    if (off.length === 0) return up('The ledger sums to zero.');
    return down(
      `The ledger is off by ${off.map(({ currency, sumMinor }) => `${sumMinor} minor units of ${currency}`).join(', ')}.`,
    );
  },
};
