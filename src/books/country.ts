/** Countries by their code (ISO 3166-1 alpha-2), from the data that the runtime carries. */
import { z } from 'zod';

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/** Codes that stand for no country: unknown, groups of countries, made-up ones. */
const NO_COUNTRY = new Set(['EU', 'EZ', 'UN', 'QO', 'XA', 'XB', 'ZZ']);

export const isCountry = (code: string): boolean =>
  /^[A-Z]{2}$/.test(code) && !NO_COUNTRY.has(code) && names.of(code) !== undefined;

export const countryName = (code: string): string => names.of(code) ?? code;

export const countrySchema = z.string().refine(isCountry, 'This is not a country code of ISO 3166-1, such as DE.');
