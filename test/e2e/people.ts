/** What authors and readers do in the shop, as they do it: by labels, buttons and links. */
import type { Page } from 'playwright-core';

export interface Person {
  name: string;
  email: string;
  password: string;
}

export const person = (name: string): Person => ({
  name,
  email: `${name.toLowerCase().replaceAll(' ', '.')}@example.org`,
  password: 'a long enough password',
});

export async function signUp(page: Page, url: string, { name, email, password }: Person): Promise<void> {
  await page.goto(`${url}/app/account`);
  const form = page.getByRole('form', { name: 'Sign up' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('E-mail').fill(email);
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('link', { name }).waitFor();
}

export async function becomeAuthor(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Author desk' }).click();
  await page.getByLabel('I own the rights').check();
  await page.getByRole('button', { name: 'Become an author' }).click();
  await page.getByRole('link', { name: 'New book' }).waitFor();
}

export interface BookWords {
  title: string;
  subtitle?: string;
  author: string;
  description: string;
  language: string;
  subjects?: string;
  price: string;
}

/** From the desk to a saved draft. */
export async function draftBook(page: Page, words: BookWords): Promise<void> {
  await page.getByRole('link', { name: 'New book' }).click();
  await page.getByLabel('Title', { exact: false }).first().fill(words.title);
  await page.getByLabel('Subtitle').fill(words.subtitle ?? '');
  await page.getByLabel('Name').fill(words.author);
  await page.getByLabel('Description').fill(words.description);
  await page.getByLabel('Language').fill(words.language);
  await page.getByLabel('Subjects').fill(words.subjects ?? '');
  await page.getByLabel('Amount').fill(words.price);
  await page.getByRole('button', { name: 'Save the draft' }).click();
  await page.getByRole('heading', { name: 'The file' }).waitFor();
}

export async function uploadFile(page: Page, name: string, bytes: Buffer): Promise<void> {
  const chooser = page.getByLabel(/^Choose/);
  await chooser.setInputFiles({ name, mimeType: 'application/epub+zip', buffer: bytes });
  await page.getByText('The file is here.').waitFor();
}

/** @returns when the page says that the book is on sale */
export async function publish(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save and publish' }).click();
  await page.locator('[data-edition-status="PUBLISHED"]').waitFor({ timeout: 60_000 });
}

/** From the shop to the page of the order. */
export async function buy(page: Page, title: string, card: string): Promise<void> {
  await page.getByRole('link', { name: 'Shop', exact: true }).click();
  await page.getByLabel('Search').fill(title);
  await page.getByRole('listitem').getByRole('link', { name: title }).click();
  await page.getByLabel('Test card').selectOption({ label: card });
  await page.getByRole('button', { name: 'Buy' }).click();
  await page.getByRole('heading', { name: 'Your order', exact: true }).waitFor();
}

/** The statuses that the page has shown as reached, in their order. */
export const stepsOf = (page: Page, label: string): Promise<(string | null)[]> =>
  page
    .getByRole('list', { name: label })
    .locator('li:not(.to-come)')
    .evaluateAll((items) => items.map((item) => item.getAttribute('data-status')));
