import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderMail } from '../../../src/ports/mail/folder-mail.ts';
import type { FolderMail } from '../../../src/ports/mail/folder-mail.ts';
import type { OutgoingMail } from '../../../src/ports/mail/mail-sender.ts';
import { createSmtpMail } from '../../../src/ports/mail/smtp-mail.ts';

const receipt: OutgoingMail = {
  idempotencyKey: 'receipt-42',
  to: 'reader@example.org',
  subject: 'Your book “Emma”',
  text: 'Thank you. Your book is in your library.',
};
const FROM = 'Booky Hub <books@hub.example>';
const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

describe('SMTP mail', () => {
  let server: SMTPServer;
  let mail: ReturnType<typeof createSmtpMail>;
  const received: { to: string[]; raw: string }[] = [];

  beforeEach(async () => {
    received.length = 0;
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo({ address }, _session, callback) {
        if (address.startsWith('nobody'))
          return callback(Object.assign(new Error('no such user'), { responseCode: 550 }));
        if (address.startsWith('later')) return callback(Object.assign(new Error('try later'), { responseCode: 451 }));
        callback();
      },
      onData(stream, session, callback) {
        let raw = '';
        stream.setEncoding('utf8').on('data', (part: string) => {
          raw += part;
        });
        stream.on('end', () => {
          received.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
          callback();
        });
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    mail = createSmtpMail({ url: `smtp://127.0.0.1:${portOf(server.server.address())}`, from: FROM });
  });
  afterEach(async () => {
    mail.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('hands a mail over, with text and HTML', async () => {
    const { messageId } = await mail.send({ ...receipt, html: '<p>Thank you.</p>' });
    expect(received).toHaveLength(1);
    expect(received[0]?.to).toEqual(['reader@example.org']);
    expect(received[0]?.raw).toContain(`From: ${FROM}`);
    expect(received[0]?.raw).toContain(`Message-ID: ${messageId}`);
    expect(received[0]?.raw).toMatch(/multipart\/alternative[\s\S]*Thank you\. Your book[\s\S]*<p>Thank you\.<\/p>/);
  });

  it('gives repeats of a key the same Message-ID, and other keys another', async () => {
    const first = await mail.send(receipt);
    expect(await mail.send(receipt)).toEqual(first);
    expect(first.messageId).toMatch(/^<[\da-f]{40}@hub\.example>$/);
    expect(await mail.send({ ...receipt, idempotencyKey: 'receipt-43' })).not.toEqual(first);
  });

  it('tells a refusal for good from one for now', async () => {
    await expect(mail.send({ ...receipt, to: 'nobody@example.org' })).rejects.toMatchObject({ code: 'MAIL_REJECTED' });
    await expect(mail.send({ ...receipt, to: 'later@example.org' })).rejects.toMatchObject({
      code: 'MAIL_UNAVAILABLE',
    });
  });

  it('refuses what would smuggle a header or a second reader in', async () => {
    for (const bad of [
      { to: 'a@example.org, b@example.org' },
      { to: 'a@example.org\r\nBcc: b@example.org' },
      { subject: 'Hello\r\nBcc: b@example.org' },
      { from: 'x@example.org\nBcc: b@example.org' },
      { messageId: '<a@b>\r\nX: y' },
    ]) {
      await expect(mail.send({ ...receipt, ...bad })).rejects.toMatchObject({ code: 'MAIL_INVALID' });
    }
    expect(received).toHaveLength(0);
  });

  it('reports its health, and its lack', async () => {
    await expect(mail.checkHealth()).resolves.toBeUndefined();
    const nowhere = createSmtpMail({ url: 'smtp://127.0.0.1:1', from: FROM });
    await expect(nowhere.checkHealth()).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    await expect(nowhere.send(receipt)).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    nowhere.close();
  });

  it('gives up on a server that never greets, and when the caller aborts', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `smtp://127.0.0.1:${portOf(silent.address())}`;
    const impatient = createSmtpMail({ url, from: FROM, connectTimeoutMs: 50 });
    await expect(impatient.send(receipt)).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    const patient = createSmtpMail({ url, from: FROM });
    await expect(patient.send({ ...receipt, signal: AbortSignal.timeout(20) })).rejects.toThrow(/not waited/);
    impatient.close();
    patient.close();
    silent.close();
  });
});

describe('folder mail', () => {
  let folderPath: string;
  let mail: FolderMail;
  let clockMs = 0;
  beforeEach(async () => {
    folderPath = await mkdtemp(join(tmpdir(), 'booky-mail-'));
    mail = createFolderMail({ folderPath, from: FROM, countMax: 10, now: () => new Date((clockMs += 1_000)) });
  });
  afterEach(() => rm(folderPath, { recursive: true }));

  it('keeps a mail once a key, however many send it at once', async () => {
    const sent = await Promise.all(Array.from({ length: 10 }, () => mail.send(receipt)));
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(1);
    const kept = await mail.list();
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ from: FROM, subject: receipt.subject, html: null, messageId: sent[0]?.messageId });
  });

  it('lists the newest first, by reader and up to a limit', async () => {
    for (const [i, to] of ['a@example.org', 'b@example.org', 'a@example.org'].entries()) {
      await mail.send({ ...receipt, idempotencyKey: `k${i}`, to });
    }
    expect((await mail.list({ to: 'a@example.org' })).map((kept) => kept.idempotencyKey)).toEqual(['k2', 'k0']);
    expect(await mail.list({ limit: 1 })).toHaveLength(1);
  });

  it('keeps at most so many, the newest', async () => {
    for (let i = 0; i < 25; i += 1) await mail.send({ ...receipt, idempotencyKey: `k${i}` });
    const kept = await mail.list();
    expect(kept.map((one) => one.idempotencyKey)).toEqual(Array.from({ length: 10 }, (_, i) => `k${24 - i}`));
    expect(await readdir(folderPath)).toHaveLength(10);
  });

  it('lists nothing for an absent folder, and passes over files that are no mails', async () => {
    expect(await createFolderMail({ folderPath: join(folderPath, 'absent') }).list()).toEqual([]);
    await writeFile(join(folderPath, 'x.json'), '{');
    expect(await mail.list()).toEqual([]);
  });

  it('reports its health, and its lack', async () => {
    await expect(mail.checkHealth()).resolves.toBeUndefined();
    await writeFile(join(folderPath, 'file'), '');
    const blocked = createFolderMail({ folderPath: join(folderPath, 'file', 'mails') });
    await expect(blocked.checkHealth()).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    await expect(blocked.send(receipt)).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
  });
});
