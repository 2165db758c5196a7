import { expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { maySeeEdition, readableBy } from '../../src/schema/visibility.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const edition = (saleStatus: string) => ({ id: newId(), ownerId: newId(), saleStatus });
const reader = { id: newId(), email: 'reader@example.org', name: 'Reader', role: 'READER', scopes: null } as const;

test('what is on sale, what is one’s own and what never was on sale is told without a promise', () => {
  const asked = { viewer: reader, db: database.current.db };
  const mine = { ...edition('UNRELEASED'), ownerId: reader.id };
  expect(readableBy(asked, edition('PUBLISHED'))).toEqual({ anyone: 'catalog:read' });
  expect(readableBy({ ...asked, viewer: null }, edition('PUBLISHED'))).toEqual({ anyone: 'catalog:read' });
  expect(readableBy(asked, mine)).toEqual({ anyone: 'catalog:read' });
  expect(readableBy(asked, edition('UNRELEASED'))).toBe(false);
  expect(readableBy({ ...asked, viewer: null }, edition('UNPUBLISHED'))).toBe(false);
});

test('whether an edition off sale was ordered is looked up, once a request', async () => {
  const asked = { viewer: reader, db: database.current.db };
  const gone = edition('UNPUBLISHED');
  const looked = maySeeEdition(asked, gone);
  expect(maySeeEdition(asked, gone)).toBe(looked);
  expect(await looked).toBe(false);
  expect(await readableBy(asked, gone)).toBe(false);
});
