/** Every schedule there is: a new one is a line here, an event in ../events and the workflow that the event starts. */
import {
  fileSweepDue,
  healthDue,
  moneySweepDue,
  payoutsDue,
  reconciliationDue,
  storeSweepDue,
  webhookSweepDue,
} from '../events/index.ts';
import type { Schedule } from './schedule.ts';

const HOUR_MS = 3_600_000;

/** @param crons the expressions that an operator may set */
export const schedulesOf = (crons: { health: string; payouts: string }): Schedule[] => [
  { name: 'health', cron: crons.health, catchUpMs: HOUR_MS, due: (slot) => healthDue.of({ slot }) },
  { name: 'file-sweep', cron: '7 * * * *', catchUpMs: HOUR_MS, due: (slot) => fileSweepDue.of({ slot }) },
  { name: 'store-sweep', cron: '23 3 * * *', catchUpMs: 24 * HOUR_MS, due: (slot) => storeSweepDue.of({ slot }) },
  // By night, where there is one.
  { name: 'webhook-sweep', cron: '17 2 * * *', catchUpMs: 24 * HOUR_MS, due: (slot) => webhookSweepDue.of({ slot }) },
  // A month without payouts would be told by authors: what was missed is made up for, for a week.
  {
    name: 'payouts',
    cron: crons.payouts,
    catchUpMs: 7 * 24 * HOUR_MS,
    due: (slot) => payoutsDue.of({ slot, after: null }),
  },
  { name: 'reconcile', cron: '41 2 * * *', catchUpMs: 24 * HOUR_MS, due: (slot) => reconciliationDue.of({ slot }) },
  { name: 'money-sweep', cron: '*/10 * * * *', catchUpMs: HOUR_MS, due: (slot) => moneySweepDue.of({ slot }) },
];
