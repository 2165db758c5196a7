/**
 * The mail port: one mail to one reader.
 *
 * Promise of every adapter: the Message-ID is made from the idempotency key, so that a repeat is the same mail to whoever
 * receives it. The folder adapter keeps one mail a key; SMTP itself delivers at least once.
 * Not here: wording, and who is to be told what.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

export interface MailAttachment {
  /** Letters, digits and . _ - only. */
  readonly fileName: string;
  /** Of the form type/subtype. */
  readonly mediaType: string;
  readonly content: Uint8Array;
}

export interface OutgoingMail {
  /** 1 to 255 characters; one key is one mail. */
  readonly idempotencyKey: string;
  /** One address. */
  readonly to: string;
  /** One line of at most 250 characters. */
  readonly subject: string;
  /** At most 256 KiB, as has `html`. */
  readonly text: string;
  readonly html?: string | undefined;
  /** At most 3, of 2 MiB together. */
  readonly attachments?: readonly MailAttachment[] | undefined;
  /** (Default: the adapter's own) */
  readonly from?: string | undefined;
  /** Of the form <left@right>. (Default: made from the idempotency key) */
  readonly messageId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MailSender {
  /** @throws MailInvalidError, MailRejectedError (both final), MailUnavailableError (repeat with the same key) */
  send(mail: OutgoingMail): Promise<{ readonly messageId: string }>;
  /** Resolves when mail can be handed over; else throws MailUnavailableError. */
  checkHealth(): Promise<void>;
}

export abstract class MailError extends Error {
  abstract readonly code: 'MAIL_INVALID' | 'MAIL_REJECTED' | 'MAIL_UNAVAILABLE';
}

/** Our fault: no such mail can be sent. */
export class MailInvalidError extends MailError {
  override readonly name = 'MailInvalidError';
  readonly code = 'MAIL_INVALID';
}

/** The mail server refused this mail for good. */
export class MailRejectedError extends MailError {
  override readonly name = 'MailRejectedError';
  readonly code = 'MAIL_REJECTED';
}

/** The mail server was not reached, or refused for now. */
export class MailUnavailableError extends MailError {
  override readonly name = 'MailUnavailableError';
  readonly code = 'MAIL_UNAVAILABLE';
}

const BODY_LENGTH_MAX = 256 * 1024;
const ATTACHMENTS_MAX = 3;
const ATTACHED_BYTES_MAX = 2 * 1024 * 1024;
const line = z.string().regex(/^[^\r\n\0]*$/, 'one line');
const mailSchema = z.object({
  idempotencyKey: z.string().min(1).max(255),
  to: z.email().max(254),
  subject: line.min(1).max(250),
  text: z.string().max(BODY_LENGTH_MAX),
  html: z.string().max(BODY_LENGTH_MAX).optional(),
  attachments: z
    .array(
      z.object({
        fileName: z.string().regex(/^[\w.-]{1,100}$/, 'letters, digits and . _ -'),
        mediaType: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'type/subtype'),
        content: z.instanceof(Uint8Array),
      }),
    )
    .max(ATTACHMENTS_MAX)
    .refine((list) => list.reduce((sum, one) => sum + one.content.length, 0) <= ATTACHED_BYTES_MAX, 'too large')
    .default([]),
  from: line.min(3).max(320).optional(),
  messageId: z
    .string()
    .regex(/^<[^<>@\s]{1,200}@[^<>@\s]{1,100}>$/, '<left@right>')
    .optional(),
});
export type CheckedMail = z.infer<typeof mailSchema>;

/** @throws MailInvalidError that names every fault */
export function checkMail(mail: OutgoingMail): CheckedMail {
  const parsed = mailSchema.safeParse(mail);
  if (parsed.success) return parsed.data;
  throw new MailInvalidError(`This mail cannot be sent:\n${z.prettifyError(parsed.error)}`);
}

/** @param domain the right side; that of the sender's address */
export function messageIdFor(idempotencyKey: string, domain: string): string {
  return `<${createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 40)}@${domain}>`;
}
