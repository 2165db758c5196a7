/**
 * What the cells of a row mean, and what is wrong with them.
 *
 * Promise: nothing is guessed. A cell is taken as it is, or by a rule that can be checked (an ISBN's check digit), or left
 * out; whatever was not taken as it stood is noted with its row, column and value.
 */
import { type Contributor, CONTRIBUTORS_MAX, contributorNameSchema } from '../books/contributor-role.ts';
import { fromShortenedIsbn10, toIsbn13 } from '../books/isbn.ts';
import { toLanguageTag } from '../books/language.ts';
import { isPublicationYear } from '../books/publication-year.ts';
import { type Series, splitSeries } from '../books/series.ts';
import { titleSchema } from '../books/text.ts';
import type { Column, Row } from './read-rows.ts';

export type Action =
  /** Nothing was there. */
  | 'LEFT_EMPTY'
  /** It was there, but cannot be right. */
  | 'DROPPED'
  /** Mended by a rule that was checked. */
  | 'REPAIRED'
  /** Unclear, and left as it stands. */
  | 'KEPT'
  /** The whole row was left out. */
  | 'ROW_SKIPPED';

export interface Note {
  row: number;
  column: Column;
  value: string;
  action: Action;
  /** In plain words. */
  reason: string;
}

export interface CleanBook {
  row: number;
  bookId: string;
  title: string;
  workTitle: string;
  series: Series | null;
  language: string | null;
  publicationYear: number | null;
  contributors: Contributor[];
  isbn13: string | null;
  ratingAverage: number | null;
  ratingCount: number;
}

type Noting = (column: Column, action: Action, reason: string) => null;

/** @returns the book, or null when the row cannot be one; and a note for each cell that was not taken as it stood */
export function cleanBook({ row, cells }: Row): { book: CleanBook | null; notes: Note[] } {
  const notes: Note[] = [];
  const note: Noting = (column, action, reason) => {
    notes.push({ row, column, value: cells[column], action, reason });
    return null;
  };
  if (!/^\d{1,12}$/.test(cells.book_id)) {
    note('book_id', 'ROW_SKIPPED', 'a book_id is a whole number; without one the row cannot be imported again safely');
    return { book: null, notes };
  }
  const title = readTitle(cells.title, note);
  if (title === null) return { book: null, notes };
  const rating = readRating(cells, note);
  const book = {
    row,
    bookId: String(Number(cells.book_id)),
    ...title,
    workTitle: readWorkTitle(cells.original_title, title.title, note),
    language: readLanguage(cells.language_code, note),
    publicationYear: readYear(cells.original_publication_year, note),
    contributors: readAuthors(cells.authors, note),
    isbn13: readIsbn(cells, note),
    ...rating,
  };
  return { book, notes };
}

function readTitle(text: string, note: Noting): { title: string; series: Series | null } | null {
  const parts = splitSeries(text);
  const title = titleSchema.safeParse(parts.title);
  if (!title.success) return note('title', 'ROW_SKIPPED', title.error.issues[0]?.message ?? 'this is no title');
  if (parts.kind === 'UNCLEAR') {
    note('title', 'KEPT', 'the brackets name more than one book or series, so they stay in the title');
  }
  return { title: title.data, series: parts.kind === 'SERIES' ? parts.series : null };
}

/** A work without an original title goes by the title of this edition. */
function readWorkTitle(text: string, title: string, note: Noting): string {
  if (text.trim() === '') return title;
  const original = titleSchema.safeParse(splitSeries(text).title);
  if (original.success) return original.data;
  note('original_title', 'DROPPED', original.error.issues[0]?.message ?? 'this is no title');
  return title;
}

function readLanguage(text: string, note: Noting): string | null {
  if (text.trim() === '') return note('language_code', 'LEFT_EMPTY', 'no language is given, and none was guessed');
  return toLanguageTag(text) ?? note('language_code', 'DROPPED', 'this names no single language');
}

