/**
 * MailSender over SMTP, by nodemailer.
 *
 * smtp:// upgrades by STARTTLS where the server offers it, smtps:// is TLS from the start. Each phase has a time limit.
 * Nothing is retried here. A mail whose acceptance was not heard may be sent twice, with the same Message-ID.
 */
import { createTransport } from 'nodemailer';
import { MailError, MailRejectedError, MailUnavailableError, checkMail, messageIdFor } from './mail-sender.ts';
import type { MailSender } from './mail-sender.ts';

export interface SmtpMailOptions {
  /** smtp://user:password@host:port or smtps://… */
  readonly url: string;
  /** For instance Booky Hub <books@example.org>. */
  readonly from: string;
  /** To connect and be greeted. (Default: 10000) */
  readonly connectTimeoutMs?: number | undefined;
  /** A server silent for so long is given up. (Default: 20000) */
  readonly idleTimeoutMs?: number | undefined;
}

export function createSmtpMail(options: SmtpMailOptions): MailSender & { close(): void } {
  const { connectTimeoutMs = 10_000, idleTimeoutMs = 20_000 } = options;
  const transport = createTransport({
    url: options.url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: idleTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s<>@]+)>?\s*$/.exec(options.from)?.[1] ?? 'localhost';

  return {
    async send({ signal, ...asked }) {
      const mail = checkMail(asked);
      const messageId = mail.messageId ?? messageIdFor(mail.idempotencyKey, domain);
      try {
        await untilAborted(
          transport.sendMail({
            from: mail.from ?? options.from,
            to: { name: '', address: mail.to },
            subject: mail.subject,
            text: mail.text,
            ...(mail.html === undefined ? {} : { html: mail.html }),
            attachments: mail.attachments.map(({ fileName, mediaType, content }) => ({
              filename: fileName,
              contentType: mediaType,
              content: Buffer.from(content),
            })),
            messageId,
          }),
          signal,
        );
      } catch (error) {
        throw mailError(error);
      }
      return { messageId };
    },
    async checkHealth() {
      try {
        await transport.verify();
      } catch (error) {
        throw new MailUnavailableError('The mail server does not accept mail. Check its URL.', { cause: error });
      }
    },
    close: () => transport.close(),
  };
}

/** nodemailer knows no AbortSignal: the wait ends, the sending itself ends by its own time limits. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new MailUnavailableError('The mail was not waited for any longer.'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function mailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const status = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const said = error instanceof Error ? error.message : String(error);
  if (typeof status === 'number' && status >= 500 && code !== 'EAUTH') {
    return new MailRejectedError(`The mail server refused this mail for good: ${said}`, { cause: error });
  }
  return new MailUnavailableError(`The mail could not be handed over: ${said}. It can be sent again.`, {
    cause: error,
  });
}
