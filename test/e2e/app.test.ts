/** The shop in a real browser: a book's whole life, through the pages alone. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { buildEpub } from '../../src/epub/build.ts';
import { cloneDatabase } from '../support/database.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';
import { becomeAuthor, buy, draftBook, person, publish, signUp, stepsOf, uploadFile } from './people.ts';
import { type Program, startProgram } from './program.ts';

const orderWay = ['PENDING_PAYMENT', 'AUTHORIZED', 'CAPTURING', 'PAID', 'COMPLETED'];
const whereIsIt = chromiumPath ?? 'skipped: no Chromium here; install one or set CHROMIUM_PATH';

describe.skipIf(chromiumPath === undefined)(`the shop in a browser (${whereIsIt})`, () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  const visitors: Visitor[] = [];
  const bookTitle = 'The Lighthouse at Low Tide';
  let epub: Buffer;

  const visit = async (): Promise<Visitor> => {
    const visitor = await openVisitor();
    visitors.push(visitor);
    return visitor;
  };

  beforeAll(async () => {
    clone = await cloneDatabase();
    program = await startProgram({ databaseUrl: clone.url, redisUrl: inject('redisUrl') });
    epub = await buildEpub({
      title: bookTitle,
      language: 'en',
      contributors: [{ name: 'Ines Marlow' }],
      chapters: [1, 2, 3].map((number) => ({
        title: `Chapter ${number}`,
        paragraphs: Array.from(
          { length: 12 },
          (_, line) => `The keeper wrote line ${line} of day ${number} by lamplight.`,
        ),
      })),
      cover: { background: '#23404f', band: '#e8b04a' },
    });
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

  test('an author publishes a book and sees every step', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Ines Marlow'));
    await becomeAuthor(page);
    await draftBook(page, {
      title: bookTitle,
      author: 'Ines Marlow',
      description: 'A keeper counts the tides.',
      language: 'en',
      price: '4.99',
    });
    await uploadFile(page, 'lighthouse.epub', epub);
    await publish(page);
    await page.getByText('On sale', { exact: true }).first().waitFor();
    expect(await stepsOf(page, 'Steps of publishing')).toEqual([
      'SUBMITTED',
      'CHECKING_METADATA',
      'SCANNING_FILE',
      'VALIDATING',
      'EXTRACTING',
      'DEDUPING',
      'PUBLISHED',
    ]);
    await page.getByText('Nothing to mend.').waitFor();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByText('Accepted: readers see it.').waitFor();
  });

  test('a reader buys the book, sees every step and downloads it byte for byte', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Rosa Reader'));
    await buy(page, bookTitle, 'Card that works');
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
    expect(await stepsOf(page, 'Steps of your order')).toEqual(orderWay);
    await page.getByRole('link', { name: 'To your library' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.epub$/);
    expect((await readFile(await download.path())).equals(epub)).toBe(true);
  });

  test('the typed client example lists the book, buys it and follows the order', async () => {
    const arguments_ = [
      'examples/client/main.ts',
      'carl@example.org',
      'a long enough password',
      `${program.url}/graphql`,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, arguments_);
    expect(stdout).toContain(`${bookTitle} · Ines Marlow · 4.99 EUR`);
    expect(stdout).toMatch(/COMPLETED\s*$/);
  });

  test('a declined card is told with its reason, and nothing is charged', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Dora Declined'));
    await buy(page, bookTitle, 'Card without enough money');
    await page.getByRole('heading', { name: 'Your bank declined' }).waitFor();
    expect(await page.getByRole('alert').filter({ hasText: 'insufficient funds' }).count()).toBe(1);
    expect(await stepsOf(page, 'Steps of your order')).toEqual(['PENDING_PAYMENT', 'DECLINED']);
    await page.getByRole('link', { name: 'Try another card' }).click();
    await page.getByLabel('Test card').waitFor();
    await page.getByRole('link', { name: 'Library' }).click();
    await page.getByText('No book yet.').waitFor();
  });

  test('a bank that wants to ask is asked on its own page, and the order goes on by itself', async () => {
    const { page, context } = await visit();
    await signUp(page, program.url, person('Ada Asked'));
    await buy(page, bookTitle, 'Bank wants to ask you first');
    const [bank] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Go to your bank' }).click(),
    ]);
    await bank.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 30_000 });
    expect(await stepsOf(page, 'Steps of your order')).toContain('REQUIRES_ACTION');
  });

  test('a bank that does not answer is told as unknown until it is known, and charges once', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Una Unknown'));
    await buy(page, bookTitle, 'No answer when charged (after it was booked)');
    await page.getByRole('heading', { name: 'We are checking with the bank' }).waitFor({ timeout: 20_000 });
    expect(await page.getByRole('heading', { name: 'It is yours' }).count()).toBe(0);
    await page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 30_000 });
    expect(await stepsOf(page, 'Steps of your order')).toEqual(orderWay);
  });

  test('steps that came while the connection was cut are shown when it is back', async () => {
    const { page, complaints } = await visit();
    await signUp(page, program.url, person('Otto Offline'));
    await program.stopWorker();
    await buy(page, bookTitle, 'Card that works');
    await page.locator('[data-status="PENDING_PAYMENT"].under-way').waitFor();
    await program.stopApi();
    await page.getByText('The connection was lost.').waitFor();
    await program.startWorker();
    await program.startApi();
    await page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 30_000 });
    expect(await stepsOf(page, 'Steps of your order')).toEqual(orderWay);
    expect(complaints.every((complaint) => complaint.includes('net::ERR_'))).toBe(true);
    complaints.splice(0);
  });

  test('every fault of a draft stands at its field', async () => {
    const { page } = await visit();
    await signUp(page, program.url, person('Flo Faulty'));
    await becomeAuthor(page);
    await page.getByRole('link', { name: 'New book' }).click();
    await page.getByLabel('Language').fill('klingonish-x');
    await page.getByText('Series, year, ISBN').click();
    await page.getByLabel('ISBN').fill('978-0-00-000000-1');
    await page.getByRole('button', { name: 'Save the draft' }).click();
    await page.getByText('3 things need your attention.').waitFor();
    const invalid = page.locator('[aria-invalid]');
    expect(await invalid.evaluateAll((fields) => fields.map((field) => field.getAttribute('name')))).toEqual([
      'title',
      'language',
      'isbn13',
    ]);
  });
});
