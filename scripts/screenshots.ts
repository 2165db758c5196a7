/**
 * `npm run screenshots`: pictures of shop and workbench, from a program of its own with a few books of the project's own
 * making.
 *
 * docs/images gets the two that the README shows; all of them, light, dark and at phone width, go to SHOTS_DIR.
 * (Default: a folder in the system's temporary one, which is told)
 */
import { copyFile, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import postgres from 'postgres';
import sharp from 'sharp';
import { migrateDatabase } from '../src/db/migrate.ts';
import { buildEpub } from '../src/epub/build.ts';
import { chromiumPath, openVisitor, type Visitor } from '../test/e2e/browser.ts';
import { parkReceipts } from '../test/e2e/dead-letters.ts';
import {
  becomeAuthor,
  type BookWords,
  buy,
  draftBook,
  person,
  publish,
  signUp,
  uploadFile,
} from '../test/e2e/people.ts';
import { type Program, startProgram } from '../test/e2e/program.ts';
import { startTestServices } from '../test/support/services.ts';

interface ShelfBook extends BookWords {
  background: string;
  band: string;
}

const DESKTOP = { width: 1200, height: 860 };
const PHONE = { width: 390, height: 844 };
const IMAGE_BYTES_MAX = 200_000;
const imagesFolder = fileURLToPath(new URL('../docs/images', import.meta.url));

const shelf: readonly ShelfBook[] = [
  ['The Lighthouse at Low Tide', 'Ines Marlow', '#23404f', '#e8b04a', 'en', '4.99'],
  ['Bread, Salt and Weather', 'Tomas Havel', '#7a4a2b', '#f0dcb4', 'en', '6.50'],
  ['Kleine Chronik der Nacht', 'Lena Vogt', '#1d2440', '#9fb4e8', 'de', '3.99'],
  ['A Field Guide to Quiet Streets', 'Ruth Okafor', '#3f5b3a', '#e6e2a8', 'en', '5.49'],
  ['L’Atelier des vents', 'Camille Roux', '#a8442a', '#ffe9d6', 'fr', '7.00'],
  ['Nine Maps of One River', 'Jonas Lind', '#2f6b6b', '#d9f0ea', 'en', '8.99'],
  ['The Clockmaker’s Apprentice', 'Ada Whitlock', '#4a3560', '#e8c86a', 'en', '0'],
  ['Letters from the Allotment', 'Peter Sandoval', '#5c6b2f', '#f3e9c9', 'en', '2.99'],
].map(([title = '', author = '', background = '', band = '', language = '', price = '']) => ({
  title,
  author,
  background,
  band,
  language,
  price,
  subjects: 'Fiction',
  description: `${author} writes of small things that last.\n\nA book for slow evenings.`,
}));

async function main(): Promise<void> {
  if (chromiumPath === undefined) throw new Error('There is no Chromium here. Install one or set CHROMIUM_PATH.');
  const shots = process.env['SHOTS_DIR'] ?? (await mkdtemp(join(tmpdir(), 'booky-hub-shots-')));
  await mkdir(shots, { recursive: true });
  await mkdir(imagesFolder, { recursive: true });
  const services = await startTestServices();
  try {
    await migrateDatabase(services.databaseUrl);
    const program = await startProgram(services);
    try {
      await takeAll(program, shots, services.databaseUrl);
    } finally {
      await program.stop();
    }
  } finally {
    await services.stop();
  }
  console.log(`All pictures: ${shots}`);
}

async function takeAll(program: Program, folder: string, databaseUrl: string): Promise<void> {
  const visitor = await openVisitor({ viewport: DESKTOP, colorScheme: 'light' });
  const shoot = (name: string) => takeInAllWays(visitor.page, join(folder, name));
  try {
    await asAuthor(visitor, program, shoot);
    await asReader(visitor, program, shoot);
    await asOperator(visitor, program, shoot, databaseUrl);
    if (visitor.complaints.length > 0) console.error(visitor.complaints);
  } finally {
    await visitor.leave();
  }
  await copyFile(join(folder, 'order-done-light.png'), join(imagesFolder, 'shop.png'));
  await copyFile(join(folder, 'workbench-run-light.png'), join(imagesFolder, 'workbench.png'));
}

type Shoot = (name: string) => Promise<void>;

async function asAuthor({ page }: Visitor, { url }: Program, shoot: Shoot): Promise<void> {
  await page.goto(`${url}/app/account`);
  await shoot('sign-in');
  await signUp(page, url, person('Ines Marlow'));
  await becomeAuthor(page);
  for (const [index, book] of shelf.toReversed().entries()) {
    const isLast = index === shelf.length - 1;
    await draftBook(page, book);
    await uploadFile(page, `${book.author.split(' ').at(-1)?.toLowerCase()}.epub`, await epubOf(book));
    if (index === 0) await shoot('draft');
    await publish(page);
    if (isLast) {
      await page.getByRole('button', { name: 'Accept' }).waitFor();
      await shoot('publish-steps');
      await page.getByRole('button', { name: 'Accept' }).click();
    }
    await page.getByRole('link', { name: 'Author desk' }).click();
  }
  await brokenBook(page, shoot);
  await page.getByRole('link', { name: 'Author desk' }).click();
  await page.getByRole('heading', { name: 'Author desk' }).waitFor();
  await shoot('desk');
}

/** A book that cannot be sold, to show its report and its faults. */
async function brokenBook(page: Page, shoot: Shoot): Promise<void> {
  await draftBook(page, { title: 'Notes', author: '', description: '', language: '', price: '' });
  await page.getByLabel('Amount').fill('four');
  await page.getByLabel('Language').fill('klingonish-x');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByLabel('Amount').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('needs your attention').waitFor();
  await shoot('faults');
  await page.getByLabel('Language').fill('en');
  await uploadFile(page, 'notes.epub', Buffer.from('This is not an EPUB.'));
  await page.getByRole('button', { name: 'Save and publish' }).click();
  await page.locator('[data-edition-status="NEEDS_CHANGES"]').waitFor();
  await shoot('report');
}

async function asReader({ page }: Visitor, { url }: Program, shoot: Shoot): Promise<void> {
  await page.getByRole('link', { name: 'Ines Marlow' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  await signUp(page, url, person('Rosa Reader'));
  await page.getByRole('listitem').first().waitFor();
  await shoot('browse');
  const [first, second, third] = shelf;
  if (!first || !second || !third) throw new Error('the shelf is empty');
  await page.getByRole('listitem').getByRole('link', { name: first.title }).click();
  await page.getByText('Read a sample').click();
  await page.frameLocator('iframe').getByText('The house was quiet').first().waitFor();
  await shoot('book');
  await buy(page, first.title, 'Card that works');
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  await shoot('order-done');
  await buy(page, second.title, 'Card without enough money');
  await page.getByRole('heading', { name: 'Your bank declined' }).waitFor();
  await shoot('order-declined');
  await buy(page, second.title, 'Bank wants to ask you first');
  await page.getByRole('heading', { name: 'Your bank wants to ask you' }).waitFor();
  await shoot('order-asked');
  await buy(page, third.title, 'No answer when charged (after it was booked)');
  await page.getByRole('heading', { name: 'We are checking with the bank' }).waitFor({ timeout: 20_000 });
  await shoot('order-unknown');
  await page.getByRole('heading', { name: 'It is yours' }).waitFor({ timeout: 20_000 });
  await page.getByRole('link', { name: 'To your library' }).click();
  await page.getByRole('heading', { name: 'Your library' }).waitFor();
  await shoot('library');
}

/** In the workbench, with what the reader has left there. */
async function asOperator({ page }: Visitor, { url }: Program, shoot: Shoot, databaseUrl: string): Promise<void> {
  const operator = person('Olga Operator');
  await page.getByRole('link', { name: 'Rosa Reader' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signUp(page, url, operator);
  const sql = postgres(databaseUrl, { max: 1 });
  await sql`update "user" set role = 'ADMIN' where email = ${operator.email}`;
  await parkReceipts(sql, 1);
  await sql.end();
  await page.getByRole('link', { name: operator.name }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(`${url}/workbench`);
  await page.getByLabel('E-mail').fill(operator.email);
  await page.getByLabel('Password').fill(operator.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  for (const place of ['Flows', 'Runs', 'Dead letters', 'Streams', 'Clock', 'Health', 'Try it']) {
    await page.getByRole('navigation').getByRole('link', { name: place }).click();
    await page.getByRole('heading', { name: place, level: 1 }).waitFor();
    await page.getByText('Loading …').waitFor({ state: 'detached' });
    await shoot(`workbench-${place.toLowerCase().replaceAll(' ', '-')}`);
  }
  await page.getByRole('navigation').getByRole('link', { name: 'Runs' }).click();
  await page.getByLabel('Workflow').selectOption('purchase');
  await page
    .getByRole('link', { name: /purchase/ })
    .first()
    .click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByText('Loading …').waitFor({ state: 'detached' });
  await shoot('workbench-run');
  await page.getByRole('link', { name: /^order:/ }).click();
  await page.getByRole('heading', { name: 'As it stood after event' }).waitFor();
  await shoot('workbench-history');
}

/** Light, dark and on a phone; each as large as the page is, but not larger than the README can bear. */
async function takeInAllWays(page: Page, path: string): Promise<void> {
  const take = async (way: string) => {
    await page.mouse.move(0, 0);
    // A frame is not drawn while it is out of sight, and else a moment after the page itself.
    const frame = page.locator('iframe');
    if ((await frame.count()) > 0) await frame.scrollIntoViewIfNeeded();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await page.evaluate(() => document.fonts.ready);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (overflow > 0) console.error(`${path}-${way} is ${overflow} px too wide`);
    const png = await page.screenshot({ animations: 'disabled', fullPage: true });
    const { data, info } = await sharp(png).png({ palette: true, effort: 10 }).toBuffer({ resolveWithObject: true });
    if (info.size > IMAGE_BYTES_MAX) console.error(`${path}-${way}.png has ${info.size} bytes`);
    await sharp(data).toFile(`${path}-${way}.png`);
  };
  await take('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await take('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  await take('phone');
  await page.setViewportSize(DESKTOP);
}

const epubOf = ({ title, author, language, background, band }: ShelfBook): Promise<Buffer> =>
  buildEpub({
    title,
    language,
    contributors: [{ name: author }],
    cover: { background, band },
    chapters: ['Arriving', 'The long room', 'What the tide left', 'Going home'].map((chapter) => ({
      title: chapter,
      paragraphs: [
        `${chapter} is how ${title} goes on. The house was quiet, and the kettle had been forgotten on the stove since noon.`,
        'Somebody had left a coat by the door. It was too large for anyone who lived there, and nobody asked about it.',
        `“You will want to read this,” said ${author.split(' ')[0]}, and put the letter on the table between the cups.`,
      ],
    })),
    accessibilitySummary: 'Plain text with a table of contents; the cover is described.',
  });

await main();
