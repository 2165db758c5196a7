/** Rows as a statement's parameters: an array for each column, and for a column that says the same in all rows its value. */
import { sql, type SQL } from 'drizzle-orm';

/** By name: PostgreSQL's type, and the values, as many as there are rows. */
export type Columns = Readonly<Record<string, readonly [type: string, values: readonly unknown[]]>>;

/**
 * @param columns as many values in each, one or more; no two rows are the same, and a row alone has more than nulls
 * @returns `from`: the rows, numbered by `ord`, under the name of `d`; `of`: a column of theirs;
 *   `place`: which of them it is, from 0
 */
export function rowsOf<Given extends Columns>(
  columns: Given,
): { from: SQL; of: (name: keyof Given & string) => SQL; place: SQL } {
  const [same, varied] = partition(Object.entries(columns), ([, [, values]]) => isSame(values));
  const once = new Map(same.map(([name, [type, values]]) => [name, valueOf(values[0], type)]));
  const arrays = varied.map(([, [type, values]]) => sql`${arrayOf(type, values)}::${sql.raw(type)}[]`);
  const names = sql.raw(varied.map(([name]) => `${name}, `).join(''));
  return {
    from: sql`unnest(${sql.join(arrays, sql`, `)}) with ordinality as d(${names}ord)`,
    place: sql`(d.ord - 1)::int`,
    of: (name) => once.get(name) ?? sql.raw(`d.${name}`),
  };
}

const valueOf = (value: unknown, type: string): SQL =>
  value === null ? sql.raw(`null::${type}`) : sql`${value}::${sql.raw(type)}`;

/** An array as PostgreSQL reads it; written here because a batch has thousands of elements, and few need any care. */
const arrayOf = (type: string, values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null || value === undefined ? 'null' : elementOf(type, value))).join(',')}}`;

const NEEDS_CARE = /["\\]/;

function elementOf(type: string, value: unknown): string {
  // What PostgreSQL undoes in an element is what a JSON text within JSON needs: it has no control characters any more.
  if (type === 'jsonb') return JSON.stringify(JSON.stringify(value));
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new TypeError(`a ${typeof value} cannot be an element of ${type}[]`);
  return `"${NEEDS_CARE.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value}"`;
}

/** Objects are not compared, and of a single row only null is worth another text: each is sent. */
const isSame = ([first, ...others]: readonly unknown[]): boolean =>
  first === null || (others.length > 0 && typeof first !== 'object') ? others.every((value) => value === first) : false;

function partition<One>(all: readonly One[], isFirst: (one: One) => boolean): [One[], One[]] {
  const { first = [], second = [] } = Object.groupBy(all, (one) => (isFirst(one) ? 'first' : 'second'));
  return [first, second];
}
