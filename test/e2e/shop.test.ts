/** The shop in a real browser: reading, giving back, mailed links, both pages open, and whoever cannot see or point. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { cloneDatabase } from '../support/database.ts';
import { faultsForReaders } from './accessible.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';
import { becomeAuthor, buy, draftBook, person, publish, signUp, stepsOf, uploadFile } from './people.ts';
import { type Program, startProgram } from './program.ts';

const whereIsIt = chromiumPath ?? 'skipped: no Chromium here; install one or set CHROMIUM_PATH';
const TITLE = 'The Lighthouse at Low Tide';
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const;
const ACCESSIBLE = 'Plain text, and nothing that needs eyes.';
const WAY = ['PENDING_PAYMENT', 'AUTHORIZED', 'CAPTURING', 'PAID', 'COMPLETED'];

describe.skipIf(chromiumPath === undefined)(`the shop beside its usual way (${whereIsIt})`, () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  const visitors: Visitor[] = [];
  const ines = person('Ines Marlow');

  const visit = async (options: Parameters<typeof openVisitor>[0] = {}): Promise<Visitor> => {
    const visitor = await openVisitor(options);
    visitors.push(visitor);
    return visitor;
  };
  const signIn = async (page: Page, { email, password }: { email: string; password: string }) => {
    await page.goto(`${program.url}/app/account`);
    const form = page.getByRole('form', { name: 'Sign in' });
    await form.getByLabel('E-mail').fill(email);
    await form.getByLabel('Password').fill(password);
    await form.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Library' }).waitFor();
  };
  const epubOf = (title: string, who: string) =>
    buildEpub({
      title,
      language: 'en',
      contributors: [{ name: ines.name }],
      accessibilitySummary: ACCESSIBLE,
      chapters: [1, 2, 3].map((number) => ({
        title: `Day ${number}`,
        paragraphs: Array.from({ length: 12 }, (_, line) => `Here ${who} wrote line ${line} of day ${number}.`),
      })),
    });
  /** The link in the newest mail to somebody, as this program kept it. */
  const mailedLink = async (page: Page, email: string, pattern: RegExp): Promise<string> => {
    const found = async () => {
      await page.goto(`${program.url}/app/mails`);
      await page.getByRole('heading', { name: 'Kept mails' }).waitFor();
      const mail = page.locator('details', { hasText: email }).filter({ hasText: pattern }).first();
      if ((await mail.count()) === 0) return '';
      return pattern.exec((await mail.locator('pre').textContent()) ?? '')?.[0] ?? '';
    };
    await expect.poll(found, { timeout: 20_000 }).not.toBe('');
    // The port was not known when the mail was written: this program takes any that is free.
    return (await found()).replace(/^http:\/\/[^/]+/, program.url);
  };

  beforeAll(async () => {
    clone = await cloneDatabase();
    program = await startProgram({ databaseUrl: clone.url, redisUrl: inject('redisUrl') });
    const epub = await epubOf(TITLE, 'the keeper');
    const author = await openVisitor();
    const { page } = author;
    try {
      await signUp(page, program.url, ines);
      await becomeAuthor(page);
      const words = { title: TITLE, author: ines.name, description: 'Tides.', language: 'en', price: '4.99' };
      const subjects = 'Sea stories';
      await draftBook(page, { ...words, subjects });
      await uploadFile(page, 'lighthouse.epub', epub);
      await publish(page);
    } finally {
      await author.leave();
    }
  });
  afterEach(async () => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints);
    for (const visitor of visitors.splice(0)) await visitor.leave();
    if (complaints.length > 0) throw new Error(`The pages complained:\n${complaints.join('\n')}`);
  });
  afterAll(async () => {
    await program.stop();
    await clone.drop();
  });

  test('anybody reads a sample, and who owns the book all of it, in a frame that runs nothing', async () => {
    const { page } = await visit();
    await page.goto(`${program.url}/app`);
    await page.getByRole('link', { name: TITLE }).click();
    await page.getByText('Table of contents', { exact: true }).click();
    await page.getByRole('listitem').filter({ hasText: 'Day 2' }).waitFor();
    await page.getByText('Accessibility', { exact: true }).click();
    await page.getByText(ACCESSIBLE).waitFor();
    await page.getByText('Read a sample').click();
    await page.frameLocator('iframe').getByText('line 0 of day 1').waitFor();
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('');
    await signUp(page, program.url, person('Rita Reader'));
    await buy(page, TITLE, 'Card that works');
    await page.getByRole('link', { name: 'To your library' }).click();
    await page.getByRole('link', { name: `Read ${TITLE}` }).click();
    await page.getByText('it cannot be given back').waitFor();
    await page.getByRole('button', { name: 'Begin to read' }).click();
    await page.getByLabel('Chapter').selectOption({ label: 'Day 3' });
    await page.frameLocator('iframe').getByText('line 11 of day 3').waitFor();
  });

  test('the catalogue is narrowed by price, age and subject, and the address says how', async () => {
    const { page } = await visit();
    await page.goto(`${program.url}/app`);
    const book = page.getByRole('link', { name: TITLE });
    await book.waitFor();
    // What each choice would find stands beside it, whatever is chosen now.
    const choices = (label: string) => page.getByLabel(label).locator('option').allTextContents();
    const prices = ['Any price', 'Free (0)', 'Up to €5 (1)', 'Up to €10 (1)'];
    await expect.poll(() => choices('Price')).toEqual(prices);
    expect(await choices('Language')).toEqual(['All languages', 'English (1)']);
    await page.getByLabel('Price').selectOption({ label: 'Free (0)' });
    await page.getByText('No book fits.').waitFor();
    expect(page.url()).toBe(`${program.url}/app?price=0`);
    await expect.poll(() => choices('Price')).toEqual(prices);
    expect(await choices('Published')).toEqual(['Any time', 'This week (0)', 'This month (0)', 'This year (0)']);
    await page.getByLabel('Price').selectOption({ label: 'Up to €5 (1)' });
    await page.getByLabel('Published').selectOption({ label: 'This week (1)' });
    await book.click();
    await page.getByRole('link', { name: 'Sea stories' }).click();
    await page.getByText('About Sea stories').waitFor();
    await book.waitFor();
    await page.goto(`${program.url}/app?subject=Nothing`);
    await page.getByText('No book fits.').waitFor();
    await page.getByRole('button', { name: 'All subjects' }).click();
    await book.waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    await book.waitFor();
  });

  test('a book that was not opened is given back for its money, step by step', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Gil Giver'));
    await buy(page, TITLE, 'Card that works');
    await page.getByText('Give it back', { exact: true }).click();
    await page.getByRole('button', { name: 'Give it back for its money' }).click();
    await page.locator('[data-status="SETTLED"].done').waitFor({ timeout: 30_000 });
    expect(await stepsOf(page, 'Steps of giving it back')).toEqual(['REQUESTED', 'SUBMITTED', 'SETTLED']);
    await page.getByRole('link', { name: 'Library', exact: true }).click();
    await page.getByText('Refunded').waitFor();
    const { page: desk } = await visit();
    await signIn(desk, ines);
    await desk.getByRole('link', { name: 'Author desk' }).click();
    await desk.getByRole('link', { name: 'Sales' }).click();
    await desk.getByRole('cell', { name: 'Refund' }).first().waitFor();
  });

  test('links of mails lead where they should: an e-mail is confirmed, a password set anew', async () => {
    const { page } = await visit();
    const vera = person('Vera Verified');
    await signUp(page, program.url, vera);
    await page.getByRole('link', { name: vera.name }).click();
    await page.getByRole('button', { name: 'Confirm the e-mail' }).click();
    await page.getByText('A mail is on its way').waitFor();
    await page.goto(await mailedLink(page, vera.email, /http\S+#verify-email=\S+/));
    await page.getByText('Your e-mail is confirmed.').waitFor();
    expect(page.url()).not.toContain('verify-email');
    await page.getByRole('link', { name: 'To your account' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Forgot the password?' }).click();
    await page.getByRole('form', { name: 'A new password' }).getByLabel('E-mail').fill(vera.email);
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('If there is an account').waitFor();
    // Mails to others are seen by admins alone.
    const olaf = person('Olaf Office');
    const admin = await visit();
    await signUp(admin.page, program.url, olaf);
    await clone.database.sql`update "user" set role = 'ADMIN' where email = ${olaf.email}`;
    await page.goto(await mailedLink(admin.page, vera.email, /http\S+#reset-password=\S+/));
    await page.locator('input[name=newPassword]').fill('another long enough password');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('It is set').waitFor();
    await signIn(page, { ...vera, password: 'another long enough password' });
  });

  test('with both pages open a book is published and bought, and a worker goes away midway: both tell the truth', async () => {
    const olga = person('Olga Operator');
    const shop = await visit();
    await signUp(shop.page, program.url, olga);
    await clone.database.sql`update "user" set role = 'ADMIN' where email = ${olga.email}`;
    const bench = await visit();
    await bench.page.goto(`${program.url}/workbench`);
    await bench.page.getByLabel('E-mail').fill(olga.email);
    await bench.page.getByLabel('Password').fill(olga.password);
    await bench.page.getByRole('button', { name: 'Sign in' }).click();
    await bench.page.getByRole('link', { name: 'Runs', exact: true }).click();
    await bench.page.getByLabel('Workflow').selectOption('publish');
    const published = () => bench.page.getByText(/^publish\/\d+$/).count();
    await expect.poll(published, { timeout: 15_000 }).toBe(1);
    const author = await visit();
    await signIn(author.page, ines);
    await author.page.getByRole('link', { name: 'Author desk' }).click();
    const words = { title: 'Fog Signals', author: ines.name, description: 'Horns.', language: 'en', price: '2.50' };
    await draftBook(author.page, words);
    await uploadFile(author.page, 'fog.epub', await epubOf(words.title, 'a horn in the fog'));
    await publish(author.page);
    // Told live: nobody has asked the workbench anything since.
    await expect.poll(published, { timeout: 20_000 }).toBe(2);
    await program.stopWorker();
    await buy(shop.page, words.title, 'Card that works');
    await shop.page.locator('[data-status="PENDING_PAYMENT"].under-way').waitFor();
    await shop.page.getByRole('heading', { name: 'We are checking with the bank' }).waitFor();
    expect(await shop.page.getByRole('heading', { name: 'It is yours' }).count()).toBe(0);
    await program.startWorker();
    await shop.page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 30_000 });
    expect(await stepsOf(shop.page, 'Steps of your order')).toEqual(WAY);
    await bench.page.getByRole('searchbox', { name: 'Find' }).fill(olga.email);
    await bench.page.getByLabel('Workflow').selectOption('purchase');
    await bench.page.getByText('completed', { exact: true }).first().waitFor();
  });

  test('an upload tells how far it is, a broken file what is wrong with it, and a suggestion is left', async () => {
    const { page } = await visit();
    await signIn(page, ines);
    await page.getByRole('link', { name: 'Author desk' }).click();
    const words = { title: 'Buoys', author: ines.name, description: 'Bells.', language: 'en', price: '1.50' };
    await draftBook(page, words);
    const { promise: isSeen, resolve: goOn } = Promise.withResolvers<void>();
    await page.route(
      () => true,
      async (route) => {
        if (route.request().method() === 'PUT') await isSeen;
        await route.continue();
      },
    );
    const sent = uploadFile(page, 'buoys.epub', Buffer.from('no EPUB at all'));
    await page.getByRole('progressbar', { name: 'Upload' }).waitFor();
    await page.getByText(/^(Reading|Sending) the file …$/).waitFor();
    goOn();
    await sent;
    await page.getByRole('button', { name: 'Save and publish' }).click();
    await page.locator('[data-edition-status="NEEDS_CHANGES"]').waitFor({ timeout: 30_000 });
    const report = page.getByRole('region', { name: 'Report' });
    await report.getByText('Errors must be mended before it can be sold.').waitFor();
    expect(await report.getByRole('listitem').filter({ hasText: 'error' }).count()).toBeGreaterThan(0);
    await uploadFile(page, 'buoys.epub', await epubOf(words.title, 'a bell'));
    await publish(page);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText('Dismissed: nobody sees it.').waitFor();
    await page.getByRole('link', { name: 'See it in the shop' }).click();
    await page.getByRole('button', { name: 'Buy' }).waitFor();
    expect(await page.getByRole('heading', { name: 'In short' }).count()).toBe(0);
  });

  test('a book is found and bought by keyboard alone', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Kim Keyboard'));
    const tabTo = async (name: RegExp) => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press('Tab');
        const label = await page.evaluate(() => document.activeElement?.textContent ?? '');
        if (name.test(label)) return;
      }
      throw new Error(`no ${String(name)} by keyboard`);
    };
    await tabTo(/^Shop$/);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: TITLE }).waitFor();
    await tabTo(/^The Lighthouse/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: TITLE, level: 1 }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await tabTo(/^Buy$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 30_000 });
  });

  test.each([
    ['in light on a desk', {}],
    ['in dark on a phone', PHONE],
  ])('every view is sound for a screen reader %s, and no wider than the screen', async (_way, options) => {
    const { page } = await visit(options);
    await signIn(page, ines);
    const faults: Record<string, unknown> = {};
    const look = async (path: string, heading: string | RegExp) => {
      await page.goto(`${program.url}${path}`);
      await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
      await page.getByText('Loading …').waitFor({ state: 'detached' });
      const found = await faultsForReaders(page);
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth };
      });
      if (found.length > 0 || scrollWidth > clientWidth) faults[path] = [...found, `${scrollWidth}/${clientWidth} px`];
    };
    await look('/app', 'Books, straight from their authors');
    await page.getByRole('link', { name: TITLE }).click();
    await page.getByRole('heading', { name: TITLE, level: 1 }).waitFor();
    await look(new URL(page.url()).pathname, TITLE);
    await look('/app/library', 'Your library');
    await look('/app/orders', 'Your orders');
    await look('/app/desk', 'Author desk');
    await page.getByRole('link', { name: TITLE }).click();
    await page.getByRole('heading', { name: TITLE, level: 1 }).waitFor();
    await look(new URL(page.url()).pathname, TITLE);
    await look('/app/desk/new', 'New book');
    await look('/app/desk/sales', 'Sales');
    await look('/app/account', ines.name);
    await look('/app/mails', 'Kept mails');
    await look('/app/nowhere', 'There is no such page');
    expect(faults).toEqual({});
  });
});
