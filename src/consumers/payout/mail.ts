/**
 * Workflows `payout-mail-…`: tell an author that a payout was made, or why it was not.
 *
 * They hang off the finished event with runs of their own: a mail can fail for ever and no payout notices. Most payouts are
 * begun by the schedule, so nobody watches them; and some failures only the author can mend.
 */
import { eq } from 'drizzle-orm';
import { payouts, users } from '../../db/tables/index.ts';
import { noticeSent, payoutFailed, payoutPaid, payoutReturned } from '../../events/index.ts';
import { type EventType, TerminalError } from '../../streams/index.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from '../notify/send-notice.ts';
import { formatMoney } from '../receipt/receipt-words.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

interface Told {
  readonly payoutId: string;
  readonly reason?: string | null;
}

function payoutMail<Payload extends Told>(
  what: 'paid' | 'failed' | 'returned',
  event: EventType<string, Payload>,
  startedBy: string,
) {
  return workflow(`payout-mail-${what}`, {
    startedBy,
    stages: [
      stage('send', {
        on: event,
        emits: [noticeSent],
        retry: mailRetry,
        timeoutMs: MAIL_TIMEOUT_MS,
        run: async ({ payload: { payoutId, reason } }, context) => {
          const { amount, ...to } = await readPayoutOf(context.services, payoutId);
          const key = `payout-${what}:${payoutId}`;
          const mail = { subject: SUBJECTS[what](amount), text: textOf(what, amount, reason ?? null) };
          return sendNotice(context, { key, kind: `PAYOUT_${what.toUpperCase()}`, to }, mail);
        },
      }),
    ],
  });
}

export const payoutMails = [
  payoutMail('paid', payoutPaid, 'payout.paid of payout'),
  payoutMail('failed', payoutFailed, 'payout.failed of payout'),
  payoutMail('returned', payoutReturned, 'payout.returned of payout-notice'),
];

const SUBJECTS = {
  paid: (amount: string) => `You were paid ${amount}`,
  failed: (amount: string) => `You could not be paid ${amount}`,
  returned: (amount: string) => `${amount} that you were paid came back`,
};

function textOf(what: 'paid' | 'failed' | 'returned', amount: string, reason: string | null): string {
  const first = {
    paid: `We have paid you ${amount}. Your bank may take some days to show it.`,
    failed: `We tried to pay you ${amount}, and could not.`,
    returned: `We had paid you ${amount}, and the bank has sent it back.`,
  }[what];
  return [first, ...(reason === null ? [] : ['', reason])].join('\n');
}

async function readPayoutOf({ db }: ConsumerServices, payoutId: string) {
  const [row] = await db
    .select({ amountMinor: payouts.amountMinor, currency: payouts.currency, id: users.id, email: users.email })
    .from(payouts)
    .innerJoin(users, eq(users.id, payouts.authorId))
    .where(eq(payouts.id, payoutId));
  if (!row) throw new TerminalError(`there is no payout ${payoutId}`);
  return { id: row.id, email: row.email, amount: formatMoney(row.amountMinor, row.currency) };
}
