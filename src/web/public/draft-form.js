// @ts-check
/**
 * The form of a draft: what an author writes of a book. Its controls are named as the API names its fields.
 *
 * @typedef {NonNullable<NonNullable<import('../gql/graphql.ts').ManuscriptQuery['edition']>['workingRevision']>} Revision
 * @typedef {Pick<import('./words.js').Price, 'amount' | 'currency'>} Price
 * @typedef {import('./dom.js').Child} Child
 */
import { el } from './dom.js';
import { field, input, select, valueOf } from './forms.js';
import { decimalsOf, languageWords, minorUnits } from './words.js';

const ROLES = /** @type {const} */ ([
  ['aut', 'Author'],
  ['edt', 'Editor'],
  ['trl', 'Translator'],
  ['ill', 'Illustrator'],
  ['nrt', 'Narrator'],
  ['aui', 'Author of introduction'],
  ['ctb', 'Contributor'],
]);
const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'SEK', 'PLN', 'CAD', 'AUD', 'INR', 'BRL'];
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'ru', 'ar', 'zh', 'ja'];

/** @param {Partial<Revision>} revision @param {{ isbn13: string | null, prices: readonly Price[] }} edition @returns {Child} */
export function draftFields(revision, { isbn13, prices }) {
  const { title, subtitle, description, language, subjects, series, publicationYear } = revision;
  return [
    field({ label: 'Title', control: input({ name: 'title', value: title, required: true }) }),
    field({ label: 'Subtitle', control: input({ name: 'subtitle', value: subtitle }) }),
    contributorRows(revision.contributors ?? []),
    field({
      label: 'Description',
      hint: 'What readers see in the shop. An empty line begins a new paragraph.',
      control: textarea('description', description),
    }),
    el(
      'div',
      { class: 'two' },
      languageField(language),
      field({
        label: 'Subjects',
        hint: 'Separated by commas.',
        control: input({ name: 'subjects', value: subjects?.join(', ') }),
      }),
    ),
    priceRows(prices),
    el(
      'details',
      { open: Boolean(series ?? publicationYear ?? isbn13) },
      el('summary', {}, 'Series, year, ISBN'),
      el(
        'div',
        { class: 'two' },
        field({ label: 'Series', control: input({ name: 'series.name', value: series?.name }) }),
        field({
          label: 'Place in the series',
          control: input({ name: 'series.position', value: series?.position, inputmode: 'decimal' }),
        }),
        field({
          label: 'Year of first publication',
          control: input({ name: 'publicationYear', value: publicationYear, inputmode: 'numeric' }),
        }),
        field({ label: 'ISBN', control: input({ name: 'isbn13', value: isbn13, inputmode: 'numeric' }) }),
      ),
    ),
  ];
}

/** @param {string} name @param {string | null | undefined} value */
function textarea(name, value) {
  const control = el('textarea', { name, rows: 6 });
  control.value = value ?? '';
  return control;
}

/** @param {string | null | undefined} language */
function languageField(language) {
  const control = input({ name: 'language', value: language, list: 'languages', maxlength: 35 });
  const element = field({
    label: 'Language',
    hint: 'Its code, such as en or pt-BR. Left empty: as the book says.',
    control,
  });
  element.append(
    el(
      'datalist',
      { id: 'languages' },
      LANGUAGES.map((tag) => el('option', { value: tag }, languageWords(tag))),
    ),
  );
  return element;
}

/** @param {readonly { name: string, role: string }[]} contributors */
const contributorRows = (contributors) =>
  rows({
    legend: 'Who made it',
    more: 'Add a person',
    values: contributors.length > 0 ? contributors : [{ name: '', role: 'aut' }],
    empty: { name: '', role: 'aut' },
    row: ({ name, role }, index) => [
      field({ label: 'Name', control: input({ name: `contributors.${index}.name`, value: name }) }),
      field({
        label: 'Role',
        control: select(
          { name: `contributors.${index}.role` },
          ROLES.some(([code]) => code === role) ? ROLES : [...ROLES, [role, role]],
          role,
        ),
      }),
    ],
  });

/** @param {readonly Price[]} prices */
const priceRows = (prices) =>
  rows({
    legend: 'Price',
    more: 'Add a currency',
    values: prices.length > 0 ? prices : [{ amount: '', currency: 'EUR' }],
    empty: { amount: '', currency: 'USD' },
    row: ({ amount, currency }, index) => [
      field({
        label: 'Amount',
        ...(index === 0 && { hint: 'Such as 4.99. 0 makes it free.' }),
        control: input({ name: `prices.${index}.amountMinor`, value: amount, inputmode: 'decimal' }),
      }),
      field({
        label: 'Currency',
        control: select(
          { name: `prices.${index}.currency` },
          [...new Set([...CURRENCIES, currency])].map((code) => [code, code]),
          currency,
        ),
      }),
    ],
  });

