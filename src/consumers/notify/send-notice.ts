/** One mail to one person, told by an event and kept in the list of notices. */
import { notices } from '../../db/tables/index.ts';
import { newId } from '../../db/tables/columns.ts';
import type { Tx } from '../../db/client.ts';
import { noticeSent } from '../../events/index.ts';
import { type MailAttachment, MailUnavailableError } from '../../ports/mail/mail-sender.ts';
import { advance, backoff, type StageContext, TerminalError } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';

/** Eight tries over about two hours: mail servers are away for long. */
export const mailRetry = backoff({ attemptsMax: 8, delayMs: 5_000, delayMsMax: 3_600_000, factor: 3 });
export const MAIL_TIMEOUT_MS = 30_000;

export interface Notice {
  /** One key is one mail. */
  key: string;
  kind: string;
  /** `id` is null for somebody without an account, of whom no list is kept. */
  to: { id: string | null; email: string };
}

export interface NoticeMail {
  subject: string;
  text: string;
  attachments?: readonly MailAttachment[];
}

/** @param write what else is stored when the mail was handed over */
export async function sendNotice(
  { services, clock, signal }: StageContext<ConsumerServices>,
  { key, kind, to }: Notice,
  mail: NoticeMail,
  write: (tx: Tx) => Promise<unknown> = async () => {},
) {
  await services.mail.send({ idempotencyKey: key, to: to.email, ...mail, signal }).catch((error: unknown) => {
    if (error instanceof MailUnavailableError) throw error;
    throw new TerminalError(`the mail cannot be sent: ${String(error)}`, { cause: error });
  });
  return advance(noticeSent.of({ key, kind }), async (tx) => {
    await write(tx);
    if (to.id === null) return;
    const notice = { id: newId(), key, userId: to.id, kind, subject: mail.subject, sentAt: clock.now() };
    await tx.insert(notices).values(notice).onConflictDoNothing();
  });
}
