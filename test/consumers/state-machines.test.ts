/**
 * The declared state machines against the code: everything that can become of an order, a refund, a dispute, a right, a
 * payee and a payout is made to happen, and the database tells how their states moved.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STATE_MACHINES, type StateMachine } from '../../src/books/state-machines.ts';
import { ACTION_TIME_MS_MAX } from '../../src/consumers/purchase/authorize-payment.ts';
import { openPayee } from '../../src/db/payees.ts';
import { requestPayout } from '../../src/db/payouts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import {
  disputeNoticed,
  payeeRequested,
  payoutNoticed,
  payoutRequested,
  refundNoticed,
} from '../../src/events/index.ts';
import { GatewayRejectedRequestError } from '../../src/ports/payments/gateway.ts';
import type { PaymentProvider } from '../../src/ports/payments/provider.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { requestRefundOf } from './money.ts';
import { leftAuthorized } from './older-release.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const HOUR_MS = 3_600_000;
const database = useDatabase();
let shop: Marketplace;
let buyer: { id: string };

beforeEach(async () => {
  shop = await openMarketplace(database.current);
  buyer = await shop.signUp();
  await watch();
});
afterEach(() => shop.close());

/** The database writes down how states move. */
async function watch() {
  const { sql } = database.current;
  await sql`create table if not exists move (machine text, source text, target text, primary key (machine, source, target))`;
  await sql.unsafe(`
    create or replace function write_move() returns trigger language plpgsql as $$
    declare source text := '[*]';
    begin
      if tg_op = 'UPDATE' then source := old.status::text; end if;
      if source <> new.status::text then
        insert into move values (tg_table_name, source, new.status::text) on conflict do nothing;
      end if;
      return null;
    end $$`);
  for (const { table } of STATE_MACHINES) {
    await sql.unsafe(`create or replace trigger write_move after insert or update on "${table}"
      for each row execute function write_move()`);
  }
}

const run = () => shop.runFor(HOUR_MS);
const append = (...events: Parameters<typeof appendEvents>[1]) =>
  appendEvents(shop.services.db, events, { now: shop.clock.now(), shards: 1 });
const control = async (path: string): Promise<unknown> =>
  (await fetch(new URL(path, shop.gatewayUrl), { method: 'POST', redirect: 'manual' })).text();
const rejected = (): Promise<never> => Promise.reject(new GatewayRejectedRequestError('We do not understand this.'));

/** While it lasts, the provider is another one. */
async function with_(change: (real: PaymentProvider) => Partial<PaymentProvider>, work: () => Promise<unknown>) {
  const real = { ...shop.services.gateway };
  Object.assign(shop.services.gateway, change(real));
  try {
    await work();
  } finally {
    Object.assign(shop.services.gateway, real);
  }
}

async function newBook() {
  const author = await shop.signUp('AUTHOR');
  return { author, editionId: await shop.listEdition({ authorId: author.id }) };
}
async function buy(paymentToken = 'tok_succeeds', editionId?: string, priceMinor = 2_000) {
  const placed = {
    buyerId: buyer.id,
    editionId: editionId ?? (await newBook()).editionId,
    priceMinor,
    paymentToken,
  };
  const orderId = await shop.placeOrder(placed);
  await run();
  return orderId;
}

/** @returns a gateway's name of a column of a row */
async function nameOf(table: 'payment' | 'refund' | 'payout' | 'payee', id: string): Promise<string> {
  const column = { payment: 'capture_ref', refund: 'refund_ref', payout: 'payout_ref', payee: 'payee_ref' }[table];
  const key = table === 'payment' ? 'order_id' : 'id';
  const [row] = await database.current.sql.unsafe(`select ${column} as ref from ${table} where ${key} = '${id}'`);
  return String(row?.['ref']);
}

