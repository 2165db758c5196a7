import { sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { type Columns, rowsOf } from '../../src/db/rows.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

/** What PostgreSQL makes of columns, and how many parameters that took. */
async function roundTrip(columns: Columns) {
  const { from, of } = rowsOf(columns);
  const names = Object.keys(columns);
  const picked = sql.join(
    names.map((name) => sql`${of(name)} as ${sql.identifier(name)}`),
    sql`, `,
  );
  const query = sql`select ${picked} from ${from} order by d.ord`;
  const { params } = new PgDialect().sqlToQuery(query);
  return { rows: [...(await database.current.db.execute(query))], params: params.length };
}

test('columns come out as rows, in their order', async () => {
  const { rows } = await roundTrip({ id: ['int', [3, 1, 2]], name: ['text', ['c', null, '{"a","b"}']] });
  expect(rows).toEqual([
    { id: 3, name: 'c' },
    { id: 1, name: null },
    { id: 2, name: '{"a","b"}' },
  ]);
});

test('what is the same in all rows is sent once, and nothing for what is null in all', async () => {
  const { rows, params } = await roundTrip({
    id: ['int', [1, 2]],
    stage: ['text', ['pack', 'pack']],
    state: ['run_state', ['RUNNING', 'RUNNING']],
    trail: ['jsonb', [null, null]],
  });
  expect(rows).toEqual([1, 2].map((id) => ({ id, stage: 'pack', state: 'RUNNING', trail: null })));
  expect(params).toBe(3);
});

test('JSON stays what it was, also when it is the same object', async () => {
  const shared = { a: [1, 'ä', null], b: { c: '"' } };
  const { rows } = await roundTrip({ id: ['int', [1, 2]], payload: ['jsonb', [shared, shared]] });
  expect(rows).toEqual([1, 2].map((id) => ({ id, payload: shared })));
});

test('JSON need not be an object', async () => {
  const all = ['text', 'null', '"', 5, true, null, [1], {}];
  const { rows } = await roundTrip({ id: ['int', all.map((_, index) => index)], payload: ['jsonb', all] });
  expect(rows).toEqual(all.map((payload, id) => ({ id, payload })));
});

test('texts stay what they were, whatever they hold', async () => {
  const names = ['', 'null', 'NULL', ' a ', '{}', 'a,b', '"', '\\', '\\"\\n', 'two\nlines\t', 'ä\u2028😀', '\u0001'];
  const { rows } = await roundTrip({
    name: ['text', names],
    json: ['jsonb', names.map((name) => ({ name, [name]: 1 }))],
  });
  expect(rows).toEqual(names.map((name) => ({ name, json: { name, [name]: 1 } })));
});

test('a single row is a row', async () => {
  const { rows } = await roundTrip({ id: ['bigint', [7]], name: ['text', ['x']], none: ['text', [null]] });
  expect(rows).toEqual([{ id: '7', name: 'x', none: null }]);
});

test('a row is known again by its place', async () => {
  const { from, of, place } = rowsOf({ id: ['int', [7, 7, 8]], name: ['text', ['a', 'b', 'a']] });
  const rows = await database.current.db.execute(sql`select ${place} as place from ${from} where ${of('name')} = 'a'`);
  expect([...rows]).toEqual([{ place: 0 }, { place: 2 }]);
});
