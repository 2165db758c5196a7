/**
 * Stage `payout-notice.follow`: the provider has told that something happened to a payout. The run that waits for it is
 * woken and asks itself; one that had been paid and came back is booked back here.
 */
import { z } from 'zod';
import { failPayout, type KnownPayout, readPayout } from '../../db/payouts.ts';
import { payoutNoticed, payoutNoticeHandled, payoutReturned, payoutSubject } from '../../events/index.ts';
import { advance, hurryRuns, type StageContext, type StageInput } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import type { ConsumerServices } from '../services.ts';
import { failureWords } from './failure-words.ts';

type Notice = z.infer<typeof payoutNoticed.schema>;
const payoutIdSchema = z.uuid();

export async function followNotice(
  { payload }: StageInput<Notice>,
  { services, clock, signal }: StageContext<ConsumerServices>,
) {
  const { noticeId } = payload;
  const payout = await findPayout(services, payload);
  if (payout?.status === 'PAID' && payout.gateway === services.gateway.name) {
    const { idempotencyKey } = payout;
    const state = await services.gateway.lookupPayout({ idempotencyKey, signal }).catch(finalIfRejected);
    if (state.kind === 'FAILED') {
      const reason = failureWords(state.reasonCode);
      return advance(payoutReturned.of({ payoutId: payout.id, status: 'FAILED', reason }), (tx) =>
        failPayout(tx, payout, reason, clock.now()),
      );
    }
  }
  const subjects = payout ? [payoutSubject(payout.id)] : [];
  return advance(payoutNoticeHandled.of({ noticeId }), async (tx) => {
    await hurryRuns(tx, { workflow: 'payout', subjects, now: clock.now() });
  });
}

/** Null for one that this shop did not make. */
async function findPayout({ db }: ConsumerServices, notice: Notice): Promise<KnownPayout | null> {
  const payoutId = payoutIdSchema.safeParse(notice.reference).data;
  const named = payoutId === undefined ? null : await readPayout(db, { payoutId });
  return named ?? readPayout(db, { payoutRef: notice.payoutRef, gateway: notice.gateway });
}
