/** Offers: what an edition can be bought for now, one per currency. */
import { builder } from './builder.ts';
import { Money } from './money.ts';

export interface OfferShape {
  currency: string;
  /** The price that holds now, in minor units. */
  amountMinor: number;
  regularMinor: number;
  minimumMinor: number | null;
  validUntil: Date | null;
  campaign: string | null;
}

interface PriceRow {
  currency: string;
  amountMinor: number;
  minimumMinor: number | null;
}
interface WindowRow {
  currency: string;
  amountMinor: number;
  name: string | null;
  validUntil: Date;
}

/** @param windows those that hold now, one per currency at most */
export function offersOf(prices: readonly PriceRow[], windows: readonly WindowRow[]): OfferShape[] {
  return prices.map(({ currency, amountMinor: regularMinor, minimumMinor }) => {
    const window = windows.find((one) => one.currency === currency);
    const amountMinor = window?.amountMinor ?? regularMinor;
    return {
      currency,
      amountMinor,
      regularMinor,
      minimumMinor: minimumMinor === null ? null : Math.min(minimumMinor, amountMinor),
      validUntil: window?.validUntil ?? null,
      campaign: window?.name ?? null,
    };
  });
}

export const Offer = builder.objectRef<OfferShape>('Offer').implement({
  carried: true,
  description: 'What an edition can be bought for now, in one currency.',
  fields: (t) => ({
    price: t.field({
      type: Money,
      description: 'The price now; where the buyer says how much, the one that is suggested.',
      resolve: ({ amountMinor, currency }) => ({ amountMinor, currency }),
    }),
    regularPrice: t.field({
      type: Money,
      description: 'The price when no campaign is on.',
      resolve: ({ regularMinor, currency }) => ({ amountMinor: regularMinor, currency }),
    }),
    minimum: t.field({
      type: Money,
      nullable: true,
      description: 'Pay what you want: the least that may be paid. Null for a fixed price.',
      resolve: ({ minimumMinor, currency }) => (minimumMinor === null ? null : { amountMinor: minimumMinor, currency }),
    }),
    campaign: t.exposeString('campaign', { nullable: true, description: 'The campaign that is on.' }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'When the campaign ends; null without one.',
    }),
  }),
});
