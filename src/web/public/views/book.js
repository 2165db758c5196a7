// @ts-check
/** One book: what it is, a look inside, and the way to buy it. */
import { ask } from '../api.js';
import { cover } from '../cover.js';
import { el } from '../dom.js';
import { book } from '../operations/shop.js';
import { dateWords, languageWords, numberWords, statusWords } from '../words.js';
import { buyForm } from './buy.js';

const WORDS_PER_MINUTE = 230;

/** @typedef {NonNullable<import('../../gql/graphql.ts').BookQuery['edition']>} Book */
/** @typedef {NonNullable<Book['liveRevision']>} Revision */
/** @typedef {{ label: string, children?: readonly Entry[] }} Entry */

/** @param {import('../main.js').Visit} visit @returns {Promise<import('../main.js').View>} */
export async function showBook({ id, signal, go, reload }) {
  const { edition } = await ask(book, { id }, { signal });
  if (!edition) {
    const words = 'It does not exist, or it is not on sale any more.';
    return {
      title: 'No such book',
      content: el('section', { class: 'notice-page' }, el('h1', {}, 'There is no such book'), el('p', {}, words)),
    };
  }
  const { title, liveRevision: revision } = edition;
  return {
    title,
    content: el(
      'article',
      { class: 'book' },
      el('div', { class: 'book-cover' }, cover(edition, { widthPx: 320, isLazy: false })),
      el(
        'header',
        { class: 'book-head' },
        el('h1', {}, title),
        revision?.subtitle && el('p', { class: 'subtitle' }, revision.subtitle),
        makers(edition.contributors),
        revision?.series && el('p', { class: 'series' }, seriesWords(revision.series)),
        buyForm(edition, { go, reload }),
      ),
      el(
        'div',
        { class: 'book-body' },
        paragraphs(revision?.description),
        revision && facts(edition, revision),
        revision && inside(revision),
        revision && suggestions(revision),
      ),
    ),
  };
}

/** @param {Book['contributors']} contributors */
function makers(contributors) {
  const words = contributors.map(({ name, role, roleName }) =>
    role === 'aut' ? name : `${name} (${roleName.toLowerCase()})`,
  );
  return el('p', { class: 'makers' }, words.join(', '));
}

/** @param {NonNullable<Revision['series']>} series */
const seriesWords = ({ name, position }) => (position === null ? name : `${name}, book ${position}`);

/** @param {string | null | undefined} text plain text with empty lines between its paragraphs */
function paragraphs(text) {
  return (text ?? '')
    .split(/\n\s*\n/)
    .filter((part) => part.trim() !== '')
    .map((part) => el('p', { class: 'description' }, part));
}

/** @param {Book} edition @param {Revision} revision */
function facts(edition, { language, wordCount, publicationYear, subjects }) {
  /** @type {[string, string | null][]} */
  const rows = [
    ['Language', language === null ? null : languageWords(language)],
    ['Length', wordCount === null ? null : `${numberWords(wordCount)} words, ${readingTime(wordCount)}`],
    ['First published', publicationYear === null ? null : yearWords(publicationYear)],
    ['On sale since', edition.publishedAt && dateWords(edition.publishedAt)],
    ['Subjects', subjects.length > 0 ? subjects.join(', ') : null],
    [
      'Rating',
      edition.ratingAverage === null
        ? null
        : `${edition.ratingAverage.toFixed(1)} of 5, ${numberWords(edition.ratingCount)} ratings`,
    ],
    ['ISBN', edition.isbn13],
    ['Sold by', edition.owner.name],
    ['Format', 'EPUB, without copy protection'],
  ];
  return el(
    'dl',
    { class: 'facts' },
    rows.filter(([, value]) => value).map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );
}

/** @param {number} words */
function readingTime(words) {
  const minutes = Math.max(1, Math.round(words / WORDS_PER_MINUTE));
  if (minutes < 90) return `about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  return `about ${Math.round(minutes / 60)} hours`;
}

/** @param {number} year */
const yearWords = (year) => (year < 0 ? `${-year} BCE` : String(year));

/** @param {Revision} revision */
function inside({ tableOfContents, sample, accessibility, language }) {
  return [
    tableOfContents.length > 0 && el('details', {}, el('summary', {}, 'Table of contents'), contents(tableOfContents)),
    sample.length > 0 &&
      el(
        'details',
        { class: 'sample' },
        el('summary', {}, 'Read a sample'),
        el(
          'div',
          { lang: language, dir: 'auto' },
          sample.map((section) => [
            section.title !== null && el('h3', {}, section.title),
            section.paragraphs.map((paragraph) => el('p', { dir: 'auto' }, paragraph)),
          ]),
        ),
      ),
    accessibility && el('details', {}, el('summary', {}, 'Accessibility'), accessibilityFacts(accessibility)),
  ];
}

/** @param {readonly Entry[]} entries @returns {HTMLElement} */
const contents = (entries) =>
  el(
    'ol',
    { class: 'contents' },
    entries.map(({ label, children = [] }) =>
      el('li', { dir: 'auto' }, label, children.length > 0 && contents(children)),
    ),
  );

/** @param {NonNullable<Revision['accessibility']>} accessibility */
function accessibilityFacts({ summary, features, hazards, accessModes, conformsTo }) {
  /** @type {[string, readonly string[]][]} */
  const rows = [
    ['Made for', accessModes],
    ['Features', features],
    ['Hazards', hazards],
    ['Conforms to', conformsTo],
  ];
  return [
    summary !== null && el('p', {}, summary),
    el(
      'dl',
      { class: 'facts' },
      rows
        .filter(([, values]) => values.length > 0)
        .map(([name, values]) => el('div', {}, el('dt', {}, name), el('dd', {}, values.map(spaced).join(', ')))),
    ),
  ];
}

/** `alternativeText` → `alternative text`. @param {string} word */
const spaced = (word) =>
  /^[a-z]+([A-Z][a-z]+)+$/.test(word) ? word.replace(/[A-Z]/g, (sign) => ` ${sign.toLowerCase()}`) : word;

/** @param {Revision} revision */
function suggestions({ enrichment }) {
  if (!enrichment || enrichment.decision !== 'ACCEPTED') return null;
  const { summary, tags, readingLevel, provenance } = enrichment;
  return el(
    'aside',
    { class: 'machine', 'aria-label': 'Written by a machine' },
    el('h2', {}, 'In short'),
    summary !== null && el('p', {}, summary),
    tags.length > 0 &&
      el(
        'p',
        { class: 'tags' },
        tags.map((tag) => el('span', {}, tag)),
      ),
    el('p', { class: 'hint' }, [
      `Written by a machine (${provenance?.model ?? provenance?.provider ?? 'unknown'}), accepted by the author.`,
      readingLevel !== null && ` Reading level: ${statusWords(readingLevel).toLowerCase()}.`,
    ]),
  );
}
