/** The form of a draft: what an author writes of a book. Its controls are named as the API names its fields. */
import { type ReactNode, useRef, useState } from 'react';
import type { ManuscriptQuery } from './gql/graphql.ts';
import { Choice, type Fault, Field, Input, valueOf } from '../shared/forms.tsx';
import { decimalsOf, languageWords, minorUnits, type Price } from './words.ts';

const ROLES = [
  ['aut', 'Author'],
  ['edt', 'Editor'],
  ['trl', 'Translator'],
  ['ill', 'Illustrator'],
  ['nrt', 'Narrator'],
  ['aui', 'Author of introduction'],
  ['ctb', 'Contributor'],
] as const;
const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'SEK', 'PLN', 'CAD', 'AUD', 'INR', 'BRL'];
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'ru', 'ar', 'zh', 'ja'];

type Revision = NonNullable<NonNullable<ManuscriptQuery['edition']>['workingRevision']>;

interface DraftFieldsProps {
  revision: Partial<Revision>;
  isbn13: string | null;
  prices: readonly Pick<Price, 'amount' | 'currency'>[];
}

export function DraftFields({ revision, isbn13, prices }: DraftFieldsProps) {
  const { title, subtitle, description, language, subjects, series, publicationYear, contributors = [] } = revision;
  return (
    <>
      <Input label="Title" name="title" value={title} required />
      <Input label="Subtitle" name="subtitle" value={subtitle} />
      <Rows
        legend="Who made it"
        more="Add a person"
        values={contributors.length > 0 ? contributors : [NOBODY]}
        empty={NOBODY}
        row={({ name, role }, index) => (
          <>
            <Input label="Name" name={`contributors.${index}.name`} value={name} />
            <Choice label="Role" name={`contributors.${index}.role`} options={rolesWith(role)} chosen={role} />
          </>
        )}
      />
      <Field
        label="Description"
        name="description"
        hint="What readers see in the shop. An empty line begins a new paragraph."
      >
        {(control) => <textarea rows={6} defaultValue={description ?? ''} {...control} />}
      </Field>
      <div className="two">
        <div>
          <Input
            label="Language"
            name="language"
            value={language}
            list="languages"
            maxLength={35}
            hint="Its code, such as en or pt-BR. Left empty: as the book says."
          />
          <datalist id="languages">
            {LANGUAGES.map((tag) => (
              <option key={tag} value={tag}>
                {languageWords(tag)}
              </option>
            ))}
          </datalist>
        </div>
        <Input label="Subjects" name="subjects" value={subjects?.join(', ')} hint="Separated by commas." />
      </div>
      <Rows
        legend="Price"
        more="Add a currency"
        values={prices.length > 0 ? prices : [{ amount: '', currency: 'EUR' }]}
        empty={{ amount: '', currency: 'USD' }}
        row={({ amount, currency }, index) => (
          <>
            <Input
              label="Amount"
              name={`prices.${index}.amountMinor`}
              value={amount}
              inputMode="decimal"
              {...(index === 0 && { hint: 'Such as 4.99. 0 makes it free.' })}
            />
            <Choice
              label="Currency"
              name={`prices.${index}.currency`}
              options={[...new Set([...CURRENCIES, currency])].map((code) => [code, code] as const)}
              chosen={currency}
            />
          </>
        )}
      />
      <details open={Boolean(series ?? publicationYear ?? isbn13)}>
        <summary>Series, year, ISBN</summary>
        <div className="two">
          <Input label="Series" name="series.name" value={series?.name} />
          <Input label="Place in the series" name="series.position" value={series?.position} inputMode="decimal" />
          <Input label="Year of first publication" name="publicationYear" value={publicationYear} inputMode="numeric" />
          <Input label="ISBN" name="isbn13" value={isbn13} inputMode="numeric" />
        </div>
      </details>
    </>
  );
}

const NOBODY = { name: '', role: 'aut' };

const rolesWith = (role: string): readonly (readonly [string, string])[] =>
  ROLES.some(([code]) => code === role) ? ROLES : [...ROLES, [role, role]];

interface RowsProps<Value> {
  legend: string;
  more: string;
  values: readonly Value[];
  empty: Value;
  row: (value: Value, index: number) => ReactNode;
}

