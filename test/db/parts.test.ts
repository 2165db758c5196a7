import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { joinParts, storeParts } from '../../src/db/parts.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

const table = async () => {
  await database.current.sql`create table if not exists kept (n int primary key, note text)`;
  await database.current.sql`delete from kept`;
};
const rows = () => database.current.sql`select n, note, cmin::text as command from kept order by n`;

test('parts are one statement, in which one knows what another returns', async () => {
  await table();
  await storeParts(database.current.db, {
    first: sql`insert into kept (n) values (1), (2) returning n`,
    second: sql`insert into kept (n, note) select n + 10, 'of ' || n from first`,
  });
  expect(await rows()).toEqual([
    { n: 1, note: null, command: '0' },
    { n: 2, note: null, command: '0' },
    { n: 11, note: 'of 1', command: '0' },
    { n: 12, note: 'of 2', command: '0' },
  ]);
});

test('all are done, or none', async () => {
  await table();
  const doubled = { one: sql`insert into kept (n) values (1)`, other: sql`insert into kept (n) values (2), (2)` };
  await expect(storeParts(database.current.db, doubled)).rejects.toThrow('Failed query');
  expect(await rows()).toEqual([]);
});

test('two parts of one name are refused', () => {
  const part = { kept: sql`select 1` };
  expect(() => joinParts([part, { other: sql`select 2` }, part])).toThrow(/two parts .* 'kept'/);
});
