/**
 * Payees: authors as the payment provider knows them.
 *
 * Promise: an author is opened once at a provider, under a key that was stored first; who is refused may be opened anew,
 * under a new key. Not here: asking the provider (../consumers/payee).
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { Contradiction } from './errors.ts';
import { newId } from './tables/columns.ts';
import { payees, payeeStatus } from './tables/index.ts';

export interface OpenPayee {
  authorId: string;
  country: string;
  gateway: string;
}

/**
 * Begins a round of asking the provider, unless one is not needed.
 * @returns the round; null when there is nothing to ask: it is ready, or on its way
 * @throws Contradiction when it is known to the provider for another country
 */
export async function openPayee(
  tx: Tx,
  { authorId, country, gateway }: OpenPayee,
  now: Date,
): Promise<{ payeeId: string; round: number; status: PayeeChange['status'] } | null> {
  const id = newId();
  const key = `payee:${newId()}`;
  const made = await tx
    .insert(payees)
    .values({ id, authorId, country, gateway, idempotencyKey: key, createdAt: now, updatedAt: now })
    .onConflictDoNothing({ target: payees.authorId })
    .returning({ id: payees.id });
  if (made.length > 0) return { payeeId: id, round: 1, status: 'OPENING' };
  const [row] = await tx.execute(sql`
    select id, status, country, gateway, round from payee where author_id = ${authorId} for update`);
  const known = z
    .object({ id: z.string(), status: statusSchema, country: z.string(), gateway: z.string(), round: z.number() })
    .parse(row);
  const isAnew = known.status === 'REFUSED' || known.gateway !== gateway;
  if (!isAnew && known.country !== country) {
    throw new Contradiction(`You are known to the payment provider in ${known.country}. Ask the shop to change that.`);
  }
  if (!isAnew && known.status !== 'ONBOARDING') return null;
  const round = known.round + 1;
  await tx.execute(
    isAnew
      ? sql`update payee set status = 'OPENING', country = ${country}, gateway = ${gateway}, idempotency_key = ${key},
              payee_ref = null, onboarding_url = null, failure = null, round = ${round},
              updated_at = ${now.toISOString()}::timestamptz where id = ${known.id}`
      : sql`update payee set onboarding_url = null, round = ${round},
              updated_at = ${now.toISOString()}::timestamptz where id = ${known.id}`,
  );
  return { payeeId: known.id, round, status: isAnew ? 'OPENING' : 'ONBOARDING' };
}

const statusSchema = z.enum(payeeStatus.enumValues);
const payeeSchema = z.object({
  id: z.string(),
  authorId: z.string(),
  email: z.string(),
  status: statusSchema,
  country: z.string(),
  gateway: z.string(),
  idempotencyKey: z.string(),
  payeeRef: z.string().nullable(),
  round: z.number(),
  updatedAt: z.coerce.date(),
});
export type KnownPayee = z.infer<typeof payeeSchema>;

/** With the address under which the provider is to know it. */
export async function readPayee(db: Pick<Tx, 'execute'>, payeeId: string): Promise<KnownPayee | null> {
  const [row] = await db.execute(sql`
    select p.id, p.author_id as "authorId", u.email, p.status, p.country, p.gateway, p.idempotency_key as "idempotencyKey",
           p.payee_ref as "payeeRef", p.round, p.updated_at as "updatedAt"
    from payee p join "user" u on u.id = p.author_id where p.id = ${payeeId}`);
  return row ? payeeSchema.parse(row) : null;
}

export interface PayeeChange {
  status: (typeof payeeStatus.enumValues)[number];
  payeeRef: string | null;
  onboardingUrl: string | null;
  failure: string | null;
}

/** @throws Error when it was opened again meanwhile: the stage then reads it anew */
export async function changePayee(
  tx: Tx,
  { id, round }: Pick<KnownPayee, 'id' | 'round'>,
  { status, payeeRef, onboardingUrl, failure }: PayeeChange,
  now: Date,
): Promise<void> {
  const changed = await tx.execute(sql`
    update payee set status = ${status}::payee_status, payee_ref = ${payeeRef}, onboarding_url = ${onboardingUrl},
      failure = ${failure}, updated_at = ${now.toISOString()}::timestamptz
    where id = ${id} and round = ${round} returning id`);
  if (changed.length === 0) throw new Error(`payee ${id} was opened again`);
}

/** The provider pays nothing to it until the author has answered anew. */
export async function unreadyPayee(tx: Tx, payeeId: string, now: Date): Promise<void> {
  await tx.execute(sql`
    update payee set status = 'ONBOARDING', onboarding_url = null, updated_at = ${now.toISOString()}::timestamptz
    where id = ${payeeId} and status = 'READY'`);
}
