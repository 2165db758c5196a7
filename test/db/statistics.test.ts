/** What ANALYZE gathers of the engine's tables, which grow by several rows a purchase. */
import { expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

test('no statistics are gathered of documents and lists, which are dear to sample and choose no index', async () => {
  const columns = await database.current.sql<{ name: string; target: number | null }[]>`
    select attrelid::regclass || '.' || attname as name, attstattarget as target
    from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid in ('event'::regclass, 'run'::regclass, 'outbox'::regclass)
      and attnum > 0 and not attisdropped and (typname = 'jsonb' or typcategory = 'A')
    order by 1`;
  expect(columns).toEqual(
    ['event.payload', 'event.trail', 'outbox.event_ids', 'run.trail'].map((name) => ({ name, target: 0 })),
  );
});

test('of events and runs a small sample is read, which is as large as the largest target of a column asks', async () => {
  const [largest] = await database.current.sql<{ target: number | null }[]>`
    select max(coalesce(attstattarget, current_setting('default_statistics_target')::int))::int as target
    from pg_attribute
    where attrelid in ('event'::regclass, 'run'::regclass) and attnum > 0 and not attisdropped`;
  expect(largest).toEqual({ target: 25 });
});
