/**
 * Signing in by a real OpenID provider in a real browser, and what its cookie is worth there.
 *
 * The provider is at 127.0.0.1 and the shop at localhost, which are two sites to a browser: cookies are held to their
 * SameSite. Not here: what a program could send that no browser does (../server/sign-in.test.ts).
 */
import { createServer, type Server } from 'node:http';
import { sql } from 'drizzle-orm';
import { URI } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { freePort } from '../faults/harness/servers.ts';
import { cloneDatabase } from '../support/database.ts';
import { CLIENT, type OpenIdStandIn, startOpenIdProvider } from '../support/openid-provider.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';
import { person } from './people.ts';
import { type Program, startProgram } from './program.ts';

const COOKIE = 'booky-hub-session';
const PROVIDER_HOST = '127.0.0.1';
const VIEWER = '{ viewer { name email } }';
const NOBODY = { viewer: null };
const ADA = { email: 'ada@example.org', name: 'Ada Lovelace' };
const opened = z.object({ session: z.object({ token: z.string() }) });
const whereIsIt = chromiumPath ?? 'skipped: no Chromium here; install one or set CHROMIUM_PATH';

/** As a page of ours asks: with the header that no foreign page can send, and the cookie that the browser adds. */
const ask = (page: Page, query: string, variables: object = {}): Promise<unknown> =>
  page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json', 'x-booky-hub': 'shop' };
    const answer = await (await fetch('/graphql', { method: 'POST', headers, body })).json();
    return answer.data;
  }, JSON.stringify({ query, variables }));

interface Sent {
  method: string;
  headers?: Record<string, string>;
  body?: string;
  credentials?: 'include';
}

/** What the browser tells of a request that some page makes; a page may not read what another site answers. */
const send = (page: Page, url: string, init: Sent): Promise<number | 'blocked'> =>
  page.evaluate(
    ([target, options]) =>
      fetch(target, options).then(
        ({ status }) => status,
        () => 'blocked' as const,
      ),
    [url, init] as const,
  );

