/** What workers of a release before this one may have left under way. */
import { and, eq } from 'drizzle-orm';
import { gatewayKey } from '../../src/consumers/purchase/authorize-payment.ts';
import { events, runs } from '../../src/db/tables/engine.ts';
import { orders, payments } from '../../src/db/tables/index.ts';
import { orderPlaced, paymentAuthorized } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';
import type { Marketplace } from './support.ts';

/** An order whose amount is reserved, and whose capture has not been told or begun: once a state of its own. */
export async function leftAuthorized(
  shop: Marketplace,
  { buyerId, editionId }: { buyerId: string; editionId: string },
): Promise<string> {
  const { db, gateway } = shop.services;
  const orderId = await shop.placeOrder({ buyerId, editionId });
  const [payment] = await db.select().from(payments).where(eq(payments.orderId, orderId));
  if (!payment) throw new TypeError('the order has no payment');
  const answer = await gateway.authorize({
    idempotencyKey: gatewayKey(payment, 'authorize'),
    amountMinor: 999,
    currency: 'EUR',
    paymentToken: payment.paymentToken,
    reference: orderId,
    signal: AbortSignal.timeout(5_000),
  });
  if (answer.kind !== 'AUTHORIZED') throw new TypeError(answer.kind);
  const { authorizationRef } = answer;
  const now = shop.clock.now();
  await db.transaction(async (tx) => {
    await tx.update(orders).set({ status: 'AUTHORIZED' }).where(eq(orders.id, orderId));
    await tx.update(payments).set({ status: 'AUTHORIZED', authorizationRef }).where(eq(payments.orderId, orderId));
    const subject = `order:${orderId}`;
    const [placed] = await tx
      .select({ id: events.id })
      .from(events)
      .where(and(eq(events.subject, subject), eq(events.type, orderPlaced.type)));
    const runId = `purchase/${placed?.id}`;
    const origin = { runId, stage: 'purchase.authorize-payment', attempts: 1, durationMs: 5 };
    const [told] = await appendEvents(tx, [{ ...paymentAuthorized.of({ orderId, status: 'AUTHORIZED' }), origin }], {
      now,
      shards: 1,
    });
    await tx.insert(runs).values({
      id: runId,
      workflow: 'purchase',
      subject,
      shard: 0,
      state: 'RUNNING',
      stage: 'purchase.capture-payment',
      atEventId: told?.id ?? 0,
      startedAt: now,
    });
  });
  return orderId;
}
