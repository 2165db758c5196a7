/** Does the ledger say what the orders say? */
import { auditLedger } from '../../../db/ledger-audit.ts';
import { down, type HealthCheck, up } from '../check.ts';

export const ledgerAudit: HealthCheck = {
  name: 'ledger-audit',
  look: async ({ db }) => {
    const { balances, unbalanced, isSound } = await auditLedger(db);
    if (isSound) return up('Every balance of the ledger is what the orders say.');
    const off = balances.filter(({ bookedMinor, expectedMinor }) => bookedMinor !== expectedMinor);
    const words = off.map(
      (one) => `${one.account} is ${one.bookedMinor} and should be ${one.expectedMinor} minor units of ${one.currency}`,
    );
    return down(`${unbalanced} transactions do not sum to zero. ${words.join('; ')}.`.slice(0, 300));
  },
};
