/**
 * The comparison of the provider's books with ours, both ways.
 *
 * Promise: each movement of the provider is looked for among our captures, refunds, disputes and payouts, and each booking
 * of ours on `provider-clearing` among its movements; what differs after a time of grace is stored once, and is CLEARED by
 * itself when a later comparison finds that both agree. Nothing is ever booked to make both agree.
 * Not here: reading the provider's books (movements.ts), in what two sides can differ (../books/difference.ts).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { type DifferenceKind, differencesOf } from '../books/difference.ts';
import type { Tx } from './client.ts';
import { newId } from './tables/columns.ts';
import { movementKind, reconciliationDifferences } from './tables/index.ts';

/** What happened in the last hours may not have been told to both sides. */
const GRACE_MS = 6 * 3_600_000;
const PAGE = 1_000;

const comparedSchema = z.object({
  movementId: z.string(),
  number: z.coerce.number(),
  kind: z.enum(movementKind.enumValues),
  ref: z.string(),
  referenceId: z.string().nullable(),
  amountMinor: z.coerce.number(),
  feeMinor: z.coerce.number(),
  currency: z.string(),
  at: z.coerce.date(),
  isRepeated: z.boolean(),
  /** Ours; null when there is none. */
  ledgerKey: z.string().nullable(),
  ourMinor: z.coerce.number().nullable(),
  ourCurrency: z.string().nullable(),
  ourFeeMinor: z.coerce.number().nullable(),
  hasMoved: z.boolean().nullable(),
  /** Somebody has said why it differs. */
  isExplained: z.boolean(),
});
type Compared = z.infer<typeof comparedSchema>;

/** A movement that we should have been told of, and were not, or did not understand. */
export type Unheard = Pick<Compared, 'movementId' | 'kind' | 'ref' | 'referenceId'>;