describe.skipIf(chromiumPath === undefined)(`signing in by a provider, in a browser (${whereIsIt})`, () => {
  let clone: Awaited<ReturnType<typeof cloneDatabase>>;
  let program: Program;
  let provider: OpenIdStandIn;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    clone = await cloneDatabase();
    const port = await freePort();
    program = await startProgram(
      { databaseUrl: clone.url, redisUrl: inject('redisUrl') },
      {
        OIDC_ISSUER: `http://${PROVIDER_HOST}:${port}`,
        OIDC_NAME: 'The House',
        OIDC_CLIENT_ID: CLIENT.id,
        OIDC_CLIENT_SECRET: CLIENT.secret,
      },
    );
    const redirectUri = `${program.url}/auth/oidc/callback`;
    provider = await startOpenIdProvider({ host: PROVIDER_HOST, port, redirectUri });
    provider.people.set('ada', { ...ADA, email_verified: true });
  });
  beforeEach(async () => {
    visitor = await openVisitor();
    ({ page } = visitor);
  });
  afterEach(async () => {
    const { complaints } = visitor;
    await visitor.leave();
    if (complaints.length > 0) throw new Error(`The pages complained:\n${complaints.join('\n')}`);
  });
  afterAll(async () => {
    await provider.stop();
    await program.stop();
    await clone.drop();
  });

  /** From the shop to the provider, and its form filled in. */
  async function goAndSay(name: string): Promise<void> {
    await page.goto(`${program.url}/app`);
    const listed = await ask(page, '{ signInMethods { name startUrl } }');
    const { signInMethods } = z
      .object({ signInMethods: z.array(z.object({ name: z.string(), startUrl: z.string() })) })
      .parse(listed);
    const [method] = signInMethods;
    expect(method?.name).toBe('The House');
    await page.goto(`${method?.startUrl}?to=/app/library`);
    expect(new URL(page.url()).origin).toBe(provider.issuer);
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  const sessionCookie = async () =>
    (await visitor.context.cookies(program.url)).find((cookie) => cookie.name.endsWith(COOKIE));

  /** The browser itself says so when an answer is a refusal. */
  const forget = (words: string) => {
    const left = visitor.complaints.filter((complaint) => !complaint.includes(words));
    expect(left.length).toBeLessThan(visitor.complaints.length);
    visitor.complaints.splice(0, visitor.complaints.length, ...left);
  };

  test('leads to the provider and back to where it began, signed in by a cookie that no script can read', async () => {
    await goAndSay('ada');
    await page.waitForURL(`${program.url}/app/library`);
    expect(await ask(page, VIEWER)).toEqual({ viewer: ADA });
    // Without that header the cookie is worth nothing, even to a page of ours.
    const headers = { 'content-type': 'application/json' };
    expect(await send(page, '/graphql', { method: 'POST', headers, body: '{"query":"{ viewer { email } }"}' })).toBe(
      403,
    );
    forget('403');
    expect(await sessionCookie()).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost' });
    const inReach = await page.evaluate(() => [document.cookie, ...Object.values(localStorage), location.hash].join());
    expect(inReach).not.toContain((await sessionCookie())?.value);
    expect(inReach).not.toContain(COOKIE);
    const cookies = await visitor.context.cookies(program.url);
    expect(cookies.some(({ name }) => name.includes('sign-in'))).toBe(false);
  });

  test('holds in the next tab, and ends everywhere at once', async () => {
    await goAndSay('ada');
    await page.waitForURL(`${program.url}/app/library`);
    const tab = await visitor.context.newPage();
    await tab.goto(`${program.url}/app`);
    expect(await ask(tab, VIEWER)).toEqual({ viewer: ADA });
    const end = { method: 'DELETE', headers: { 'x-booky-hub': 'shop' } };
    expect(await send(tab, '/auth/session', end)).toBe(204);
    expect(await sessionCookie()).toBeUndefined();
    expect(await ask(page, VIEWER)).toEqual(NOBODY);
  });

  test('asks for a two-factor code where one is switched on, and keeps the session as a cookie then', async () => {
    const rosa = person('Rosa Reader');
    await page.goto(`${program.url}/app`);
    const { name, email, password } = rosa;
    const made = await ask(
      page,
      'mutation ($input: SignUpInput!) { signUp(input: $input) { ... on SignUpPayload { session { token } } } }',
      { input: { name, email, password } },
    );
    const token = z.object({ signUp: opened }).parse(made).signUp.session.token;
    await clone.database.db.execute(sql`update "user" set email_verified = true where email = ${email}`);
    // From here on the page is Rosa's by the cookie.
    const keep = { method: 'POST', headers: { 'x-booky-hub': 'shop', authorization: `Bearer ${token}` } };
    expect(await send(page, '/auth/session', keep)).toBe(204);
    const begun = await ask(
      page,
      'mutation ($password: String!) { enableTwoFactor(input: { password: $password }) { ... on EnableTwoFactorPayload { uri backupCodes } } }',
      { password },
    );
    const kit = z
      .object({ enableTwoFactor: z.object({ uri: z.string(), backupCodes: z.array(z.string()) }) })
      .parse(begun).enableTwoFactor;
    const totp = URI.parse(kit.uri);
    const confirmed = await ask(
      page,
      'mutation ($code: String!) { confirmTwoFactor(input: { code: $code }) { __typename } }',
      { code: 'period' in totp ? totp.generate() : '' },
    );
    expect(confirmed).toEqual({ confirmTwoFactor: { __typename: 'ConfirmTwoFactorPayload' } });
    expect(await send(page, '/auth/session', { method: 'DELETE', headers: keep.headers })).toBe(204);

    provider.people.set('rosa', { email, email_verified: true });
    await goAndSay('rosa');
    await page.waitForURL(/\/app\/library/);
    expect(await ask(page, VIEWER)).toEqual(NOBODY);
    expect(await sessionCookie()).toBeUndefined();
    // The challenge does not stay in the address, nor in its history.
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    expect(page.url()).toBe(`${program.url}/app/library`);
    await page.getByRole('textbox', { name: 'Code' }).fill(kit.backupCodes[0] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Your library' }).waitFor();
    expect(await sessionCookie()).toBeDefined();
    expect(await ask(page, VIEWER)).toEqual({ viewer: { name, email } });

    // The workbench has a door of its own, which asks for the code just so.
    await page.goto(`${program.url}/app/account`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await clone.database.db.execute(sql`update "user" set role = 'ADMIN' where email = ${email}`);
    await page.goto(`${program.url}/workbench`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This code is not good.').waitFor();
    await page.getByRole('textbox', { name: 'Code' }).fill(kit.backupCodes[1] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Flows' }).waitFor();
    expect(await ask(page, VIEWER)).toEqual({ viewer: { name, email } });
  });

  test('who says no at the provider is told so, and finds back to the shop', async () => {
    await goAndSay('');
    await page.getByRole('heading', { name: 'Not signed in' }).waitFor();
    expect(await page.getByText('The House did not sign you in').count()).toBe(1);
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await page.waitForURL(`${program.url}/app`);
    expect(await ask(page, VIEWER)).toEqual(NOBODY);
    forget('403');
  });

  test('a socket is nobody’s, whatever cookie the browser sends with it', async () => {
    await goAndSay('ada');
    await page.waitForURL(`${program.url}/app/library`);
    const told = await page.evaluate(
      (query) =>
        new Promise<unknown>((resolve, reject) => {
          const socket = new WebSocket(`ws://${location.host}/graphql`, 'graphql-transport-ws');
          socket.addEventListener('error', () => reject(new Error('no socket')));
          socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
          socket.addEventListener('message', ({ data }) => {
            const message = JSON.parse(String(data));
            if (message.type === 'next') resolve(message.payload.data);
            if (message.type === 'connection_ack') {
              socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
            }
          });
        }),
      VIEWER,
    );
    expect(told).toEqual(NOBODY);
  });

  describe('pages of others', () => {
    let evil: Server;
    let evilPort: number;
    beforeAll(async () => {
      evil = createServer((_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Free books</title>'),
      );
      evilPort = await freePort();
      await new Promise<void>((resolve) => evil.listen(evilPort, resolve));
    });
    afterAll(async () => {
      evil.closeAllConnections();
      await new Promise((resolve) => evil.close(resolve));
    });

    // At localhost the browser even sends the cookie: another port is another page, but the same site.
    test.each(['localhost', '127.0.0.1'])('at %s can neither ask nor act as who is signed in', async (host) => {
      await goAndSay('ada');
      await page.waitForURL(`${program.url}/app/library`);
      const cookie = await sessionCookie();
      await page.goto(`http://${host}:${evilPort}/`);
      const body = JSON.stringify({ query: 'mutation { signOut }' });
      const attempts: Sent[] = [
        { method: 'POST', headers: { 'content-type': 'application/json', 'x-booky-hub': 'shop' }, body },
        { method: 'POST', headers: { 'content-type': 'text/plain' }, body },
        { method: 'GET' },
      ];
      for (const attempt of attempts) {
        const sent = await send(page, `${program.url}/graphql?query={viewer{email}}`, {
          credentials: 'include',
          ...attempt,
        });
        expect(sent).toBe('blocked');
      }
      const end = { method: 'DELETE', credentials: 'include', headers: { 'x-booky-hub': 'shop' } } as const;
      expect(await send(page, `${program.url}/auth/session`, end)).toBe('blocked');
      const posted = page.waitForResponse((response) => response.url() === `${program.url}/auth/session`);
      await page.evaluate((action) => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action });
        document.body.append(form);
        form.submit();
      }, `${program.url}/auth/session`);
      expect((await posted).status()).toBe(403);
      await page.waitForURL(`${program.url}/auth/session`);
      await page.goto(`${program.url}/app`);
      expect(await sessionCookie()).toEqual(cookie);
      expect(await ask(page, VIEWER)).toEqual({ viewer: ADA });
      visitor.complaints.length = 0;
    });
  });
});
