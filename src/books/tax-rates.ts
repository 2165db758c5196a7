/**
 * Tax rates on e-books by country, from a file that the operator keeps (data/tax-rates.json).
 *
 * Promise: the rate of a day is the one that came into force last; a country that is not in the file has none.
 * Not here: how tax is taken out of a price (sale-split.ts).
 */
import { z } from 'zod';
import { countrySchema } from './country.ts';

const RATE_BPS_MAX = 10_000;

const rateSchema = z.strictObject({
  /** The first day it holds, in UTC. */
  from: z.iso.date(),
  /** 700 is 7 %. */
  rateBps: z.int().min(0).max(RATE_BPS_MAX),
});
const fileSchema = z.strictObject({
  /** When somebody last looked at all of them. */
  asOf: z.iso.date(),
  source: z.string(),
  note: z.string().optional(),
  rates: z.record(countrySchema, z.array(rateSchema).min(1)),
});

/** The file is no table of tax rates. */
export class TaxRatesError extends Error {
  override readonly name = 'TaxRatesError';
  readonly code = 'TAX_RATES_INVALID';
}

export interface TaxRates {
  readonly asOf: string;
  /** @returns in basis points; 0 for no country, one that is not listed, and before the first rate came into force */
  rateBpsOf(country: string | null, at: Date): number;
}

/** No country has a tax. */
export const NO_TAX: TaxRates = { asOf: '', rateBpsOf: () => 0 };

/** @param text JSON. @throws TaxRatesError with every fault */
export function parseTaxRates(text: string): TaxRates {
  const { asOf, rates } = parse(text);
  const byCountry = new Map(
    Object.entries(rates).map(([country, list]) => [country, list.toSorted((a, b) => (a.from < b.from ? 1 : -1))]),
  );
  return {
    asOf,
    rateBpsOf: (country, at) => {
      const day = at.toISOString().slice(0, 10);
      const list = country === null ? undefined : byCountry.get(country);
      return list?.find(({ from }) => from <= day)?.rateBps ?? 0;
    },
  };
}

function parse(text: string): z.infer<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TaxRatesError(`The tax rates are no JSON: ${String(error)}`, { cause: error });
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.map(String).join('.')}: ${message}`);
  throw new TaxRatesError(`The tax rates have ${faults.length} faults:\n${faults.join('\n')}`);
}
