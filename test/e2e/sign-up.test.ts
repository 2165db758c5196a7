/** Signing up where an account is made only when its e-mail is proven, in a real browser. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createFolderMail, type FolderMail } from '../../src/ports/mail/folder-mail.ts';
import { cloneDatabase } from '../support/database.ts';
import { faultsForReaders } from './accessible.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';
import { type Person, person } from './people.ts';
import { type Program, startProgram } from './program.ts';

const whereIsIt = chromiumPath ?? 'skipped: no Chromium here; install one or set CHROMIUM_PATH';

describe.skipIf(chromiumPath === undefined)(`signing up by mail (${whereIsIt})`, () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  let visitor: Visitor;
  let mails: FolderMail;

  beforeAll(async () => {
    clone = await cloneDatabase();
    program = await startProgram({ databaseUrl: clone.url, redisUrl: inject('redisUrl') }, { SIGN_UP: 'by-mail' });
    mails = createFolderMail({ folderPath: join(program.dataDir, 'mails'), from: 'shop@example.org' });
    visitor = await openVisitor();
  });
  afterAll(async () => {
    await visitor?.leave();
    await program?.stop();
    await clone?.drop();
  });

  const ask = async (page: Page, { name, email, password }: Person) => {
    await page.goto(`${program.url}/app/account`);
    const form = page.getByRole('form', { name: 'Sign up' });
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('E-mail').fill(email);
    await form.getByLabel('Password').fill(password);
    await form.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  };
  const mailed = async (email: string, subject: string): Promise<string> => {
    const found = async () => (await mails.list()).find((mail) => mail.to === email && mail.subject === subject);
    await expect.poll(found, { timeout: 20_000 }).toBeDefined();
    return (await found())?.text ?? '';
  };

  test('makes the account by the link with the password, and says the same to who has one already', async () => {
    const { page } = visitor;
    const ada = person('Ada Anew');
    await ask(page, ada);
    expect(await faultsForReaders(page)).toEqual([]);
    const link = /#sign-up=\S+/.exec(await mailed(ada.email, 'Finish signing up'))?.[0] ?? '';
    await page.goto(`${program.url}/app${link}`);
    const form = page.getByRole('form', { name: 'Finish signing up' });
    await form.getByLabel('Password').fill('not the one I chose');
    await form.getByRole('button', { name: 'Make the account' }).click();
    await form.getByText('This is not the password that was chosen').waitFor();
    expect(page.url()).not.toContain('sign-up');
    expect(await faultsForReaders(page)).toEqual([]);
    await form.getByLabel('Password').fill(ada.password);
    await form.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('link', { name: ada.name }).click();
    await page.getByText(ada.email).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await ask(page, ada);
    await mailed(ada.email, 'You have an account already');
    expect(visitor.complaints).toEqual([]);
  });
});
