/** The operator's table of tax rates: what it gives, and what it is refused for. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { countryName, isCountry } from '../../src/books/country.ts';
import { buyerCountry } from '../../src/books/shop-terms.ts';
import { parseTaxRates, TaxRatesError } from '../../src/books/tax-rates.ts';

const table = (rates: object) => JSON.stringify({ asOf: '2026-01-01', source: 'x', rates });
const at = (day: string) => new Date(`${day}T12:00:00Z`);

describe('the rate of a country', () => {
  const rates = parseTaxRates(
    table({
      FI: [
        { from: '2026-01-01', rateBps: 1_350 },
        { from: '2025-01-01', rateBps: 1_400 },
      ],
    }),
  );

  test('is the one that came into force last', () => {
    const days = ['2024-12-31', '2025-01-01', '2025-12-31', '2026-01-01', '2030-01-01'];
    expect(days.map((day) => rates.rateBpsOf('FI', at(day)))).toEqual([0, 1_400, 1_400, 1_350, 1_350]);
  });

  test('is none where the table has none, and where no country is known', () => {
    expect([rates.rateBpsOf('US', at('2026-06-01')), rates.rateBpsOf(null, at('2026-06-01'))]).toEqual([0, 0]);
  });
});

test('the table that comes with the program holds every country of the EU', async () => {
  const rates = parseTaxRates(await readFile(new URL('../../data/tax-rates.json', import.meta.url), 'utf8'));
  const eu = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');
  const now = at('2026-06-01');
  // Czechia and Ireland charge none on books.
  expect(eu.filter((country) => rates.rateBpsOf(country, now) === 0)).toEqual(['CZ', 'IE']);
  expect([rates.rateBpsOf('DE', now), rates.rateBpsOf('FR', now), rates.rateBpsOf('FI', now)]).toEqual([
    700, 550, 1_350,
  ]);
});

test.each([
  ['no JSON', '{'],
  ['a rate above the whole', table({ DE: [{ from: '2026-01-01', rateBps: 10_001 }] })],
  ['a rate with a fraction', table({ DE: [{ from: '2026-01-01', rateBps: 5.5 }] })],
  ['a country that does not exist', table({ ZZ: [{ from: '2026-01-01', rateBps: 700 }] })],
  ['a day that does not exist', table({ DE: [{ from: '2026-02-30', rateBps: 700 }] })],
  ['a country without a rate', table({ DE: [] })],
  ['a word that nobody knows', table({ DE: [{ from: '2026-01-01', rateBps: 700, reduced: true }] })],
])('refuses %s', (_, text) => {
  expect(() => parseTaxRates(text)).toThrow(TaxRatesError);
});

test('countries are known by their code, groups of them are none', () => {
  expect(['DE', 'JP', 'GB', 'EU', 'ZZ', 'de', 'XX', 'DEU'].filter(isCountry)).toEqual(['DE', 'JP', 'GB']);
  expect(countryName('DE')).toBe('Germany');
});

test('a buyer who states no country is taken for one of the shop’s', () => {
  expect(buyerCountry('FR', 'DE', '::1')).toEqual({ country: 'FR', evidence: { basis: 'STATED', address: '::1' } });
  expect(buyerCountry(null, 'DE', '::1')).toEqual({ country: 'DE', evidence: { basis: 'SHOP', address: '::1' } });
  expect(buyerCountry(null, null, '::1')).toEqual({ country: null, evidence: null });
});
