import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { isDone, joinParts, storeParts } from '../../src/db/parts.ts';
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

test('what is checked at the commit is checked without a transaction', async () => {
  const { db, sql: run } = database.current;
  const noEntries = sql`insert into ledger_transaction (id, key, created_at) values (uuidv7(), 'without entries', now())`;
  await expect(storeParts(db, { booked: noEntries })).rejects.toThrow('Failed query');
  expect(await run`select key from ledger_transaction where key = 'without entries'`).toEqual([]);
});

test('a part that reads what another returns is done after it', async () => {
  await table();
  const { db, sql: run } = database.current;
  await run`create sequence if not exists turns`;
  const insert = (n: number, when = sql`true`) =>
    sql`insert into kept (n, note) select ${n}::int, nextval('turns')::text where ${when} returning n`;
  await storeParts(db, { first: insert(1), second: insert(2, isDone('first')) });
  const [first, second] = (await rows()).map(({ note }) => Number(note));
  expect(second).toBe((first ?? 0) + 1);
});

test('two parts of one name, and reserved names, are refused', async () => {
  const part = { kept: sql`select 1` };
  expect(() => joinParts([part, { other: sql`select 2` }, part])).toThrow(/two parts .* 'kept'/);
  await expect(storeParts(database.current.db, { done: sql`select 1` })).rejects.toThrow(/cannot be named 'done'/);
});
