/**
 * Notices of the payment provider, on their way in: stored once and told to the business in one commit.
 *
 * Nothing is decided here: a notice is a hint, and whoever consumes the event asks the provider.
 */
import { storeNotice } from '../db/payment-notices.ts';
import { paymentNoticed } from '../events/index.ts';
import type { PaymentNotice } from '../ports/payments/notices.ts';
import { append } from './append.ts';
import { commitWith } from './commit.ts';
import type { SchemaServices } from './context.ts';

/** @returns false when it had come before */
export function acceptNotice(
  { db, wake, clock, shards, notices }: Pick<SchemaServices, 'db' | 'wake' | 'clock' | 'shards' | 'notices'>,
  { id, kind, ref, reference }: PaymentNotice,
  traceId: string,
): Promise<boolean> {
  const gateway = notices.name;
  const noticeId = `${gateway}:${id}`;
  return commitWith(
    db,
    wake,
  )(async (tx) => {
    const now = clock.now();
    const isNew = await storeNotice(tx, { id: noticeId, gateway, kind, ref, reference, receivedAt: now });
    if (isNew) {
      const noticed = paymentNoticed.of({ noticeId, gateway, kind, ref, reference });
      await append({ shards, traceId }, tx, [noticed], now);
    }
    return isNew;
  });
}