async function answerBank(answer: 'approve' | 'deny' | null) {
  const orderId = await shop.placeOrder({
    buyerId: buyer.id,
    editionId: (await newBook()).editionId,
    paymentToken: 'tok_requires_action',
  });
  await shop.runUntilIdle();
  const actionUrl = (await shop.order(orderId))?.action_url ?? '';
  if (answer === null) shop.clock.advanceTime(ACTION_TIME_MS_MAX);
  else await control(`${actionUrl}/${answer}`);
  await run();
}

async function orders() {
  await buy();
  await buy('tok_succeeds', undefined, 0);
  await leftAuthorized(shop, { buyerId: buyer.id, editionId: (await newBook()).editionId });
  await run();
  await buy('tok_declined');
  await buy('tok_capture_refused');
  await with_(() => ({ authorize: rejected }), buy);
  for (const answer of ['approve', 'deny', null] as const) await answerBank(answer);
  const { editionId } = await newBook();
  await database.current.sql`update edition set sale_status = 'UNPUBLISHED' where id = ${editionId}`;
  await buy('tok_succeeds', editionId);
  await shop.placeOrder({
    buyerId: buyer.id,
    editionId: (await newBook()).editionId,
    paymentToken: 'tok_requires_action',
  });
  await shop.runUntilIdle();
  await with_(() => ({ lookup: rejected }), run);
  await database.current.sql`alter table entitlement add constraint broken check (status <> 'ACTIVE') not valid`;
  await shop.placeOrder({ buyerId: buyer.id, editionId: (await newBook()).editionId });
  await shop.runFor(30_000);
  await database.current.sql`alter table entitlement drop constraint broken`;
  await run();
}

async function refunds() {
  const { editionId } = await newBook();
  const orderId = await buy('tok_succeeds', editionId);
  await with_(
    () => ({ refund: async () => ({ kind: 'REFUSED', reasonCode: 'no', message: 'No.' }) }),
    async () => {
      await requestRefundOf(shop, { orderId, userId: buyer.id });
      await run();
    },
  );
  const settled = await requestRefundOf(shop, { orderId, userId: buyer.id });
  await run();
  await control(`/refunds/${await nameOf('refund', settled)}/fail`);
  await append(refundNoticed.of({ noticeId: randomUUID(), gateway: 'sandbox', ref: 'x', orderId }));
  await run();
  await with_(
    (real) => ({
      lookup: async (request) => {
        const payment = await real.lookup(request);
        if (payment.kind !== 'CAPTURED') return payment;
        return { ...payment, refunds: payment.refunds.map((one) => ({ ...one, state: 'FAILED' as const })) };
      },
    }),
    async () => {
      await requestRefundOf(shop, { orderId, userId: buyer.id });
      await run();
    },
  );
  // Given back for good, and bought again.
  await requestRefundOf(shop, { orderId, userId: buyer.id });
  await run();
  await buy('tok_succeeds', editionId);
}

async function disputes() {
  for (const end of ['win', 'lose']) {
    const { editionId } = await newBook();
    const orderId = await buy('tok_succeeds', editionId);
    const told = await control(`/captures/${await nameOf('payment', orderId)}/dispute`);
    const { disputeRef } = JSON.parse(String(told));
    const notice = () =>
      append(disputeNoticed.of({ noticeId: randomUUID(), gateway: 'sandbox', disputeRef, reference: orderId }));
    await notice();
    await run();
    await control(`/disputes/${disputeRef}/${end}`);
    await notice();
    await run();
    if (end === 'lose') await buy('tok_succeeds', editionId);
  }
  await refundsInDispute();
}

/** A refund on its way when the bank takes the payment back comes to nothing: the right stays with the dispute. */
async function refundsInDispute() {
  for (const end of [null, 'lose']) {
    const orderId = await buy();
    const refundId = await requestRefundOf(shop, { orderId, userId: buyer.id });
    await run();
    await database.current.sql`
      insert into dispute (id, order_id, dispute_ref, status, amount_minor, fee_minor, currency)
      values (${newId()}, ${orderId}, ${newId()}, 'OPEN', 1, 0, 'EUR')`;
    if (end === 'lose') await database.current.sql`update dispute set status = 'LOST' where order_id = ${orderId}`;
    await control(`/refunds/${await nameOf('refund', refundId)}/fail`);
    await append(refundNoticed.of({ noticeId: randomUUID(), gateway: 'sandbox', ref: 'x', orderId }));
    await run();
  }
}

