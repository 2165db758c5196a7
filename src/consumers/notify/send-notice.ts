/** Sends one mail under its key and keeps that it was sent: the last step of every workflow that only tells somebody. */
import { newId } from '../../db/tables/columns.ts';
import { notices } from '../../db/tables/index.ts';
import { noticeSent } from '../../events/index.ts';
import { MailUnavailableError } from '../../ports/mail/mail-sender.ts';
import { advance, backoff, type StageContext, TerminalError } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';

/** Eight tries over about two hours: mail servers are away for long. */
export const mailRetry = backoff({ attemptsMax: 8, delayMs: 5_000, delayMsMax: 3_600_000, factor: 3 });
export const MAIL_TIMEOUT_MS = 30_000;

interface Recipient {
  id: string;
  email: string;
}

export async function sendNotice(
  { services, clock, signal }: StageContext<ConsumerServices>,
  notice: { key: string; kind: string; to: Recipient },
  mail: { subject: string; text: string },
) {
  await services.mail
    .send({ idempotencyKey: notice.key, to: notice.to.email, ...mail, signal })
    .catch((error: unknown) => {
      if (error instanceof MailUnavailableError) throw error;
      throw new TerminalError(`the mail cannot be sent: ${String(error)}`, { cause: error });
    });
  return advance(noticeSent.of({ key: notice.key, kind: notice.kind }), async (tx) => {
    await tx
      .insert(notices)
      .values({
        id: newId(),
        key: notice.key,
        userId: notice.to.id,
        kind: notice.kind,
        subject: mail.subject,
        sentAt: clock.now(),
      })
      .onConflictDoNothing();
  });
}
