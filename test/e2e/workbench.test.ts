/** The workbench in a real browser: what happens to a purchase is seen, explained and mended, without reading a log. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { openMarket } from '../faults/harness/load.ts';
import { cloneDatabase } from '../support/database.ts';
import { faultsForReaders } from './accessible.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';
import { parkReceipts } from './dead-letters.ts';
import { type Program, startProgram } from './program.ts';

const whereIsIt = chromiumPath ?? 'skipped: no Chromium here; install one or set CHROMIUM_PATH';
const ADMIN = { name: 'Olga Operator', email: 'olga@example.org', password: 'a long enough password' };
/** Pictures of each view go here when it is set. */
const shotsFolder = process.env['WORKBENCH_SHOTS'];

describe.skipIf(chromiumPath === undefined)(`the workbench in a browser (${whereIsIt})`, () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  const visitors: Visitor[] = [];
  /** Of the first visit, for those after it: one address may not sign in that often. */
  let session: Awaited<ReturnType<Visitor['context']['storageState']>> | undefined;

  async function visit(options: Parameters<typeof openVisitor>[0] = {}): Promise<Page> {
    const visitor = await openVisitor(options);
    visitors.push(visitor);
    const { page, context } = visitor;
    await page.goto(`${program.url}/workbench`);
    if (session) {
      await context.addCookies(session.cookies);
      const kept = session.origins.flatMap(({ localStorage }) => localStorage);
      await page.evaluate((all) => all.forEach(({ name, value }) => localStorage.setItem(name, value)), kept);
      await page.reload();
    } else {
      await page.getByLabel('E-mail').fill(ADMIN.email);
      await page.getByLabel('Password').fill(ADMIN.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.getByRole('heading', { name: 'Flows' }).waitFor();
    session ??= await context.storageState();
    return page;
  }
  const open = async (page: Page, place: string) => {
    await page.getByRole('navigation').getByRole('link', { name: place }).click();
    await page.getByRole('heading', { name: place, level: 1 }).waitFor();
  };
  async function order(page: Page, behaviour: string): Promise<void> {
    await open(page, 'Try it');
    await page.getByLabel('Book').selectOption({ index: ordered++ });
    await page.getByLabel('What the gateway does').selectOption({ label: behaviour });
    await page.getByRole('button', { name: 'Place the order' }).click();
    await page.getByRole('heading', { name: 'Its steps, live' }).waitFor();
  }
  /** No two orders of this buyer are for the same book. */
  let ordered = 0;
  async function stateOf(runId: string): Promise<string | undefined> {
    const [run] = await clone.database.sql<{ state: string }[]>`select state from run where id = ${runId}`;
    return run?.state;
  }
  /** How often an admin has looked at what is hidden. */
  const disclosed = async (): Promise<number> => (await clone.database.sql`select 1 from disclosure`).length;
  async function picture(page: Page, name: string): Promise<void> {
    if (shotsFolder === undefined) return;
    await mkdir(shotsFolder, { recursive: true });
    await page.screenshot({ path: join(shotsFolder, `${name}.png`) });
  }
  beforeAll(async () => {
    clone = await cloneDatabase();
    program = await startProgram({ databaseUrl: clone.url, redisUrl: inject('redisUrl') });
    await openMarket(clone.database, 50);
    const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }';
    await fetch(`${program.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: signUp, variables: { input: ADMIN } }),
    });
    await clone.database.sql`update "user" set role = 'ADMIN' where email = ${ADMIN.email}`;
  });
  afterEach(async ({ task }) => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints);
    if (task.result?.state === 'fail') {
      for (const { page } of visitors) complaints.push(`stood there: ${await page.locator('body').innerText()}`);
    }
    for (const visitor of visitors.splice(0)) await visitor.leave();
    if (complaints.length > 0) throw new Error(`The pages complained:\n${complaints.join('\n')}`);
  });
  afterAll(async () => {
    await program.stop();
    await clone.drop();
  });

  test('a purchase is placed, watched, found by e-mail address and explained', async () => {
    const page = await visit();
    await order(page, 'The card works');
    await page.getByText('completed', { exact: true }).waitFor();
    await open(page, 'Runs');
    await page.getByRole('searchbox', { name: 'Find' }).fill(ADMIN.email);
    await page.getByLabel('Workflow').selectOption('purchase');
    await page
      .getByRole('link', { name: /^purchase\// })
      .first()
      .click();
    await page.getByText('It came to its end').waitFor();
    const trace = await page.getByText('by the request of trace').locator('code').textContent();
    await open(page, 'Runs');
    await page.getByRole('searchbox', { name: 'Find' }).fill(trace ?? '');
    await page.getByLabel('Workflow').selectOption('purchase');
    await expect.poll(() => page.getByRole('link', { name: /^purchase\// }).count()).toBe(1);
    await page.getByRole('link', { name: /^purchase\// }).click();
    await page.getByText('It came to its end').waitFor();
    const steps = await page.getByRole('listitem').getByRole('heading', { level: 3 }).allInnerTexts();
    expect(steps.map((step) => step.replace(/ \+.*$/, ''))).toEqual([
      'order placed',
      'order validated',
      'payment authorized',
      'payment capture started',
      'payment captured',
      'order completed',
    ]);
    const calls = page.getByRole('list', { name: 'Asked of the outside' }).getByRole('listitem');
    const told = (await calls.allInnerTexts()).map((call) => call.replaceAll(/\s+/g, ' '));
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^gateway\.authorize AUTHORIZED · [\d.]+ m?s key order:[\w-]+:authorize$/),
        expect.stringMatching(/^gateway\.capture CAPTURED · [\d.]+ m?s key order:[\w-]+:capture$/),
      ]),
    );
    await picture(page, 'run');
    await page.getByRole('link', { name: /^order:/ }).click();
    await page.getByRole('heading', { name: 'As it stood after event 6' }).waitFor();
    await page.getByRole('button', { name: /^1\. order placed/ }).click();
    await page.locator('pre:visible', { hasText: '"PENDING_PAYMENT"' }).waitFor();
    await picture(page, 'history');
  });

  test('the way of an event moves while it passes, and tells how often it does', async () => {
    const flows = await visit();
    const way = flows.getByLabel('capture-payment returns payment.captured');
    await way.waitFor({ state: 'attached' });
    await flows.locator('.stage-node', { hasText: '/min' }).first().waitFor();
    expect(await way.getAttribute('class')).not.toContain('animated');
    await order(await visit(), 'The card works');
    await flows.locator('.react-flow__edge.animated[aria-label="capture-payment returns payment.captured"]').waitFor();
    await way.dispatchEvent('click');
    const told = flows.getByRole('complementary', { name: 'payment.captured' });
    await told.getByText('purchase.capture-payment', { exact: true }).waitFor();
    expect(await told.getByText(/a minute$/).innerText()).not.toBe('0.0 a minute');
    await told.getByText('purchase.fulfil', { exact: true }).waitFor();
    await picture(flows, 'flow-way');
    expect(await faultsForReaders(flows)).toEqual([]);
  });

  test('with the worker away the pages tell the truth, and recover with it', async () => {
    const page = await visit();
    await program.stopWorker();
    await order(page, 'The card works');
    await page.getByText('pending_payment', { exact: true }).waitFor();
    expect(await page.getByText('completed', { exact: true }).count()).toBe(0);
    await program.startWorker();
    await page.getByText('completed', { exact: true }).waitFor({ timeout: 60_000 });
  });

  test('a dropped connection is told, and what is live goes on behind it', async () => {
    const page = await visit();
    await program.stopApi();
    await page.getByText('The connection is lost').waitFor();
    await program.startApi();
    await page.getByText('The connection is lost').waitFor({ state: 'hidden', timeout: 30_000 });
    // The browser itself says that nobody answered, and nothing else went wrong.
    for (const visitor of visitors) {
      expect(visitor.complaints.filter((words) => !words.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
      visitor.complaints.length = 0;
    }
    await order(page, 'The card works');
    await page.getByText('completed', { exact: true }).waitFor();
  });

  test('a question that cannot be answered for now is asked again until it is', async () => {
    const page = await visit();
    await open(page, 'Try it');
    let refused = 0;
    const message = 'We cannot reach our database at the moment. Try again.';
    await page.route('**/graphql', async (route) => {
      if (route.request().postDataJSON()?.operationName !== 'Flows' || refused === 2) return route.continue();
      refused += 1;
      return route.fulfill({ json: { errors: [{ message, extensions: { code: 'UNAVAILABLE' } }] } });
    });
    await page.getByRole('navigation').getByRole('link', { name: 'Flows' }).click();
    await page.getByText(message).waitFor();
    await page.getByRole('heading', { name: 'Flows' }).waitFor();
    expect(refused).toBe(2);
    expect(await page.getByText(message).count()).toBe(0);
  });

  test('a dead letter is seen, and its run ends once it is replayed', async () => {
    const page = await visit();
    const [receipt = ''] = await parkReceipts(clone.database.sql, 1);
    await open(page, 'Dead letters');
    await page.getByText('the mail server was away').waitFor();
    await picture(page, 'dead-letters');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Replay 1', exact: true }).click();
    await page.getByText('1 of 1 sent again.').waitFor();
    await page.getByLabel('State').selectOption('replayed');
    await page.getByText(`replayed by ${ADMIN.email}`).waitFor();
    await page.getByRole('link', { name: receipt }).click();
    await page.getByText('It came to its end').waitFor({ timeout: 30_000 });
    expect(await stateOf(receipt)).toBe('COMPLETED');
  });

  test('many dead letters are mended by the same change, and one is given up', async () => {
    const page = await visit();
    for (let count = 0; count < 3; count++) {
      await order(page, 'The card works');
      await page.getByText('completed', { exact: true }).waitFor();
    }
    const receipts = () => clone.database.sql`select 1 from run where workflow = 'receipt' and state = 'COMPLETED'`;
    await expect.poll(async () => (await receipts()).length).toBeGreaterThanOrEqual(3);
    const [first = '', ...others] = await parkReceipts(clone.database.sql, 3, { status: 'spoilt by hand' });
    await open(page, 'Dead letters');
    const letters = page.getByRole('listitem').filter({ has: page.getByRole('checkbox') });
    await expect.poll(() => letters.count()).toBe(3);
    const letter = letters.filter({ hasText: first });
    // What may be personal is seen by who asks for it, which is kept.
    await letter.getByText('Payload').click();
    await letter.getByText('"status": "•••"').waitFor();
    expect(await disclosed()).toBe(0);
    await letter.getByRole('button', { name: 'Show what is hidden' }).click();
    await letter.getByText('"status": "spoilt by hand"').waitFor();
    expect(await disclosed()).toBe(1);
    await letter.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('1 of 1 given up.').waitFor();
    await page.getByRole('button', { name: 'Choose all' }).click();
    await page.getByRole('button', { name: 'Change and replay 2' }).click();
    const change = page.getByLabel('What takes the place of what is there');
    await change.fill('status: COMPLETED');
    await page.getByRole('button', { name: 'Replay them so' }).click();
    await page.getByText('Write a JSON object').waitFor();
    await change.fill('{ "status": "COMPLETED" }');
    await page.getByRole('button', { name: 'Replay them so' }).click();
    await page.getByText('2 of 2 changed and sent again.').waitFor();
    for (const id of others) await expect.poll(() => stateOf(id), { timeout: 30_000 }).toBe('COMPLETED');
    expect(await stateOf(first)).toBe('FAILED');
    await page.getByLabel('State').selectOption('discarded');
    await page.getByText(`discarded by ${ADMIN.email}`).waitFor();
  });

  test('from a stage in the picture one comes to its runs by keyboard, and a reload finds them again', async () => {
    const page = await visit();
    await page.locator('.compensation[aria-label="authorize-payment is undone"]').waitFor({ state: 'attached' });
    const stage = page
      .getByRole('region', { name: 'The picture of purchase', exact: true })
      .getByRole('button', { name: 'purchase.fulfil' });
    await stage.focus();
    await page.keyboard.press('Enter');
    const told = page.getByRole('complementary', { name: 'purchase.fulfil' });
    await told.waitFor();
    await told.getByText('p50 and p99').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Close');
    await page.keyboard.press('Escape');
    await told.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('fulfil');
    await page.keyboard.press('Enter');
    await told.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();
    const chosen = () => page.getByLabel('Stage').inputValue();
    await expect.poll(chosen).toBe('purchase.fulfil');
    await page.getByLabel('State').selectOption('COMPLETED');
    await expect.poll(() => page.url()).toContain('state=COMPLETED');
    await page.reload();
    await expect.poll(chosen).toBe('purchase.fulfil');
    expect(await page.getByLabel('State').inputValue()).toBe('COMPLETED');
    await open(page, 'Flows');
    await page.getByRole('link', { name: 'Runs of publish' }).click();
    await expect.poll(() => page.getByLabel('Workflow').inputValue()).toBe('publish');
    expect(await page.getByLabel('State').inputValue()).toBe('');
  });

  test('a schedule is run now, and its run is found', async () => {
    const page = await visit();
    // The clock may ask for it just now, too.
    const before = (await clone.database.sql`select 1 from run where workflow = 'file-sweep'`).length;
    await open(page, 'Clock');
    await page
      .getByRole('row', { name: /^file-sweep/ })
      .getByRole('button', { name: 'Run now' })
      .click();
    await page.getByText('file-sweep was asked for.').waitFor();
    await page.goto(`${program.url}/workbench#/runs?workflow=file-sweep`);
    const found = () => page.getByRole('link', { name: /^file-sweep\/\d+/ }).count();
    await expect.poll(found).toBeGreaterThan(before);
    await page.getByLabel('Begun').selectOption('the last 15 minutes');
    await page.getByLabel('Error says').fill('no error says this');
    await page.getByText('No run is like that.').waitFor();
    await page.getByLabel('Error says').fill('');
    await expect.poll(found).toBeGreaterThan(before);
  });

  test('a purchase that waits for the bank tells what happens next, and when', async () => {
    const page = await visit();
    await order(page, 'The bank wants to ask the buyer');
    await page.getByText('requires_action', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'All that happened to it' }).click();
    await page.getByRole('link', { name: /^purchase\// }).click();
    await page.getByText(/^purchase\.await-action found it too early .+ and looks again /).waitFor();
    await page.getByRole('heading', { name: 'next: purchase.await-action' }).waitFor();
    expect(await page.getByText(/^look \d+ · /).innerText()).toMatch(/\d\d:\d\d:\d\d/);
  });

  test('a test order is watched on behind a reload, and any operation is run as who is signed in', async () => {
    const page = await visit();
    await program.stopWorker();
    await order(page, 'The card works');
    await page.getByText('pending_payment', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('pending_payment', { exact: true }).waitFor();
    await program.startWorker();
    await page.getByText('completed', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: 'GraphiQL' }).click();
    const editor = page.locator('.graphiql-query-editor .view-lines').first();
    await editor.click();
    await page.keyboard.press('Control+A');
    // Named as what stood there: the editor would not have noticed another name yet. It closes the last brace itself.
    await page.keyboard.insertText('query SignUpAuthor { viewer { email }');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Enter');
    await expect
      .poll(() => page.locator('.result-window .view-lines').innerText(), { timeout: 15_000 })
      .toContain(ADMIN.email);
  });

  test('a hundred thousand runs are scrolled through in order, and one of them is found', async () => {
    const count = 100_000;
    const id = (at: number) => `purchase/9${String(at).padStart(6, '0')}`;
    await clone.database.sql`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, ended_at)
      select 'purchase/9' || lpad(g::text, 6, '0'), 'purchase', 'order:' || gen_random_uuid(), 0, 'COMPLETED', 'purchase.fulfil',
             900000000 + g, '2020-01-01'::timestamptz - g * interval '1 second', '2020-01-01'
      from generate_series(1, ${count}) g`;
    const page = await visit();
    await open(page, 'Runs');
    await page.getByLabel('State').selectOption('COMPLETED');
    const list = page.getByRole('region', { name: 'The runs that were found' });
    const shown = () => list.getByText(/^purchase\/9\d{6}$/).allTextContents();
    // Each time the end is reached the next page is asked for, wherever the ones before came from.
    const seen: string[] = [];
    await expect
      .poll(
        async () => {
          await list.evaluate((element) => element.scrollBy(0, 400));
          for (const one of await shown()) if (!seen.includes(one)) seen.push(one);
          return seen.length;
        },
        { timeout: 30_000, interval: 20 },
      )
      .toBeGreaterThan(120);
    expect(seen).toEqual(Array.from(seen, (_, at) => id(at + 1)));
    expect(await list.getByRole('listitem').count()).toBeLessThan(60);
    // The page that is still on its way when something else is looked for must not join what is found.
    const late: (() => void)[] = [];
    await page.route('**/graphql', async (route) => {
      if (route.request().postDataJSON()?.variables?.after) await new Promise<void>((go) => void late.push(go));
      await route.continue();
    });
    await expect
      .poll(async () => {
        await list.evaluate((element) => element.scrollBy(0, 4_000));
        return late.length;
      })
      .toBe(1);
    await page.getByRole('searchbox', { name: 'Find' }).fill(id(count));
    await expect.poll(shown, { timeout: 15_000 }).toEqual([id(count)]);
    const answered = page.waitForResponse((response) => response.request().postDataJSON()?.variables?.after);
    for (const go of late) go();
    await (await answered).finished();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    expect(await shown()).toEqual([id(count)]);
  });

  test('every view is sound for a screen reader, in light and dark and at phone width', async () => {
    for (const [theme, viewport] of [
      ['light', { width: 1280, height: 860 }],
      ['dark', { width: 390, height: 844 }],
    ] as const) {
      const page = await visit({ colorScheme: theme, viewport });
      await page.locator('.stage-node').first().waitFor();
      for (const place of ['Flows', 'Runs', 'Dead letters', 'Streams', 'Clock', 'Health', 'Try it']) {
        await open(page, place);
        await page.getByText('Loading …').waitFor({ state: 'hidden' });
        await picture(page, `${place.toLowerCase().replace(' ', '-')}-${theme}`);
        expect(await faultsForReaders(page), `${place}, ${theme}`).toEqual([]);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, `${place} is wider than the ${theme} page`).toBeLessThanOrEqual(0);
      }
    }
  });

  test('who is no admin is told so, and sees nothing', async () => {
    await clone.database.sql`update "user" set role = 'READER' where email = ${ADMIN.email}`;
    const visitor = await openVisitor();
    visitors.push(visitor);
    await visitor.page.goto(`${program.url}/workbench`);
    await visitor.page.getByLabel('E-mail').fill(ADMIN.email);
    await visitor.page.getByLabel('Password').fill(ADMIN.password);
    await visitor.page.getByRole('button', { name: 'Sign in' }).click();
    await visitor.page.getByText('The workbench is for admins.').waitFor();
    expect(await visitor.page.getByRole('main').getByRole('heading').count()).toBe(0);
    visitor.complaints.length = 0;
  });
});
