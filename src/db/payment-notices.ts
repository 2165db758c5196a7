/** What payment providers have told us: kept once, by their own id. */
import type { Tx } from './client.ts';
import { paymentNotices } from './tables/index.ts';

/** @returns false when it was stored before */
export async function storeNotice(tx: Tx, notice: typeof paymentNotices.$inferInsert): Promise<boolean> {
  const stored = await tx
    .insert(paymentNotices)
    .values(notice)
    .onConflictDoNothing()
    .returning({ id: paymentNotices.id });
  return stored.length > 0;
}