/**
 * Rows that can be added and taken away. Numbers in names may have gaps; reading them closes those.
 * @template Value
 * @param {{ legend: string, more: string, values: readonly Value[], empty: Value, row: (value: Value, index: number) => Child }} options
 */
function rows({ legend, more, values, empty, row }) {
  const list = el('div', { class: 'form-rows' });
  let count = 0;
  /** @param {Value} value */
  const add = (value) => {
    const remove = el(
      'button',
      { type: 'button', class: 'remove', 'aria-label': `Remove this line of “${legend}”` },
      '×',
    );
    const element = el('div', { class: 'form-row' }, row(value, count), remove);
    remove.addEventListener('click', () => {
      element.remove();
      another.focus();
    });
    count += 1;
    list.append(element);
    return element;
  };
  const another = el(
    'button',
    { type: 'button', class: 'quiet', onclick: () => add(empty).querySelector('input')?.focus() },
    more,
  );
  for (const value of values) add(value);
  return el('fieldset', {}, el('legend', {}, legend), list, another);
}

/**
 * What the form says, in the API's shape, and what could not even be read as a number.
 * @param {HTMLFormElement} form
 */
export function readDraft(form) {
  /** @type {{ path: string, message: string }[]} */
  const faults = [];
  const textOrNull = (/** @type {string} */ name) => valueOf(form, name) || null;
  /** @param {string} name @param {boolean} isWhole */
  const numberOrNull = (name, isWhole) => {
    const text = valueOf(form, name).replace(',', '.');
    if (text === '') return null;
    const value = Number(text);
    if (Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
    faults.push({
      path: name,
      message: isWhole ? 'Write a whole number, such as 1999.' : 'Write a number, such as 1 or 1.5.',
    });
    return null;
  };
  const seriesName = textOrNull('series.name');
  const position = numberOrNull('series.position', false);
  if (seriesName === null && position !== null)
    faults.push({ path: 'series.name', message: 'Name the series that this is the place in.' });
  renumber(form);
  const draft = {
    title: valueOf(form, 'title'),
    subtitle: textOrNull('subtitle'),
    description: textOrNull('description'),
    language: textOrNull('language'),
    subjects: valueOf(form, 'subjects')
      .split(',')
      .map((subject) => subject.trim())
      .filter(Boolean),
    series: seriesName === null ? null : { name: seriesName, position },
    publicationYear: numberOrNull('publicationYear', true),
    isbn13: textOrNull('isbn13'),
    contributors: readContributors(form),
    prices: readPrices(form, faults),
  };
  return { draft, faults };
}

/** Empty lines are left out, and the others numbered as the API will see them. @param {HTMLFormElement} form */
function renumber(form) {
  for (const list of form.querySelectorAll('.form-rows')) {
    let index = 0;
    for (const row of list.children) {
      const [first] = row.querySelectorAll('input');
      const isEmpty = first?.value.trim() === '';
      for (const control of row.querySelectorAll('input, select')) {
        const name = (control.getAttribute('name') ?? '').replace(/\.(\d+|none)\./, `.${isEmpty ? 'none' : index}.`);
        control.setAttribute('name', name);
      }
      if (!isEmpty) index += 1;
    }
  }
}

/** @param {HTMLFormElement} form */
function readContributors(form) {
  const contributors = [];
  for (let index = 0; valueOf(form, `contributors.${index}.name`) !== ''; index++) {
    contributors.push({
      name: valueOf(form, `contributors.${index}.name`),
      role: valueOf(form, `contributors.${index}.role`),
    });
  }
  return contributors;
}

/** @param {HTMLFormElement} form @param {{ path: string, message: string }[]} faults */
function readPrices(form, faults) {
  const prices = [];
  for (let index = 0; valueOf(form, `prices.${index}.amountMinor`) !== ''; index++) {
    const path = `prices.${index}.amountMinor`;
    const currency = valueOf(form, `prices.${index}.currency`);
    const amountMinor = minorUnits(valueOf(form, path), currency);
    const example = decimalsOf(currency) === 0 ? '500' : '4.99';
    if (amountMinor === null) faults.push({ path, message: `Write an amount of ${currency}, such as ${example}.` });
    else prices.push({ amountMinor, currency });
  }
  return prices;
}
