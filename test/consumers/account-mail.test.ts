import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { useMailedCode } from '../../src/db/mailed-codes.ts';
import { keepSignUp, signUpOf } from '../../src/db/sign-ups.ts';
import { accountMailAsked } from '../../src/events/index.ts';
import { MailUnavailableError } from '../../src/ports/mail/mail-sender.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { type Marketplace, openMarketplace } from './support.ts';

const database = useDatabase();
let shop: Marketplace;
beforeEach(async () => {
  shop = await openMarketplace(database.current);
});
afterEach(() => shop.close());

async function ask(email: string): Promise<void> {
  const asked = accountMailAsked.of({ askId: newId(), purpose: 'RESET_PASSWORD', email });
  await appendEvents(database.current.db, [asked], { now: shop.clock.now(), shards: 1 });
  await shop.runFor(3_600_000);
}
async function askToSignUp(email: string): Promise<void> {
  const { db } = database.current;
  const [askId, now] = [newId(), shop.clock.now()];
  await db.transaction(async (tx) => {
    await keepSignUp(tx, { askId, now, name: 'Grace', email, passwordHash: 'a hash' });
    const asked = accountMailAsked.of({ askId, purpose: 'SIGN_UP', email });
    await appendEvents(tx, [asked], { now, shards: 1 });
  });
  await shop.runFor(60_000);
}
const codeIn = (text: string) => /^Code: (\S+)$/m.exec(text)?.[1] ?? '';

test('mails a code that works, and tells it to nobody else', async () => {
  const { id, email } = await shop.signUp();
  await ask(email);
  const [mail, ...others] = await shop.mail.list();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ to: email, subject: 'Set a new password' });
  const code = codeIn(mail?.text ?? '');
  const told = await database.current.sql`select payload from event union all select to_jsonb(notice) from notice`;
  expect(JSON.stringify(told)).not.toContain(code);
  const use = { purpose: 'RESET_PASSWORD', code, now: shop.clock.now() } as const;
  expect(await database.current.db.transaction((tx) => useMailedCode(tx, use))).toMatchObject({ userId: id });
});

test('mails nobody without an account', async () => {
  await ask('nobody@example.org');
  expect(await shop.mail.list()).toEqual([]);
  const runs = await database.current.sql`select state from run`;
  expect(runs).toMatchObject([{ state: 'COMPLETED' }]);
});

test('mails a code that works after a mail server was away', async () => {
  const { id, email } = await shop.signUp();
  const { mail } = shop;
  let tries = 0;
  Object.assign(shop.services, {
    mail: {
      ...mail,
      send: async (one: Parameters<typeof mail.send>[0]) => {
        tries += 1;
        if (tries < 3) throw new MailUnavailableError('away');
        return mail.send(one);
      },
    },
  });
  await ask(email);
  const mails = await mail.list();
  expect(mails).toHaveLength(1);
  const use = { purpose: 'RESET_PASSWORD', code: codeIn(mails[0]?.text ?? ''), now: shop.clock.now() } as const;
  // Time was moved by the hour that `ask` runs; the code was made within it.
  const used = { ...use, now: new Date(shop.clock.now().getTime() - 3_600_000) };
  expect(await database.current.db.transaction((tx) => useMailedCode(tx, used))).toMatchObject({ userId: id });
});

test('mails the code of a sign-up to an e-mail without an account', async () => {
  await askToSignUp('grace@example.org');
  const [mail, ...others] = await shop.mail.list();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ to: 'grace@example.org', subject: 'Finish signing up' });
  const code = codeIn(mail?.text ?? '');
  expect(mail?.text).toContain(`/app#sign-up=${code}`);
  const waiting = await signUpOf(database.current.db, { code, now: shop.clock.now() });
  expect(waiting).toMatchObject({ name: 'Grace', email: 'grace@example.org' });
});

test('tells the owner of an account that somebody signed up with its e-mail, and keeps nothing of it', async () => {
  const { email } = await shop.signUp();
  await askToSignUp(email);
  const [mail, ...others] = await shop.mail.list();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ to: email, subject: 'You have an account already' });
  expect(mail?.text).not.toContain('Code:');
  expect(await database.current.sql`select 1 from verification`).toEqual([]);
});