async function payees() {
  const author = await shop.signUp('AUTHOR');
  const open = async (country = 'DE') => {
    await shop.services.db.transaction(async (tx) => {
      const begun = await openPayee(tx, { authorId: author.id, country, gateway: 'sandbox' }, shop.clock.now());
      if (begun) await appendEvents(tx, [payeeRequested.of(begun)], { now: shop.clock.now(), shards: 1 });
    });
    await shop.runUntilIdle();
  };
  await with_(() => ({ openPayee: rejected }), open);
  await open();
  await with_(() => ({ lookupPayee: rejected }), run);
  await open();
  const [row] = await database.current.sql<{ id: string }[]>`select id from payee where author_id = ${author.id}`;
  const complete = async () => {
    await control(`/payees/${await nameOf('payee', row?.id ?? '')}/complete`);
    await run();
  };
  const changeProvider = async () => {
    await database.current.sql`update payee set gateway = 'another'`;
    await open();
  };
  await changeProvider();
  await complete();
  await changeProvider();
  await complete();
  return author;
}

async function payouts() {
  const author = await payees();
  const editionId = await shop.listEdition({ authorId: author.id });
  await buy('tok_succeeds', editionId);
  const ask = async () => {
    const id = newId();
    const now = shop.clock.now();
    await shop.services.db.transaction(async (tx) => {
      const terms = { holdMs: 0, thresholds: new Map<string, number>(), now };
      await requestPayout(tx, { id, authorId: author.id, currency: 'EUR', gateway: 'sandbox' }, terms);
      await appendEvents(tx, [payoutRequested.of({ payoutId: id, status: 'REQUESTED' })], { now, shards: 1 });
    });
    await run();
    return id;
  };
  const refused = (reasonCode: string) => () => ({
    pay: async () => ({ kind: 'REFUSED' as const, reasonCode, message: 'No.' }),
  });
  await with_(refused('balance_insufficient'), ask);
  await with_(
    (real) => ({
      lookupPayout: async (request) => {
        const state = await real.lookupPayout(request);
        return state.kind === 'NOT_FOUND' ? state : { ...state, kind: 'FAILED', reasonCode: 'no', message: 'No.' };
      },
    }),
    ask,
  );
  const paid = await ask();
  const payoutRef = await nameOf('payout', paid);
  await control(`/payouts/${payoutRef}/fail`);
  await append(payoutNoticed.of({ noticeId: randomUUID(), gateway: 'sandbox', payoutRef, reference: paid }));
  await run();
  await with_(refused('payee_not_ready'), ask);
}

const declared = ({ begins, moves }: StateMachine) =>
  [...begins.map((to) => `[*] → ${to}`), ...moves.map(({ from, to }) => `${from} → ${to}`)].toSorted();

test('states move as declared, in each of these ways and in no other', { timeout: 120_000 }, async () => {
  for (const happen of [orders, refunds, disputes, payouts]) await happen();
  const seen = await database.current.sql<{ machine: string; source: string; target: string }[]>`select * from move`;
  for (const machine of STATE_MACHINES) {
    const moves = seen.filter((one) => one.machine === machine.table).map((one) => `${one.source} → ${one.target}`);
    expect([machine.name, moves.toSorted()]).toEqual([machine.name, declared(machine)]);
  }
});

test.each(STATE_MACHINES)('the states of $name are those of its column', async ({ table, states }) => {
  const rows = await database.current.sql<{ state: string }[]>`
    select unnest(enum_range(null::${database.current.sql.unsafe(`${table}_status`)}))::text as state`;
  expect(rows.map(({ state }) => state).toSorted()).toEqual(states.toSorted());
});
