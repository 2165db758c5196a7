/**
 * MailSender that keeps mails as JSON files in a folder, where pages and tests can show them. Nothing leaves the machine.
 *
 * One file a key, made whole or not at all; a repeated key changes nothing. Beyond `countMax` the oldest are deleted, and
 * with them the memory of their keys.
 */
import { createHash, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MailUnavailableError, checkMail, messageIdFor } from './mail-sender.ts';
import type { MailSender } from './mail-sender.ts';

const keptMailSchema = z.object({
  idempotencyKey: z.string(),
  messageId: z.string(),
  sentAt: z.iso.datetime(),
  from: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string().nullable(),
  attachments: z
    .array(z.object({ fileName: z.string(), mediaType: z.string(), contentBase64: z.base64() }))
    .default([]),
});
export type KeptMail = z.infer<typeof keptMailSchema>;

export interface FolderMail extends MailSender {
  /** Newest first. (Default limit: 50) */
  list(filter?: { readonly to?: string | undefined; readonly limit?: number | undefined }): Promise<KeptMail[]>;
}

export interface FolderMailOptions {
  readonly folderPath: string;
  /** (Default: Booky Hub <books@localhost>) */
  readonly from?: string | undefined;
  /** (Default: 500) */
  readonly countMax?: number | undefined;
  readonly now?: (() => Date) | undefined;
}

export function createFolderMail(options: FolderMailOptions): FolderMail {
  const { folderPath, from = 'Booky Hub <books@localhost>', countMax = 500, now = () => new Date() } = options;
  let sentSincePruned = 0;
  /** When each mail that this process has looked at was sent; no file is ever changed. At most what the folder holds. */
  let sentAtByName = new Map<string, string>();

  async function fileNames(): Promise<string[]> {
    try {
      return (await readdir(folderPath)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
  async function readAll(): Promise<{ name: string; mail: KeptMail }[]> {
    const kept: { name: string; mail: KeptMail }[] = [];
    for (const name of await fileNames()) {
      const mail = await readMail(join(folderPath, name));
      if (mail !== null) kept.push({ name, mail });
    }
    return kept.sort((a, b) => (a.mail.sentAt === b.mail.sentAt ? 0 : a.mail.sentAt < b.mail.sentAt ? 1 : -1));
  }
  /** Looks at the folder only every tenth of its size, so that sending stays cheap. */
  async function prune(): Promise<void> {
    sentSincePruned += 1;
    if (sentSincePruned < countMax / 10) return;
    sentSincePruned = 0;
    const names = await fileNames();
    if (names.length <= countMax) return;
    const dated: [name: string, sentAt: string][] = [];
    for (const name of names) {
      const sentAt = sentAtByName.get(name) ?? (await readMail(join(folderPath, name)))?.sentAt;
      if (sentAt !== undefined) dated.push([name, sentAt]);
    }
    const newestFirst = dated.sort(([, a], [, b]) => (a === b ? 0 : a < b ? 1 : -1));
    for (const [name] of newestFirst.splice(countMax)) await rm(join(folderPath, name), { force: true });
    sentAtByName = new Map(newestFirst);
  }

  return {
    async send({ signal, ...asked }) {
      const mail = checkMail(asked);
      signal?.throwIfAborted();
      const messageId = mail.messageId ?? messageIdFor(mail.idempotencyKey, 'localhost');
      const kept: KeptMail = {
        idempotencyKey: mail.idempotencyKey,
        messageId,
        sentAt: now().toISOString(),
        from: mail.from ?? from,
        to: mail.to,
        subject: mail.subject,
        text: mail.text,
        html: mail.html ?? null,
        attachments: mail.attachments.map(({ fileName, mediaType, content }) => ({
          fileName,
          mediaType,
          contentBase64: Buffer.from(content).toString('base64'),
        })),
      };
      const name = `${createHash('sha256').update(mail.idempotencyKey).digest('hex')}.json`;
      const path = join(folderPath, name);
      try {
        if (!keepOnce(folderPath, path, kept)) return { messageId: (await readMail(path))?.messageId ?? messageId };
        sentAtByName.set(name, kept.sentAt);
        await prune();
      } catch (error) {
        throw unavailable(error);
      }
      return { messageId };
    },
    async list({ to, limit = 50 } = {}) {
      const all = (await readAll()).map(({ mail }) => mail);
      return all.filter((mail) => to === undefined || mail.to === to).slice(0, limit);
    },
    async checkHealth() {
      try {
        await mkdir(folderPath, { recursive: true });
        const probe = join(folderPath, `${randomUUID()}.part`);
        await writeFile(probe, '', { flag: 'wx' });
        await rm(probe);
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

/**
 * Made beside its place, then linked there. Three calls that the file system answers from memory: to hand each to another
 * thread would cost twice as much as the call itself.
 * @returns false when the key was kept before
 */
function keepOnce(folderPath: string, path: string, mail: KeptMail): boolean {
  const partial = join(folderPath, `${randomUUID()}.part`);
  try {
    writeNew(partial, JSON.stringify(mail, null, 2));
    linkSync(partial, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  }
}

/** @returns null for a file that is gone or not a mail */
async function readMail(path: string): Promise<KeptMail | null> {
  try {
    return keptMailSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unavailable(cause: unknown): MailUnavailableError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new MailUnavailableError(`The mail folder cannot be used (${said}). Check its space and permissions.`, {
    cause,
  });
}
