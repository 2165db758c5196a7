/** A plain model of the ledger: what was sold, given back, disputed and paid out, and what the accounts must then hold. */
import type { DisputeStatus } from '../../src/db/disputes.ts';

export const FEE_MINOR = 1_500;

export interface Sold {
  orderId: string;
  authorId: string;
  currency: string;
  amountMinor: number;
  taxMinor: number;
  royaltyMinor: number;
  /** By refunds that have not failed. */
  refundedMinor: number;
  open: { id: string; amountMinor: number }[];
  settledMinor: number;
  dispute: { id: string; ref: string; status: DisputeStatus; amountMinor: number; fromLineMinor: number } | null;
}

export interface PaidOut {
  id: string;
  authorId: string;
  currency: string;
  amountMinor: number;
  status: 'UNDER_WAY' | 'PAID' | 'FAILED';
}

export interface History {
  sold: Sold[];
  paidOut: PaidOut[];
}

export type Balances = Record<string, number>;

/** Told by sums alone. What an author is owed is under the author's id. */
export function modelOf({ sold, paidOut }: History, currency: string): Balances {
  const balances: Balances = {};
  const add = (account: string, minor: number) => (balances[account] = (balances[account] ?? 0) + minor);
  for (const one of sold.filter((it) => it.currency === currency)) {
    const lost = one.dispute && one.dispute.status !== 'WON' ? one.dispute : null;
    const gone = one.refundedMinor + (lost?.fromLineMinor ?? 0);
    const kept = (part: number) => part - Math.round((part * gone) / one.amountMinor);
    const excess = lost ? lost.amountMinor - lost.fromLineMinor : 0;
    const fee = one.dispute ? FEE_MINOR : 0;
    add(one.authorId, -kept(one.royaltyMinor));
    add('tax-payable', -kept(one.taxMinor));
    add('platform-fee', excess + gone + kept(one.royaltyMinor) + kept(one.taxMinor) - one.amountMinor);
    add('refunds', one.settledMinor - one.refundedMinor);
    add('provider-fee', fee);
    add('provider-clearing', one.amountMinor - one.settledMinor - (lost?.amountMinor ?? 0) - fee);
  }
  for (const { authorId, amountMinor, status } of paidOut.filter((it) => it.currency === currency)) {
    if (status === 'FAILED') continue;
    add(authorId, amountMinor);
    add(status === 'PAID' ? 'provider-clearing' : 'payouts', -amountMinor);
  }
  return balances;
}
