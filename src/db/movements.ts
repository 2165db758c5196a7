/**
 * The provider's books as they are read: each movement once, and its fee booked with it.
 *
 * Promise: whoever reads the same page again stores and books nothing anew; how far was read is stored with what was read.
 * Ledger: `provider-fee:GATEWAY:MOVEMENT` is what the provider kept. Fees of disputes are booked with the disputes.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { type LedgerEntry, type LedgerPosting, postLedger } from './ledger.ts';
import { PROVIDER_CLEARING, PROVIDER_FEE } from './ledger-accounts.ts';
import { newId } from './tables/columns.ts';
import type { movementKind } from './tables/index.ts';

export interface ReadMovement {
  id: string;
  kind: (typeof movementKind.enumValues)[number];
  ref: string;
  reference: string;
  amountMinor: number;
  feeMinor: number;
  currency: string;
  at: Date;
}

/** How far the provider's books have been read by this comparison, or else by the one before. */
export async function readCursor(
  db: Pick<Tx, 'execute'>,
  { gateway, slot }: { gateway: string; slot: string },
): Promise<string | null> {
  const [row] = await db.execute(sql`
    select cursor from reconciliation where gateway = ${gateway}
    order by slot = ${slot}::timestamptz desc, started_at desc limit 1`);
  return row ? z.object({ cursor: z.string().nullable() }).parse(row).cursor : null;
}

/** Stores what was read, with where to go on. @param movements 10,000 at most */
export async function storeMovements(
  tx: Tx,
  { gateway, slot, cursor }: { gateway: string; slot: string; cursor: string | null },
  movements: readonly ReadMovement[],
  now: Date,
): Promise<void> {
  const stored = await insertMovements(tx, gateway, movements);
  await tx.execute(sql`
    insert into reconciliation (id, gateway, slot, cursor, movements, started_at)
    values (${newId()}, ${gateway}, ${slot}::timestamptz, ${cursor}, ${stored.size}, ${now.toISOString()}::timestamptz)
    on conflict (gateway, slot) do update
    set cursor = excluded.cursor, movements = reconciliation.movements + excluded.movements`);
  const fees = movements.filter(({ id, feeMinor, kind }) => {
    return stored.has(id) && feeMinor !== 0 && kind !== 'DISPUTE' && kind !== 'DISPUTE_REVERSED';
  });
  await postLedger(
    tx,
    fees.map((movement) => feePosting(gateway, movement)),
    now,
  );
}

/** @returns the ids of those that were new */
async function insertMovements(
  tx: Tx,
  gateway: string,
  movements: readonly ReadMovement[],
): Promise<ReadonlySet<string>> {
  const rows = movements.map(({ id, reference, at, ...movement }) => ({
    ...movement,
    id,
    referenceId: z.uuid().safeParse(reference).data ?? null,
    at: at.toISOString(),
  }));
  const stored = await tx.execute<{ id: string }>(sql`
    insert into provider_movement
      (gateway, movement_id, kind, ref, reference_id, amount_minor, fee_minor, currency, at)
    select ${gateway}, m.id, m.kind::movement_kind, m.ref, m."referenceId", m."amountMinor", m."feeMinor", m.currency, m.at
    from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as (
      id text, kind text, ref text, "referenceId" uuid, "amountMinor" bigint, "feeMinor" bigint, currency text,
      at timestamptz)) with ordinality as m(id, kind, ref, "referenceId", "amountMinor", "feeMinor", currency, at, place)
    order by m.place
    on conflict do nothing returning movement_id as id`);
  return new Set([...stored].map(({ id }) => id));
}

const feePosting = (gateway: string, movement: ReadMovement): LedgerPosting => ({
  key: `provider-fee:${gateway}:${movement.id}`,
  orderId: null,
  entries: feeEntries(movement),
});

/** What the provider kept of what it holds for us. */
export const feeEntries = ({ feeMinor, currency }: Pick<ReadMovement, 'feeMinor' | 'currency'>): LedgerEntry[] => [
  { account: PROVIDER_FEE, currency, amountMinor: feeMinor },
  { account: PROVIDER_CLEARING, currency, amountMinor: -feeMinor },
];
