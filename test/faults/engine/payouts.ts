/** Payouts to be disturbed: of one author, each of what one sale has earned. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requestPayout } from '../../../src/db/payouts.ts';
import { newId } from '../../../src/db/tables/columns.ts';
import { payoutRequested } from '../../../src/events/index.ts';
import { createSandboxGatewayClient } from '../../../src/ports/payments/sandbox/client.ts';
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { appendEvents } from '../../../src/streams/index.ts';
import { placePurchases, type Purchase } from '../harness/load.ts';
import type { Stack } from '../harness/stack.ts';
import type { Rehearsal, Thing } from './die-everywhere.ts';
import { runToRest } from './hand-clock.ts';

const HOUR_MS = 3_600_000;
const TERMS = { holdMs: 0, thresholds: new Map<string, number>() };

interface Victim {
  readonly payoutId: string;
}

/** Makes the market's author ready to be paid, and pays out what there is: from here on each sale is one payout. */
export async function openPayouts(
  { stack, clock, healer }: Rehearsal,
  nextPurchase: () => Purchase,
): Promise<Thing<Victim>> {
  const { database, booksPath, market } = stack;
  const { authorId } = market;
  const url = await readFile(join(booksPath, 'address'), 'utf8');
  const gateway = createSandboxGatewayClient({ url });
  const asked = { idempotencyKey: randomUUID(), reference: authorId, email: `${authorId}@example.org`, country: 'DE' };
  const { payeeRef } = await gateway.openPayee(asked);
  await fetch(new URL(`/payees/${payeeRef}/complete`, url), { method: 'POST' });
  await database.sql`
    insert into payee (id, author_id, status, country, gateway, idempotency_key, payee_ref)
    values (${newId()}, ${authorId}, 'READY', 'DE', 'sandbox', ${newId()}, ${payeeRef})`;
  const begin = async ({ payoutId }: Victim) => {
    const now = clock.now();
    await database.db.transaction(async (tx) => {
      await requestPayout(tx, { id: payoutId, authorId, currency: 'EUR', gateway: 'sandbox' }, { ...TERMS, now });
      await appendEvents(tx, [payoutRequested.of({ payoutId, status: 'REQUESTED' })], { now, shards: 1 });
    });
  };
  await begin({ payoutId: newId() });
  await runToRest(stack, healer, clock, HOUR_MS);
  return {
    name: 'a payout',
    prepare: async () => {
      await placePurchases(database, [nextPurchase()]);
      await runToRest(stack, healer, clock, HOUR_MS);
      return { payoutId: newId() };
    },
    begin,
    stateOf: (victim) => stateOf(stack, victim),
  };
}

/** Everything the author, a bookkeeper or the provider could see of a payout. */
async function stateOf({ database: { sql }, booksPath, market }: Stack, { payoutId }: Victim): Promise<string> {
  const [payout] = await sql`select status, amount_minor, failure from payout where id = ${payoutId}`;
  const told = await sql`
    select type, payload ->> 'status' as status from event where subject = ${`payout:${payoutId}`} order by seq`;
  const ledger = await sql`
    select regexp_replace(t.key, ':.*', '') as key, regexp_replace(e.account, ':.*', '') as account, e.amount_minor
    from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
    where t.key like ${`payout%:${payoutId}`} order by 1, 2`;
  const [balance] = await sql`
    select sum(amount_minor) as minor from ledger_entry where account = ${`author-payable:${market.authorId}`}`;
  const books = await readSandboxBooks(booksPath);
  const bank = books.payouts
    .filter(({ reference }) => reference === payoutId)
    .map(({ amountMinor, state }) => ({ amountMinor, state }));
  return JSON.stringify({ payout, told, ledger, balance, bank });
}

/** Do payouts, ledger and provider agree? */
export async function auditPayouts({ database: { sql }, booksPath }: Stack) {
  const books = await readSandboxBooks(booksPath);
  const rows = await sql<{ id: string; status: string; amount_minor: string; paid: string; owed: string }[]>`
    select p.id, p.status, p.amount_minor,
      (select coalesce(-sum(e.amount_minor), 0) from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
         where t.key like 'payout%:' || p.id and e.account = 'provider-clearing') as paid,
      (select coalesce(sum(e.amount_minor), 0) from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
         where t.key like 'payout%:' || p.id and e.account = 'payouts') as owed
    from payout p`;
  const disagreeing = rows.filter(({ id, status, amount_minor, paid, owed }) => {
    const atBank = books.payouts.filter((one) => one.reference === id && one.state === 'PAID');
    const bankMinor = atBank.reduce((sum, one) => sum + one.amountMinor, 0);
    const isOnce = atBank.length === 1 && bankMinor === Number(amount_minor) && bankMinor === Number(paid);
    return status !== 'PAID' || !isOnce || Number(owed) !== 0;
  });
  return { payouts: rows.length, disagreeing: disagreeing.map((one) => JSON.stringify(one)) };
}
