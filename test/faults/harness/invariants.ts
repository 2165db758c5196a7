/**
 * What must hold whatever was broken, asked from outside: plain SQL and the gateway's own journal, none of our reads.
 *
 * Money: each order ends; captured at most once; the gateway's captures, the ledger and the orders tell the same story;
 * the ledger sums to zero; who paid has the book and nobody else. Events: gapless per subject, dense per stream.
 * Not here: what Redis holds (stream-check.ts).
 */
import { readSandboxBooks, type SandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import type { Database } from '../../../src/db/client.ts';
import type { Purchase } from './load.ts';

type Sql = Database['sql'];

export interface Audit {
  readonly violations: string[];
  readonly figures: {
    readonly acknowledged: number;
    readonly completed: number;
    readonly declined: number;
    readonly lost: number;
    readonly 'charged twice': number;
    readonly 'captures at the gateway': number;
    readonly 'ledger sum (minor units)': number;
  };
}

/** Examples of each kind of fault that are told; all are counted. */
const EXAMPLES_MAX = 3;

/**
 * Audits a market that has come to rest.
 * @param acknowledged purchases whose commit was answered; the database may hold more, which must end as well
 */
export async function auditPurchases(
  sql: Sql,
  booksPath: string,
  acknowledged: readonly Pick<Purchase, 'orderId'>[],
): Promise<Audit> {
  const books = await readSandboxBooks(booksPath);
  const orders = await readOrders(sql);
  const states = new Map(orders.map((order) => [order.id, order]));
  const lost = acknowledged.filter(({ orderId }) => !ENDS.has(states.get(orderId)?.status ?? ''));
  const violations = [
    ...tell('acknowledged purchases did not end', lost, ({ orderId }) => `${orderId} ${states.get(orderId)?.status}`),
    ...tell(
      'orders that nobody was told of did not end',
      orders.filter((order) => !ENDS.has(order.status)),
      (order) => `${order.id} ${order.status}`,
    ),
    ...auditGateway(books, orders),
    ...(await auditShop(sql)),
  ];
  const captured = Map.groupBy(books.authorizations.filter(isCharged), ({ reference }) => reference);
  const [sum] = await sql<{ sum: string | null }[]>`select sum(amount_minor) as sum from ledger_entry`;
  return {
    violations,
    figures: {
      acknowledged: acknowledged.length,
      completed: orders.filter((order) => order.status === 'COMPLETED').length,
      declined: orders.filter((order) => order.status === 'DECLINED').length,
      lost: lost.length,
      'charged twice': [...captured.values()].filter((charges) => charges.length > 1).length,
      'captures at the gateway': books.captures.length,
      'ledger sum (minor units)': Number(sum?.sum ?? 0),
    },
  };
}

/** What must hold of a market at rest, whatever gateway it asks: ledger, library, events and runs. */
export async function auditShop(sql: Sql): Promise<string[]> {
  return [
    ...(await auditLedger(sql)),
    ...(await auditEntitlements(sql)),
    ...(await auditReceipts(sql)),
    ...(await auditEvents(sql)),
    ...(await auditRuns(sql)),
  ];
}

/** How many orders have not ended yet; 0 means rest. */
export async function countOpenOrders(sql: Sql): Promise<number> {
  const [row] = await sql<{ open: string }[]>`
    select count(*) as open from "order" where status not in ('COMPLETED', 'DECLINED', 'CANCELLED', 'EXPIRED')`;
  return Number(row?.open ?? 0);
}

/** Open runs of any workflow, receipts included; 0 means that nothing is left to do. */
export async function countOpenRuns(sql: Sql): Promise<number> {
  const [row] = await sql<{ open: string }[]>`
    select count(*) as open from run where state in ('RUNNING', 'COMPENSATING')`;
  return Number(row?.open ?? 0);
}

const ENDS = new Set(['COMPLETED', 'DECLINED', 'CANCELLED', 'EXPIRED']);

const isCharged = (one: SandboxBooks['authorizations'][number]): boolean =>
  one.capture !== null &&
  one.capture.amountMinor > one.refunds.reduce((total, { amountMinor }) => total + amountMinor, 0);

interface OrderRow {
  id: string;
  status: string;
  amountMinor: number;
  booked: number;
}

async function readOrders(sql: Sql): Promise<OrderRow[]> {
  const rows = await sql<{ id: string; status: string; amount_minor: string; booked: string }[]>`
    select o.id, o.status, o.amount_minor,
      (select count(*) from ledger_transaction t where t.order_id = o.id and t.key like 'capture:%') as booked
    from "order" o`;
  return rows.map(({ id, status, amount_minor, booked }) => ({
    id,
    status,
    amountMinor: Number(amount_minor),
    booked: Number(booked),
  }));
}

function auditGateway(books: SandboxBooks, orders: readonly OrderRow[]): string[] {
  const byReference = Map.groupBy(books.authorizations, ({ reference }) => reference);
  const chargesOf = (order: OrderRow) => (byReference.get(order.id) ?? []).filter(isCharged);
  const reserved = orders.filter(
    (order) => (byReference.get(order.id) ?? []).filter(({ state }) => state === 'AUTHORIZED').length > 0,
  );
  const repeated = orders.filter((order) => (byReference.get(order.id) ?? []).length > 1);
  return [
    ...tell(
      'orders were charged more than once',
      orders.filter((order) => chargesOf(order).length > 1),
      idOf,
    ),
    ...tell('orders were authorized more than once', repeated, idOf),
    ...tell('orders ended with money still reserved', reserved, idOf),
    ...tell(
      'orders do not agree with the gateway: COMPLETED if and only if captured',
      orders.filter((order) => (order.status === 'COMPLETED') !== chargesOf(order).length > 0),
      (order) => `${order.id} ${order.status}, ${chargesOf(order).length} captures`,
    ),
    ...tell(
      'orders do not agree with the ledger: booked once if and only if captured',
      orders.filter((order) => order.booked !== (chargesOf(order).length > 0 ? 1 : 0)),
      (order) => `${order.id} ${order.status}, booked ${order.booked} times`,
    ),
    ...tell(
      'captures of another amount than the order',
      orders.filter((order) => chargesOf(order).some(({ capture }) => capture?.amountMinor !== order.amountMinor)),
      idOf,
    ),
    ...tell(
      'captures without an order',
      [...byReference.keys()].filter((reference) => !orders.some(({ id }) => id === reference)),
      String,
    ),
  ];
}

const idOf = ({ id }: { id: string }): string => id;

async function auditLedger(sql: Sql): Promise<string[]> {
  const unbalanced = await sql<{ id: string }[]>`
    select transaction_id as id from ledger_entry group by transaction_id, currency having sum(amount_minor) <> 0`;
  const empty = await sql<{ id: string }[]>`
    select id from ledger_transaction t where not exists (select from ledger_entry e where e.transaction_id = t.id)`;
  const wrong = await sql<{ id: string }[]>`
    select o.id from "order" o join ledger_transaction t on t.order_id = o.id
    join ledger_entry e on e.transaction_id = t.id
    where e.amount_minor > 0 and t.key like 'capture:%' group by o.id, o.amount_minor having sum(e.amount_minor) <> o.amount_minor`;
  return [
    ...tell('ledger transactions do not sum to zero', unbalanced, idOf),
    ...tell('ledger transactions without entries', empty, idOf),
    ...tell('orders were booked with another amount', wrong, idOf),
  ];
}

async function auditReceipts(sql: Sql): Promise<string[]> {
  const missing = await sql<{ id: string }[]>`
    select o.id from "order" o where (o.status = 'COMPLETED') <> exists (select from receipt r where r.order_id = o.id)`;
  const gaps = await sql<{ id: string }[]>`
    select year::text as id from receipt group by year having max(number) <> count(*) or min(number) <> 1`;
  return [
    ...tell('orders do not agree with the receipts: one if and only if completed', missing, idOf),
    ...tell('years in which numbers of receipts are missing', gaps, idOf),
  ];
}

async function auditEntitlements(sql: Sql): Promise<string[]> {
  const missing = await sql<{ id: string }[]>`
    select o.id from "order" o join order_line l on l.order_id = o.id
    where o.status = 'COMPLETED' and (l.reversed_minor < l.amount_minor or l.amount_minor = 0) and not exists (
      select from entitlement t
      where t.reader_id = o.buyer_id and t.edition_id = l.edition_id and t.status = 'ACTIVE')`;
  const unearned = await sql<{ id: string }[]>`
    select t.id from entitlement t join "order" o on o.id = t.order_id where o.status <> 'COMPLETED'`;
  return [
    ...tell('paid books are not in the library', missing, idOf),
    ...tell('books were given that nobody paid for', unearned, idOf),
  ];
}

/** What subscribers are told: gapless per subject, each step once, dense per stream, never out of order. */
export async function auditEvents(sql: Sql): Promise<string[]> {
  const gaps = await sql<{ id: string }[]>`
    select subject as id from event where subject is not null group by subject having max(seq) <> count(*)`;
  const twice = await sql<{ id: string }[]>`
    select subject || ' ' || type as id from event
    where subject is not null and type <> 'stage.retrying' and type not like 'health.%'
      and type not like 'edition.%'
    group by subject, type having count(*) > 1`;
  const unsent = await sql<{ id: string }[]>`
    select id from event
    except select unnest(event_ids) from outbox where pub_seq is not null and again is null
    union all select id from outbox where pub_seq is null`;
  const sparse = await sql<{ id: string }[]>`
    select o.stream as id from outbox o join stream_head h on h.stream = o.stream and h.shard = o.shard
    where o.pub_seq is not null group by o.stream, o.shard, h.last_pub_seq
    having sum(cardinality(o.event_ids)) <> h.last_pub_seq or max(o.pub_seq) <> h.last_pub_seq
      or min(o.pub_seq - cardinality(o.event_ids)) <> 0`;
  const inverted = await sql<{ id: string }[]>`
    select id from (
      select e.id, lag(e.id) over (partition by o.stream, o.shard, e.subject order by o.pub_seq, i.place) as before
      from outbox o, unnest(o.event_ids) with ordinality as i(id, place) join event e on e.id = i.id
      where o.pub_seq is not null and o.again is null) as ordered
    where before > id`;
  return [
    ...tell('subjects have gaps in their events', gaps, idOf),
    ...tell('steps happened twice', twice, idOf),
    ...tell('events were never sent', unsent, idOf),
    ...tell('streams have holes in their numbers', sparse, idOf),
    ...tell('events of one subject were sent out of order', inverted, idOf),
  ];
}

async function auditRuns(sql: Sql): Promise<string[]> {
  const open = await sql<{ id: string }[]>`
    select id || ' ' || state || ' at ' || stage as id from run where state in ('RUNNING', 'COMPENSATING', 'PARKED')`;
  return tell('runs did not end', open, idOf);
}

/** One sentence with the count and a few examples; none when there is nothing to tell. */
export function tell<Item>(what: string, items: readonly Item[], name: (item: Item) => string): string[] {
  if (items.length === 0) return [];
  return [`${items.length} ${what}, such as ${items.slice(0, EXAMPLES_MAX).map(name).join('; ')}`];
}
