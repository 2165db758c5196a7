/** What is paid to the owner, and what the books say of it: a payee with all that it may have, a payout, and for whoever asks something to be paid out. */
import type { Database } from '../../src/db/client.ts';
import { postLedger } from '../../src/db/ledger.ts';
import { authorPayable } from '../../src/db/ledger-accounts.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';

export function payoutThings({ db, sql }: Database, owner: { id: string }) {
  const payee = async (): Promise<string> => {
    const id = newId();
    const known = { payeeRef: id, onboardingUrl: 'https://bank.example.org/answer', failure: 'Not from there.' };
    const asked = { country: 'DE', gateway: 'sandbox', idempotencyKey: id };
    await db.insert(tables.payees).values({ id, authorId: owner.id, status: 'READY', ...asked, ...known });
    return id;
  };
  const payout = async (payeeId: string): Promise<string> => {
    const id = newId();
    const known = {
      gateway: 'sandbox',
      payeeRef: payeeId,
      idempotencyKey: id,
      payoutRef: id,
      failure: 'It came back.',
    };
    const amount = { amountMinor: 1, currency: 'EUR' };
    await db.insert(tables.payouts).values({ id, payeeId, authorId: owner.id, status: 'FAILED', ...amount, ...known });
    return id;
  };
  /** Enough to be paid out, with nothing under way. */
  const earned = async (person: { id: string } | null): Promise<void> => {
    if (person === null) return;
    await sql`
      insert into payee (id, author_id, status, country, gateway, idempotency_key, payee_ref)
      values (${newId()}, ${person.id}, 'READY', 'DE', 'sandbox', ${newId()}, ${newId()}) 
      on conflict (author_id) do update set status = 'READY', payee_ref = excluded.payee_ref`;
    await sql`update payout set status = 'FAILED' where author_id = ${person.id}`;
    const entries = [
      { account: authorPayable(person.id), currency: 'EUR', amountMinor: -1_000_000 },
      { account: 'provider-clearing', currency: 'EUR', amountMinor: 1_000_000 },
    ];
    const posting = { key: newId(), orderId: null, entries };
    await db.transaction((tx) => postLedger(tx, [posting], new Date('2026-10-01T00:00:00Z')));
  };
  /** Compared last night, and found different. */
  const difference = async (): Promise<string> => {
    const id = newId();
    const at = new Date();
    const night = { movements: 1, found: 1, startedAt: at, endedAt: at };
    await db.insert(tables.reconciliations).values({ gateway: 'sandbox', slot: at, ...night });
    const ours = { ledgerKey: 'payout-paid:1', ourMinor: 2, ourCurrency: 'EUR' };
    const theirs = { movementKind: 'PAYOUT' as const, ref: 'po_1', theirMinor: 1, theirCurrency: 'EUR' };
    const explained = { status: 'EXPLAINED' as const, explainedById: owner.id, note: 'A slip.', explainedAt: at };
    const about = { gateway: 'sandbox', kind: 'AMOUNT' as const, subject: id };
    await db.insert(tables.reconciliationDifferences).values({ id, ...about, ...ours, ...theirs, ...explained });
    return id;
  };
  return { payee, payout, earned, difference };
}
