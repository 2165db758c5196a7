/** One mail to one person, told by an event and kept in the list of notices. */
import { sql } from 'drizzle-orm';
import type { notices } from '../../db/tables/index.ts';
import { newId } from '../../db/tables/columns.ts';
import type { Parts } from '../../db/parts.ts';
import { noticeSent } from '../../events/index.ts';
import { type MailAttachment, MailUnavailableError } from '../../ports/mail/mail-sender.ts';
import {
  advance,
  backoff,
  type GroupedWrite,
  type StageContext,
  TerminalError,
  together,
} from '../../streams/index.ts';
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

type SentNotice = Pick<typeof notices.$inferSelect, 'key' | 'userId' | 'kind' | 'subject' | 'sentAt'>;

/** @param alongside what else is stored when the mail was handed over */
export async function sendNotice(
  { services, clock, signal }: StageContext<ConsumerServices>,
  { key, kind, to }: Notice,
  mail: NoticeMail,
  alongside: readonly GroupedWrite[] = [],
) {
  await services.mail.send({ idempotencyKey: key, to: to.email, ...mail, signal }).catch((error: unknown) => {
    if (error instanceof MailUnavailableError) throw error;
    throw new TerminalError(`the mail cannot be sent: ${String(error)}`, { cause: error });
  });
  const sent = to.id === null ? [] : [{ key, userId: to.id, kind, subject: mail.subject, sentAt: clock.now() }];
  return advance(noticeSent.of({ key, kind }), [
    ...sent.map((notice) => together(storedNotices, notice)),
    ...alongside,
  ]);
}

const storedNotices = (sent: readonly SentNotice[]): Parts => ({
  notice_stored: sql`
    insert into notice (id, key, user_id, kind, subject, sent_at)
    select * from unnest(
      ${sql.param(sent.map(() => newId()))}::uuid[],
      ${sql.param(sent.map(({ key }) => key))}::text[],
      ${sql.param(sent.map(({ userId }) => userId))}::uuid[],
      ${sql.param(sent.map(({ kind }) => kind))}::text[],
      ${sql.param(sent.map(({ subject }) => subject))}::text[],
      ${sql.param(sent.map(({ sentAt }) => sentAt.toISOString()))}::timestamptz[])
    on conflict do nothing`,
});