/** @returns how many differences were not known before, and what the provider is to be asked about again */
export async function compareBooks(
  tx: Tx,
  { gateway, slot, now }: { gateway: string; slot: string; now: Date },
): Promise<{ found: number; unheard: Unheard[] }> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('reconciliation', 0))`);
  const ripe = new Date(now.getTime() - GRACE_MS);
  const theirs = await compareTheirs(tx, gateway, { ripe, now });
  const missing = await compareOurs(tx, gateway, { ripe, now });
  const found = theirs.found + missing;
  await tx.execute(sql`
    update reconciliation set found = found + ${found}, checked_until = ${ripe.toISOString()}::timestamptz,
      ended_at = ${now.toISOString()}::timestamptz
    where gateway = ${gateway} and slot = ${slot}::timestamptz`);
  return { found, unheard: theirs.unheard };
}

interface Times {
  /** What is younger is not judged yet. */
  ripe: Date;
  now: Date;
}

async function compareTheirs(tx: Tx, gateway: string, { ripe, now }: Times) {
  const unheard: Unheard[] = [];
  let found = 0;
  for (let after = 0; ;) {
    const page = await readPending(tx, gateway, after);
    const judged = page.map((one) => ({ one, kinds: differencesOf(one, oursOf(one)) }));
    const ripened = judged.filter(({ one }) => one.at <= ripe);
    found += await storeDifferences(
      tx,
      ripened.flatMap(({ one, kinds }) => kinds.map((kind) => theirDifference(gateway, one, kind))),
      now,
    );
    for (const { one, kinds } of ripened) {
      if (isUnheard(one, kinds)) unheard.push(one);
    }
    await settleMovements(tx, gateway, judged);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return { found, unheard };
    after = last.number;
  }
}

/** What is none of ours, or was explained, is not asked about night after night. */
const isUnheard = ({ referenceId, isExplained }: Compared, kinds: readonly DifferenceKind[]) =>
  !isExplained && kinds.some((kind) => kind === 'STATE' || (kind === 'MISSING_HERE' && referenceId !== null));

const oursOf = ({ ourMinor, ourCurrency, ourFeeMinor, hasMoved }: Compared) =>
  ourMinor === null || ourCurrency === null
    ? null
    : { amountMinor: ourMinor, currency: ourCurrency, feeMinor: ourFeeMinor, hasMoved: hasMoved === true };

/** What has not agreed so far, beside ours. A payment is known by its order, all else by the provider's name for it. */
async function readPending(tx: Tx, gateway: string, after: number): Promise<Compared[]> {
  const rows = await tx.execute(sql`
    select m.movement_id as "movementId", m.number, m.kind, m.ref, m.reference_id as "referenceId",
           m.amount_minor as "amountMinor", m.fee_minor as "feeMinor", m.currency, m.at,
           exists (select from provider_movement x where x.gateway = m.gateway and x.kind = m.kind and x.ref = m.ref
                   and x.number < m.number) as "isRepeated",
           o.key as "ledgerKey", o.minor as "ourMinor", o.currency as "ourCurrency", o.fee as "ourFeeMinor",
           o.has_moved as "hasMoved",
           exists (select from reconciliation_difference d where d.gateway = m.gateway and d.subject = m.movement_id
                   and d.status = 'EXPLAINED') as "isExplained"
    from provider_movement m left join lateral (${OURS}) o on true
    where m.gateway = ${gateway} and m.state <> 'AGREED' and m.number > ${after}
    order by m.number limit ${PAGE}`);
  return z.array(comparedSchema).parse([...rows]);
}

const isBooked = (key: ReturnType<typeof sql>) => sql`exists (select from ledger_transaction t where t.key = ${key})`;
const hasCome = (kind: string) => sql`exists (
  select from provider_movement x where x.gateway = m.gateway and x.kind = ${kind}::movement_kind and x.ref = m.ref)`;

/** Of one movement `m`: key, minor, currency, fee, has_moved; one row at most. */
const OURS = sql`
  select 'capture:' || p.order_id as key, o.amount_minor as minor, o.currency, null::bigint as fee,
         ${isBooked(sql`'capture:' || p.order_id`)} as has_moved
  from payment p join "order" o on o.id = p.order_id
  where m.kind = 'CAPTURE' and p.order_id = m.reference_id and p.gateway = m.gateway and coalesce(p.capture_ref, m.ref) = m.ref
  union all
  select 'refund-settled:' || r.id, r.amount_minor, r.currency, null,
         r.status in ('SUBMITTED', 'SETTLED') or (r.status = 'FAILED' and ${hasCome('REFUND_FAILED')})
  from refund r where m.kind = 'REFUND' and r.refund_ref = m.ref
  union all
  select 'refund:' || o.id, o.amount_minor, o.currency, null, true
  from "order" o where m.kind = 'REFUND' and o.id = m.reference_id and ${isBooked(sql`'refund:' || o.id`)}
    and not exists (select from refund r where r.refund_ref = m.ref)
  union all
  select 'refund-returned:' || r.id, r.amount_minor, r.currency, null, r.status = 'FAILED'
  from refund r where m.kind = 'REFUND_FAILED' and r.refund_ref = m.ref
  union all
  select 'dispute:' || d.id, d.amount_minor, d.currency, d.fee_minor, true
  from dispute d where m.kind = 'DISPUTE' and d.dispute_ref = m.ref
  union all
  select 'dispute-won:' || d.id, d.amount_minor, d.currency, null, d.status = 'WON'
  from dispute d where m.kind = 'DISPUTE_REVERSED' and d.dispute_ref = m.ref
  union all
  select 'payout-paid:' || p.id, p.amount_minor, p.currency, null,
         p.status in ('PROCESSING', 'PAID') or (p.status = 'FAILED' and ${hasCome('PAYOUT_FAILED')})
  from payout p where m.kind = 'PAYOUT' and p.payout_ref = m.ref and p.gateway = m.gateway
  union all
  select 'payout-returned:' || p.id, p.amount_minor, p.currency, null, p.status = 'FAILED'
  from payout p where m.kind = 'PAYOUT_FAILED' and p.payout_ref = m.ref and p.gateway = m.gateway
  limit 1`;

type NewDifference = Omit<typeof reconciliationDifferences.$inferInsert, 'id' | 'createdAt'>;

function theirDifference(gateway: string, one: Compared, kind: DifferenceKind): NewDifference {
  const { movementId: subject, kind: moved, ref, ledgerKey, amountMinor, feeMinor, ourMinor, ourFeeMinor } = one;
  const isFee = kind === 'FEE';
  return {
    gateway,
    kind,
    subject,
    movementKind: moved,
    ref,
    ledgerKey,
    ourMinor: isFee ? ourFeeMinor : ourMinor,
    ourCurrency: one.ourCurrency,
    theirMinor: isFee ? feeMinor : amountMinor,
    theirCurrency: one.currency,
  };
}

/** @returns how many were not known before */
async function storeDifferences(tx: Tx, differences: readonly NewDifference[], now: Date): Promise<number> {
  if (differences.length === 0) return 0;
  const stored = await tx
    .insert(reconciliationDifferences)
    .values(differences.map((difference) => ({ id: newId(), createdAt: now, ...difference })))
    .onConflictDoNothing()
    .returning({ id: reconciliationDifferences.id });
  return stored.length;
}

/** Remembers what agrees, and clears the differences that are none any more. */
async function settleMovements(
  tx: Tx,
  gateway: string,
  judged: readonly { one: Compared; kinds: readonly DifferenceKind[] }[],
): Promise<void> {
  const rows = judged.map(({ one: { movementId, ledgerKey, isRepeated }, kinds }) => ({
    id: movementId,
    key: isRepeated ? null : ledgerKey,
    kinds,
  }));
  await tx.execute(sql`
    update provider_movement m
    set ledger_key = j.key, state = (case when jsonb_array_length(j.kinds) = 0 then 'AGREED' else 'DIFFERENT' end)::movement_state
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as j(id text, key text, kinds jsonb)
    where m.gateway = ${gateway} and m.movement_id = j.id`);
  await tx.execute(sql`
    update reconciliation_difference d set status = 'CLEARED'
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as j(id text, kinds jsonb)
    where d.gateway = ${gateway} and d.subject = j.id and d.status = 'OPEN' and d.kind <> 'MISSING_THERE'
      and not j.kinds ? d.kind::text`);
}

/** What we have booked and the provider has not moved. @returns how many were not known before */
async function compareOurs(tx: Tx, gateway: string, { ripe, now }: Times): Promise<number> {
  const missing = await tx.execute(sql`
    with window_ as (
      select coalesce(max(checked_until), '-infinity') as since from reconciliation where gateway = ${gateway})
    select t.key, e.amount_minor as "amountMinor", e.currency
    from window_, ledger_transaction t
    join ledger_entry e on e.transaction_id = t.id and e.account = 'provider-clearing'
    where t.created_at > window_.since and t.created_at <= ${ripe.toISOString()}::timestamptz
      and t.key not like 'provider-fee:%' and t.key not like 'dispute-fee:%'
      and not exists (select from provider_movement m where m.gateway = ${gateway} and m.ledger_key = t.key)
      and not exists (select from payment p where p.order_id = t.order_id and p.gateway <> ${gateway})
      and not exists (
        select from payout p where p.gateway <> ${gateway}
          and p.id = case when t.key like 'payout-%' then split_part(t.key, ':', 2)::uuid end)
    order by t.created_at, t.id`);
  const rows = z
    .array(z.object({ key: z.string(), amountMinor: z.coerce.number(), currency: z.string() }))
    .parse([...missing]);
  let found = 0;
  for (let from = 0; from < rows.length; from += PAGE) {
    const differences = rows.slice(from, from + PAGE).map(({ key, amountMinor, currency }) => ({
      gateway,
      kind: 'MISSING_THERE' as const,
      subject: key,
      ledgerKey: key,
      ourMinor: Math.abs(amountMinor),
      ourCurrency: currency,
    }));
    found += await storeDifferences(tx, differences, now);
  }
  await tx.execute(sql`
    update reconciliation_difference d set status = 'CLEARED'
    where d.gateway = ${gateway} and d.status = 'OPEN' and d.kind = 'MISSING_THERE'
      and exists (select from provider_movement m where m.gateway = d.gateway and m.ledger_key = d.subject)`);
  return found;
}

/** Says why a difference is as it is. @returns false when there is no such difference, or it has cleared itself */
export async function explainDifference(
  tx: Tx,
  { id, userId, note }: { id: string; userId: string; note: string },
  now: Date,
): Promise<boolean> {
  const explained = await tx.execute(sql`
    update reconciliation_difference
    set status = 'EXPLAINED', explained_by = ${userId}, note = ${note}, explained_at = ${now.toISOString()}::timestamptz
    where id = ${id} and status <> 'CLEARED' returning id`);
  return explained.length > 0;
}

const standSchema = z.object({
  endedAt: z.coerce.date().nullable(),
  open: z.coerce.number(),
});

/** When the books were last compared with this gateway's, and how many differences nobody has explained. */
export async function readReconciliationStand(db: Pick<Tx, 'execute'>, gateway: string) {
  const [row] = await db.execute(sql`
    select (select max(ended_at) from reconciliation where gateway = ${gateway}) as "endedAt",
           (select count(*) from reconciliation_difference where status = 'OPEN') as open`);
  return standSchema.parse(row);
}
