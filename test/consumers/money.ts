/** Steps of money as the API takes them, on a marketplace whose engine runs by hand. */
import type { Db } from '../../src/db/client.ts';
import { requestRefund } from '../../src/db/refunds.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { refundRequested } from '../../src/events/index.ts';
import { appendEvents } from '../../src/streams/index.ts';

interface Shop {
  services: { db: Db };
  clock: { now(): Date };
}

/**
 * By the shop; all that is left, or `amountMinor` of the first line.
 * @returns the refund's id
 */
export async function requestRefundOf(
  { services, clock }: Shop,
  { orderId, userId, amountMinor }: { orderId: string; userId: string; amountMinor?: number },
): Promise<string> {
  const id = newId();
  const now = clock.now();
  const lines = amountMinor === undefined ? null : [{ position: 0, amount: { amountMinor, currency: 'EUR' } }];
  await services.db.transaction(async (tx) => {
    await requestRefund(tx, { id, orderId, userId, isShop: true, lines, reason: null }, { now, windowMs: 0 });
    await appendEvents(tx, [refundRequested.of({ refundId: id, orderId, status: 'REQUESTED' })], { now, shards: 1 });
  });
  return id;
}
