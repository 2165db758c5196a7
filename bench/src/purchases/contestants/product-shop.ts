/** The product's orders: a market of books and buyers, a gateway, and whether each purchase was made exactly once. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../../../src/db/client.ts';
import { migrateDatabase } from '../../../../src/db/migrate.ts';
import { newId } from '../../../../src/db/tables/columns.ts';
import { readSandboxBooks } from '../../../../src/ports/payments/sandbox/books.ts';
import { startSandboxGateway } from '../../../../src/ports/payments/sandbox/server.ts';
import { openMarket } from '../../../../test/faults/harness/load.ts';
import { quiet } from '../../machine/quiet.ts';
import type { OpenShop, Shop } from '../contestant.ts';

export const openProductShop: OpenShop = async (place, ordersMax): Promise<Shop> => {
  await migrateDatabase(place.databaseUrl);
  const database = openDatabase(place.databaseUrl, { poolMax: 2 });
  await openMarket(database, ordersMax);
  const dataDir = join(place.folder, 'product');
  const booksPath = join(dataDir, 'gateway');
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(booksPath, { recursive: true });
  const gateway = await startSandboxGateway({ booksPath, log: quiet });
  await writeFile(join(booksPath, 'address'), gateway.url);
  return {
    plan: (count) => Array.from({ length: count }, newId),
    // The producer places them.
    place: async () => {},
    countDone: async () => {
      const [row] = await database.sql<{ done: number }[]>`
        select count(*)::int as done from "order" where status = 'COMPLETED'`;
      return row?.done ?? 0;
    },
    doneAt: async (orderIds) => {
      const rows = await database.sql<{ id: string; atMs: number }[]>`
        select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as "atMs"
        from "order" where status = 'COMPLETED' and id = any(${[...orderIds]}::uuid[])`;
      return new Map(rows.map(({ id, atMs }) => [id, atMs]));
    },
    audit: (orderIds) => audit(database, booksPath, orderIds),
    close: async () => {
      await gateway.stop();
      await database.close();
    },
  };
};

async function audit({ sql }: Database, booksPath: string, orderIds: readonly string[]): Promise<string[]> {
  const [row] = await sql<{ open: number; entitlements: number; ledger: number }[]>`
    select count(*) filter (where o.status <> 'COMPLETED')::int as open,
           count(*) filter (where (select count(*) from entitlement e where e.order_id = o.id) <> 1)::int as entitlements,
           count(*) filter (where (select count(*) from ledger_transaction t where t.order_id = o.id) <> 1)::int as ledger
    from "order" o where o.id = any(${[...orderIds]}::uuid[])`;
  const { captures } = await readSandboxBooks(booksPath);
  const [orders] = await sql<{ done: number }[]>`select count(*)::int as done from "order" where status = 'COMPLETED'`;
  if (!row || !orders) return ['the orders cannot be read'];
  return [
    ...(row.open > 0 ? [`${row.open} purchases were not completed`] : []),
    ...(row.entitlements > 0 ? [`${row.entitlements} purchases do not have exactly one entitlement`] : []),
    ...(row.ledger > 0 ? [`${row.ledger} purchases are not booked exactly once`] : []),
    ...(captures.length === orders.done ? [] : [`${captures.length} captures for ${orders.done} purchases`]),
  ];
}
