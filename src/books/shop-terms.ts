/** On what terms this shop sells: what is frozen into each order comes from here. */
import type { PayoutTerms } from './payout-terms.ts';
import type { TaxRates } from './tax-rates.ts';

export interface ShopTerms {
  /** What an author gets of a sale without its tax, in basis points. */
  readonly royaltyBps: number;
  readonly taxRates: TaxRates;
  /** Taken for the country of buyers who state none; without one they are charged no tax. ISO 3166-1 alpha-2. */
  readonly shopCountry: string | null;
  /** How long a reader may give back a book that was not downloaded, from the order on; 0 for not at all. */
  readonly refundWindowMs: number;
  readonly payouts: PayoutTerms;
}

/** How the country of an order was known, kept with it for the tax office. */
export interface CountryEvidence {
  /** STATED by the buyer at the checkout; SHOP: nobody said, so it was taken for the shop's own. */
  basis: 'STATED' | 'SHOP';
  /** The network address that the order came from. */
  address: string;
}

export interface BuyerCountry {
  country: string | null;
  evidence: CountryEvidence | null;
}

/** @param stated by the buyer; null when nothing was said */
export function buyerCountry(stated: string | null, shopCountry: string | null, address: string): BuyerCountry {
  const country = stated ?? shopCountry;
  if (country === null) return { country: null, evidence: null };
  return { country, evidence: { basis: stated === null ? 'SHOP' : 'STATED', address } };
}
