/** What happens to payees and payouts. The payload's `status` is that after the event. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

/** `round`: of several runs about one payee the one of the latest round goes on. */
const payee = z.object({ payeeId: z.uuid(), round: z.int(), status: z.string() });
const payeeWithReason = payee.extend({ reason: z.string().nullable() });
const ofPayee = ({ payeeId }: { payeeId: string }) => payeeSubject(payeeId);
export const payeeSubject = (payeeId: string) => `payee:${payeeId}`;

export const payeeRequested = defineEvent('payee.requested', { payload: payee, subject: ofPayee });
/** The provider knows it, and wants to know more on a page of its own. */
export const payeeOpened = defineEvent('payee.opened', { payload: payee, subject: ofPayee });
export const payeeReady = defineEvent('payee.ready', { payload: payee, subject: ofPayee, terminal: true });
export const payeeRefused = defineEvent('payee.refused', {
  payload: payeeWithReason,
  subject: ofPayee,
  terminal: true,
});
/** Nobody answered the provider for too long, or the payee was opened again: nothing is asked any more in this round. */
export const payeeLeft = defineEvent('payee.left', { payload: payee, subject: ofPayee, terminal: true });

const payout = z.object({ payoutId: z.uuid(), status: z.string() });
const payoutWithReason = payout.extend({ reason: z.string().nullable() });
const ofPayout = ({ payoutId }: { payoutId: string }) => payoutSubject(payoutId);
export const payoutSubject = (payoutId: string) => `payout:${payoutId}`;

export const payoutRequested = defineEvent('payout.requested', { payload: payout, subject: ofPayout });
export const payoutSubmitted = defineEvent('payout.submitted', { payload: payout, subject: ofPayout });
export const payoutPaid = defineEvent('payout.paid', { payload: payout, subject: ofPayout, terminal: true });
export const payoutFailed = defineEvent('payout.failed', {
  payload: payoutWithReason,
  subject: ofPayout,
  terminal: true,
});
/** It had been paid, and then came back. */
export const payoutReturned = defineEvent('payout.returned', {
  payload: payoutWithReason,
  subject: ofPayout,
  terminal: true,
});
/** A payout's notice: whatever waited for it was woken. */
export const payoutNoticeHandled = defineEvent('payout-notice.handled', {
  payload: z.object({ noticeId: z.string() }),
  subject: ({ noticeId }) => `payout-notice:${noticeId}`,
  terminal: true,
});

/** Authors are to be paid. `after`: the payee up to which this slot has been dealt with. */
const round = z.object({ slot: z.iso.datetime(), after: z.uuid().nullable() });
const ofRound = ({ slot, after }: z.infer<typeof round>) =>
  after === null ? `payout-round:${slot}` : `payout-round:${slot}:${after}`;

export const payoutsDue = defineEvent('payouts.due', { payload: round, subject: ofRound });
/** How many payouts were begun. */
export const payoutsBegun = defineEvent('payouts.begun', {
  payload: round.extend({ count: z.int() }),
  subject: ofRound,
  terminal: true,
});
