import { assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roleName, roleSchema } from '../../src/books/contributor-role.ts';
import { exponentOf, toAmountMinor } from '../../src/books/currency.ts';
import { fromShortenedIsbn10, toIsbn13 } from '../../src/books/isbn.ts';
import { languageName, toLanguageTag } from '../../src/books/language.ts';
import { isPublicationYear } from '../../src/books/publication-year.ts';
import { splitSeries } from '../../src/books/series.ts';
import { subjectsSchema } from '../../src/books/subject.ts';
import { descriptionSchema, titleSchema } from '../../src/books/text.ts';

describe('an ISBN', () => {
  it('is taken with or without hyphens, of 10 or 13 digits', () => {
    expect(toIsbn13('978-0-439-02348-1')).toBe('9780439023481');
    expect(toIsbn13('0-439-02348-3')).toBe('9780439023481');
    expect(toIsbn13('080442957x')).toBe('9780804429573');
  });

  it('is refused when its check digit is wrong, whichever digit was mistyped', () => {
    assert(
      property(nat(12), integer({ min: 1, max: 9 }), (place, shift) => {
        const digits = '9780439023481'.split('');
        digits[place] = String((Number(digits[place]) + shift) % 10);
        expect(toIsbn13(digits.join(''))).toBeNull();
      }),
    );
  });

  it('has lost leading zeros put back only when the check digit then is right', () => {
    expect(fromShortenedIsbn10('439023483')).toEqual({ isbn13: '9780439023481', zerosAdded: 1 });
    expect(fromShortenedIsbn10('439023484')).toBeNull();
    expect(fromShortenedIsbn10('9.78e12')).toBeNull();
  });

  it.each(['', ' ', 'abc', '97804390234812222', '-'.repeat(40)])('is not %j', (text) => {
    expect(toIsbn13(text)).toBeNull();
  });
});

describe('a language', () => {
  it.each([
    ['eng', 'en'],
    ['en-us', 'en-US'],
    ['ZH-hant', 'zh-Hant'],
    ['per', 'fa'],
    ['fre', 'fr'],
  ])('%s becomes %s', (text, tag) => {
    expect(toLanguageTag(text)).toBe(tag);
  });

  it.each(['', 'e', 'english', 'und', 'mul', 'xyz', 'en_US', 'x'.repeat(60)])('is not %j', (text) => {
    expect(toLanguageTag(text)).toBeNull();
  });

  it('has a name', () => {
    expect(languageName('pt-BR')).toBe('Brazilian Portuguese');
  });
});

describe('an amount', () => {
  it('has as many decimals as its currency', () => {
    expect([exponentOf('EUR'), exponentOf('JPY'), exponentOf('KWD')]).toEqual([2, 0, 3]);
    expect(toAmountMinor('4.99', 'EUR')).toBe(499);
    expect(toAmountMinor('5', 'EUR')).toBe(500);
    expect(toAmountMinor('499', 'JPY')).toBe(499);
    expect(toAmountMinor('4.99', 'JPY')).toBeNull();
  });

  it.each(['-1', '1e3', '4,99', '', '99999999', 'NaN'])('is not %j', (text) => {
    expect(toAmountMinor(text, 'EUR')).toBeNull();
  });

  it('is exact for every number of cents', () => {
    assert(
      property(nat(1_000_000), (cents) => {
        const text = `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
        expect(toAmountMinor(text, 'EUR')).toBe(cents);
      }),
    );
  });
});

describe('a series in a title', () => {
  it('is taken out when it is one book at one place', () => {
    expect(splitSeries('The Hunger Games (The Hunger Games, #1)')).toEqual({
      kind: 'SERIES',
      title: 'The Hunger Games',
      series: { name: 'The Hunger Games', position: 1 },
    });
    expect(splitSeries('A (The Lot (Old), #1.5)')).toMatchObject({ series: { name: 'The Lot (Old)', position: 1.5 } });
  });

  it('stays in the title when the brackets are not plain', () => {
    for (const title of ['A (B, #1-3)', 'A (B, #1; C, #2)', 'A (B#1)']) {
      expect(splitSeries(title)).toMatchObject({ kind: 'UNCLEAR', title });
    }
    expect(splitSeries('Foo (Bar)')).toEqual({ kind: 'PLAIN', title: 'Foo (Bar)' });
  });
});

describe('the words of an entry', () => {
  it('are made NFC and single-spaced', () => {
    expect(titleSchema.parse('  Cafe\u0301 \n noir ')).toBe('Café noir');
    expect(descriptionSchema.parse('One.\r\n\r\nTwo.  ')).toBe('One.\n\nTwo.');
  });

  it.each(['', '   ', 'a\u0000b', 'evil\u202Etxt', 'x'.repeat(301)])('are refused as a title: %j', (text) => {
    expect(titleSchema.safeParse(text).success).toBe(false);
  });

  it('name a subject once, whatever its case', () => {
    expect(subjectsSchema.parse(['Sea', 'sea', 'Ships', 'SEA'])).toEqual(['Sea', 'Ships']);
  });
});

it('a year before our era is negative, and there is no year 0', () => {
  expect([-720, 1997].map(isPublicationYear)).toEqual([true, true]);
  expect([0, 1.5, 9999].map(isPublicationYear)).toEqual([false, false, false]);
});

it('a role is one of the relator codes', () => {
  expect(roleName('trl')).toBe('Translator');
  expect(roleSchema.safeParse('toString').success).toBe(false);
});