/** Rows that can be added and taken away. Numbers in names may have gaps; reading them closes those. */
function Rows<Value>({ legend, more, values, empty, row }: RowsProps<Value>) {
  const [rows, setRows] = useState(() => values.map((value, index) => ({ value, index })));
  const list = useRef<HTMLDivElement>(null);
  const another = useRef<HTMLButtonElement>(null);
  const add = () => {
    setRows((before) => [...before, { value: empty, index: Math.max(-1, ...before.map(({ index }) => index)) + 1 }]);
    requestAnimationFrame(() => list.current?.lastElementChild?.querySelector('input')?.focus());
  };
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="form-rows" ref={list}>
        {rows.map(({ value, index }) => (
          <div key={index} className="form-row">
            {row(value, index)}
            <button
              type="button"
              className="remove"
              aria-label={`Remove this line of “${legend}”`}
              onClick={() => {
                setRows((before) => before.filter((one) => one.index !== index));
                another.current?.focus();
              }}
            >
              ×
            </button>
          </div>
        ))}
      </div>
      <button type="button" className="quiet" ref={another} onClick={add}>
        {more}
      </button>
    </fieldset>
  );
}

/** What the form says, in the API's shape, and what could not even be read as a number. */
export function readDraft(form: HTMLFormElement) {
  const faults: Fault[] = [];
  const textOrNull = (name: string) => valueOf(form, name) || null;
  const numberOrNull = (name: string, isWhole: boolean) => {
    const text = valueOf(form, name).replace(',', '.');
    if (text === '') return null;
    const value = Number(text);
    if (Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
    const message = isWhole ? 'Write a whole number, such as 1999.' : 'Write a number, such as 1 or 1.5.';
    faults.push({ path: name, message });
    return null;
  };
  const seriesName = textOrNull('series.name');
  const position = numberOrNull('series.position', false);
  if (seriesName === null && position !== null)
    faults.push({ path: 'series.name', message: 'Name the series that this is the place in.' });
  const contributors = linesOf(form, 'contributors', 'name').map((index) => ({
    name: valueOf(form, `contributors.${index}.name`),
    role: valueOf(form, `contributors.${index}.role`),
  }));
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
    contributors,
    prices: readPrices(form, faults),
  };
  return { draft, faults };
}

/**
 * The numbers of the lines that say something, in their order.
 * The API counts those alone, and names its faults by that count: `nameOfLine` finds the control again.
 */
function linesOf(form: HTMLFormElement, list: string, first: string): number[] {
  const pattern = new RegExp(`^${list}\\.(\\d+)\\.${first}$`);
  return [...form.elements].flatMap((control) => {
    const index = pattern.exec(control.getAttribute('name') ?? '')?.[1];
    return index !== undefined && valueOf(form, `${list}.${index}.${first}`) !== '' ? [Number(index)] : [];
  });
}

/** Faults of the API, whose lines are counted without the empty ones, at the lines of the form. */
export function atLines(form: HTMLFormElement, faults: readonly Fault[]): Fault[] {
  const lines = { contributors: linesOf(form, 'contributors', 'name'), prices: linesOf(form, 'prices', 'amountMinor') };
  return faults.map(({ path, message }) => ({
    message,
    path: path.replace(/(contributors|prices)\.(\d+)/, (all, list: string, index: string) => {
      const line = list === 'prices' ? lines.prices[Number(index)] : lines.contributors[Number(index)];
      return line === undefined ? all : `${list}.${line}`;
    }),
  }));
}

function readPrices(form: HTMLFormElement, faults: Fault[]) {
  return linesOf(form, 'prices', 'amountMinor').flatMap((index) => {
    const path = `prices.${index}.amountMinor`;
    const currency = valueOf(form, `prices.${index}.currency`);
    const amountMinor = minorUnits(valueOf(form, path), currency);
    const example = decimalsOf(currency) === 0 ? '500' : '4.99';
    if (amountMinor !== null) return [{ amountMinor, currency }];
    faults.push({ path, message: `Write an amount of ${currency}, such as ${example}.` });
    return [];
  });
}