function readYear(text: string, note: Noting): number | null {
  if (text.trim() === '') return note('original_publication_year', 'LEFT_EMPTY', 'no year is given');
  const year = /^-?\d+(\.0+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (isPublicationYear(year)) return year;
  return note(
    'original_publication_year',
    'DROPPED',
    'this is no year from -5000 to 2200, or it is 0, which there never was',
  );
}

const SUFFIX = /^(?:Jr|Sr|II|III|IV|Esq|MD|M\.D|PhD|Ph\.D)\.?$/i;

/** The column says authors, so that is what they are, though some may have done something else. */
function readAuthors(text: string, note: Noting): Contributor[] {
  const names: string[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const before = names.at(-1);
    if (before !== undefined && SUFFIX.test(part)) {
      names[names.length - 1] = `${before}, ${part}`;
      note('authors', 'REPAIRED', `"${part}" was put to the name before it`);
    } else if (part !== '') names.push(part);
  }
  const distinct = [...new Set(names)];
  if (distinct.length < names.length) note('authors', 'REPAIRED', 'a name that stood there twice was taken once');
  const sound = distinct.filter((name) => {
    const isSound = contributorNameSchema.safeParse(name).success;
    if (!isSound) note('authors', 'DROPPED', `"${name.slice(0, 80)}" is no name`);
    return isSound;
  });
  if (sound.length === 0) note('authors', 'LEFT_EMPTY', 'no author is given');
  if (sound.length > CONTRIBUTORS_MAX)
    note('authors', 'DROPPED', `only the first ${CONTRIBUTORS_MAX} names were taken`);
  return sound.slice(0, CONTRIBUTORS_MAX).map((name) => ({ name: contributorNameSchema.parse(name), role: 'aut' }));
}

/** The ISBN-10 decides, by its check digit; the other column is used only where it is whole. */
function readIsbn({ isbn, isbn13 }: Row['cells'], note: Noting): string | null {
  const short = isbn.trim() === '' ? null : readShort(isbn.trim(), note);
  const long = isbn13.trim();
  if (long === '') {
    return short ?? (isbn.trim() === '' ? note('isbn', 'LEFT_EMPTY', 'no ISBN is given in either column') : null);
  }
  if (/^\d{13}$/.test(long)) {
    const whole = toIsbn13(long);
    if (whole === null) note('isbn13', 'DROPPED', 'its check digit is wrong');
    else if (short !== null && whole !== short)
      note('isbn13', 'DROPPED', `the column isbn says ${short}, which was taken`);
    return short ?? whole;
  }
  if (short === null)
    return note('isbn13', 'DROPPED', 'its last digits were lost in scientific notation, so it cannot be checked');
  const isSame = Number(long).toPrecision(PRECISION) === Number(short).toPrecision(PRECISION);
  if (!isSame) note('isbn13', 'DROPPED', `it is another number than ${short}, which was taken from the column isbn`);
  return short;
}

/** As many digits as a spreadsheet keeps in scientific notation. */
const PRECISION = 12;

function readShort(text: string, note: Noting): string | null {
  const whole = toIsbn13(text);
  if (whole !== null) return whole;
  const padded = fromShortenedIsbn10(text);
  if (padded === null) return note('isbn', 'DROPPED', 'its check digit is wrong, with leading zeros put back as well');
  note('isbn', 'REPAIRED', `${padded.zerosAdded} leading zero(s) put back; the check digit is right`);
  return padded.isbn13;
}

function readRating({ average_rating, ratings_count }: Row['cells'], note: Noting) {
  const none = { ratingAverage: null, ratingCount: 0 };
  const count = /^\d{1,9}$/.test(ratings_count.trim()) ? Number(ratings_count) : null;
  if (count === null) {
    note('ratings_count', 'DROPPED', 'this is no whole number of ratings');
    return none;
  }
  if (count === 0) return none;
  const average = /^\d(\.\d{1,6})?$/.test(average_rating.trim()) ? Number(average_rating) : Number.NaN;
  if (average >= 1 && average <= 5) return { ratingAverage: average, ratingCount: count };
  note('average_rating', 'DROPPED', 'an average rating is a number from 1 to 5');
  return none;
}
