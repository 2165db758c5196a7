/** The audit of the ledger: all balances anew from the entries, beside what the orders say. For admins. */
import { type AuditedBalance, auditLedger, type LedgerAudit } from '../db/ledger-audit.ts';
import { builder } from './builder.ts';
import { Money } from './money.ts';

const Balance = builder.objectRef<AuditedBalance>('AuditedBalance').implement({
  carried: true,
  description: 'The balance of one account, or of all authors’ or all countries’ accounts, in one currency.',
  fields: (t) => ({
    account: t.exposeString('account', { description: 'Such as `author-payable`.' }),
    booked: t.field({
      type: Money,
      description: 'The sum of its entries: debits positive.',
      resolve: ({ bookedMinor, currency }) => ({ amountMinor: bookedMinor, currency }),
    }),
    expected: t.field({
      type: Money,
      description: 'What orders, refunds, disputes and payouts say that it must be.',
      resolve: ({ expectedMinor, currency }) => ({ amountMinor: expectedMinor, currency }),
    }),
  }),
});

const Audit = builder.objectRef<LedgerAudit>('LedgerAudit').implement({
  description: 'All balances, computed anew from every entry. For admins.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    isSound: t.exposeBoolean('isSound', {
      description: 'Every transaction sums to zero and every balance is as expected.',
    }),
    unbalanced: t.exposeInt('unbalanced', { description: 'Transactions that do not sum to zero.' }),
    balances: t.field({ type: [Balance], description: 'By account.', resolve: ({ balances }) => balances }),
  }),
});

builder.queryField('ledgerAudit', (t) =>
  t.field({
    type: Audit,
    description: 'Computes every balance of the ledger anew, beside what it must be. For admins.',
    authScopes: { admin: 'operations:read' },
    complexity: { field: 500 },
    resolve: (_root, _args, { db }) => auditLedger(db),
  }),
);
