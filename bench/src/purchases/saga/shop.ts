/** The saga's orders: placing them, seeing when they were done, and whether each was done exactly once. */
import postgres from 'postgres';
import { newId } from '../../../../src/db/tables/columns.ts';
import type { OpenShop, Shop } from '../contestant.ts';
import { SAGA_TABLES } from './tables.ts';

const AMOUNT_MINOR = 999;

export const openSagaShop: OpenShop = async ({ databaseUrl }): Promise<Shop> => {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await sql.unsafe(SAGA_TABLES);
  return {
    plan: (count) => Array.from({ length: count }, newId),
    place: async (orderIds) => {
      await sql`
        insert into purchase_order (id, buyer_id, edition_id, amount_minor, status)
        select id, uuidv7(), uuidv7(), ${AMOUNT_MINOR}, 'PLACED' from unnest(${sql.array([...orderIds])}::uuid[]) as given (id)`;
    },
    countDone: async () => {
      const [row] = await sql<{ done: number }[]>`
        select count(*)::int as done from purchase_order where status = 'FULFILLED'`;
      return row?.done ?? 0;
    },
    doneAt: async (orderIds) => {
      const rows = await sql<{ id: string; atMs: number }[]>`
        select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as "atMs"
        from purchase_order where status = 'FULFILLED' and id = any(${sql.array([...orderIds])}::uuid[])`;
      return new Map(rows.map(({ id, atMs }) => [id, atMs]));
    },
    audit: (orderIds) => audit(sql, orderIds),
    close: () => sql.end({ timeout: 5 }),
  };
};

async function audit(sql: postgres.Sql, orderIds: readonly string[]): Promise<string[]> {
  const [row] = await sql<{ open: number; payments: number; licences: number; ledger: number }[]>`
    with given as (select * from purchase_order where id = any(${sql.array([...orderIds])}::uuid[])),
    payments as (select order_id, count(*) from purchase_payment group by order_id),
    licences as (select order_id, reader_id, count(*) from purchase_licence group by order_id, reader_id),
    booked as (select order_id, count(*), sum(amount_minor) from purchase_ledger_line group by order_id)
    select count(*) filter (where o.status <> 'FULFILLED')::int as open,
           count(*) filter (where p.count is distinct from 1)::int as payments,
           count(*) filter (where l.count is distinct from 1)::int as licences,
           count(*) filter (where (b.count, b.sum) is distinct from (2, 0))::int as ledger
    from given o
    left join payments p on p.order_id = o.id
    left join licences l on l.order_id = o.id and l.reader_id = o.buyer_id
    left join booked b on b.order_id = o.id`;
  if (!row) return ['the orders cannot be read'];
  const { open, payments, licences, ledger } = row;
  return [
    ...(open > 0 ? [`${open} purchases were not completed`] : []),
    ...(payments > 0 ? [`${payments} purchases do not have exactly one payment`] : []),
    ...(licences > 0 ? [`${licences} purchases do not have exactly one licence`] : []),
    ...(ledger > 0 ? [`${ledger} purchases do not have exactly two ledger lines that sum to zero`] : []),
  ];
}
