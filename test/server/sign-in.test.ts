/** Signing in by a real OpenID provider, and sessions that a browser keeps as cookies, over plain HTTP. */
import { type SQL, sql } from 'drizzle-orm';
import { TOTP, URI } from 'otpauth';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { globalId } from '../../src/books/global-id.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { createOpenIdProvider } from '../../src/ports/identity/openid.ts';
import { freePort } from '../faults/harness/servers.ts';
import { PASSWORD, useApi } from '../schema/support/api.ts';
import { type Arrival, CookieBrowser } from '../support/cookie-browser.ts';
import { CLIENT, type OpenIdStandIn, startOpenIdProvider } from '../support/openid-provider.ts';

const port = await freePort();
const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, now: () => new Date() };
const api = useApi({
  identityProviders: [
    createOpenIdProvider({ id: 'oidc', name: 'House', issuer: `http://localhost:${port}`, ...client }),
    createOpenIdProvider({ id: 'gone', name: 'Nobody', issuer: `http://localhost:${await freePort()}`, ...client }),
  ],
});

let provider: OpenIdStandIn;
beforeAll(async () => {
  provider = await startOpenIdProvider({ port, redirectUri: `${api.url}/auth/oidc/callback` });
});
afterAll(() => provider.stop());

const ADA = { email: 'Ada@Example.org', email_verified: true, name: 'Ada  Lovelace' };
let browser: CookieBrowser;
beforeEach(() => {
  browser = new CookieBrowser();
  provider.people.clear();
  provider.people.set('ada', ADA);
});

const execute = async (statement: SQL) => [...(await api.db.execute(statement))];

const startUrl = (to = '/app?from=there') => `${api.url}/auth/oidc/start?to=${encodeURIComponent(to)}`;

/** In a new browser, at the provider, as somebody; stops before our own address is called. */
async function comeBack(name: string, to?: string): Promise<string> {
  browser = new CookieBrowser();
  const asked = await browser.go(startUrl(to));
  const body = new URLSearchParams({ name });
  const isOurs = (next: string) => next.startsWith(`${api.url}/auth/oidc/callback`);
  return (await browser.go(asked.url, { method: 'POST', body }, isOurs)).url;
}

/** What our own address answers when somebody comes back. */
async function arrive(name: string): Promise<Arrival> {
  const callback = await comeBack(name);
  return browser.go(callback);
}

/** As `arrive`, but stops where it leads to. */
async function signIn(name: string, to?: string): Promise<Arrival> {
  const callback = await comeBack(name, to);
  return browser.go(callback, {}, () => true);
}

const VIEWER = '{ viewer { id email name isEmailVerified } }';
async function viewer(headers: Record<string, string> = { 'x-booky-hub': '1' }) {
  const response = await browser.fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: VIEWER }),
  });
  const { data }: { data?: unknown } = await response.json();
  return { status: response.status, data };
}

describe('by OpenID Connect', () => {
  test('an account is made, signed in by a cookie, and the same the next time', async () => {
    const arrival = await signIn('ada');
    expect(arrival).toMatchObject({ status: 303, url: `${api.url}/app?from=there` });
    const first = await viewer();
    expect(first.data).toMatchObject({
      viewer: { email: 'ada@example.org', name: 'Ada Lovelace', isEmailVerified: true },
    });
    provider.people.set('ada', { ...ADA, email: 'new@example.org' });
    await signIn('ada');
    expect(await viewer()).toEqual(first);
  });

  test('the cookie is for this site alone, and no script reads it', async () => {
    await signIn('ada');
    const written = browser.written.filter((line) => line.startsWith('booky-hub-session='));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/; Path=\/; Max-Age=60\d{4}; HttpOnly; SameSite=Lax$/);
  });

  test('leads to a place of ours and nowhere else', async () => {
    const resolved = ['/.//evil.example', '/app/..//evil.example', '/%2e//evil.example', '/app/%2E%2e//evil.example'];
    const spelt = ['https://evil.example', '//evil.example', '/\\evil.example', '/app\r\nx: y', 'javascript:1'];
    for (const to of [...spelt, ...resolved]) {
      expect((await signIn('ada', to)).url).toBe(`${api.url}/app`);
    }
  });

  test('what came back counts once, and only in the browser that was sent there', async () => {
    const callback = await comeBack('ada');
    const stranger = new CookieBrowser();
    const refused = await stranger.go(callback);
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('begun in another browser');
    const kept = [...browser.cookies(api.url)];
    expect((await browser.go(callback, {}, () => true)).status).toBe(303);
    expect((await browser.go(callback)).status).toBe(400);
    // Even with the cookie of before: the provider is not asked again, whatever code is tried.
    const asked = provider.exchangeCount();
    for (const url of [callback, callback.replace(/code=[^&]+/, 'code=another')]) {
      for (const [name, value] of kept) browser.cookies(api.url).set(name, value);
      expect((await browser.go(url)).body).toContain('This sign-in is over');
    }
    expect(provider.exchangeCount()).toBe(asked);
  });

  test('another state, code or provider is refused', async () => {
    for (const part of ['state', 'code', 'iss']) {
      const callback = new URL(await comeBack('ada'));
      callback.searchParams.set(part, 'something-else');
      expect((await browser.go(callback.href)).status).toBe(400);
    }
    const callback = await comeBack('ada');
    expect((await browser.go(callback.replace('/oidc/', '/gone/'))).status).toBe(400);
    expect((await viewer()).data).toEqual({ viewer: null });
  });

  test('who is refused by the provider is told so, and nothing was changed', async () => {
    const refused = await arrive('');
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('House did not sign you in');
    expect(refused.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  });

  test('an e-mail that the provider does not vouch for opens and makes nothing', async () => {
    provider.people.set('eve', { email: 'eve@example.org', email_verified: false });
    provider.people.set('nobody', {});
    for (const name of ['eve', 'nobody']) {
      const refused = await arrive(name);
      expect(refused.status).toBe(403);
      expect(refused.body).toContain('does not say that this e-mail is yours');
    }
  });

  test('an account is linked when its e-mail was proven, and not before', async () => {
    const { email, id } = await api.signUp();
    provider.people.set('ada', { email, email_verified: true });
    const refused = await arrive('ada');
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('was never confirmed');
    await execute(sql`update "user" set email_verified = true where email = ${email}`);
    await signIn('ada');
    expect((await viewer()).data).toMatchObject({ viewer: { email } });
    expect(await execute(sql`select user_id from account where account_id = 'ada'`)).toEqual([{ user_id: id }]);
  });

  test('many who sign in at once for the first time have one account', async () => {
    const callbacks: [CookieBrowser, string][] = [];
    for (let visit = 0; visit < 5; visit++) {
      const callback = await comeBack('ada');
      callbacks.push([browser, callback]);
    }
    const arrivals = await Promise.all(callbacks.map(([own, url]) => own.go(url, {}, () => true)));
    expect(arrivals.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303]);
    const [found] = await execute(sql`
      select (select count(*)::int from "user" where email = 'ada@example.org') as users,
             (select count(*)::int from account where account_id = 'ada') as links`);
    expect(found).toEqual({ users: 1, links: 1 });
  });

  test('a two-factor code is still asked for', async () => {
    const { token, email } = await api.signUp();
    await execute(sql`update "user" set email_verified = true where email = ${email}`);
    const enable =
      'mutation ($password: String!) { enableTwoFactor(input: { password: $password }) { ... on EnableTwoFactorPayload { uri } } }';
    const begun = await api.ask(enable, { password: PASSWORD }, token);
    const { uri } = z.object({ enableTwoFactor: z.object({ uri: z.string() }) }).parse(begun.data).enableTwoFactor;
    const totp = URI.parse(uri);
    if (!(totp instanceof TOTP)) throw new TypeError('not a TOTP');
    const code = (steps: number) => totp.generate({ timestamp: Date.now() + steps * 30_000 });
    const confirm = 'mutation ($code: String!) { confirmTwoFactor(input: { code: $code }) { __typename } }';
    await api.ask(confirm, { code: code(-1) }, token);
    provider.people.set('ada', { email, email_verified: true });
    const { url } = await signIn('ada', '/app');
    const challenge = /^.*\/app#two-factor=([\w-]{20,})$/.exec(url)?.[1];
    expect((await viewer()).data).toEqual({ viewer: null });
    const complete =
      'mutation ($challenge: String!, $code: String!) { completeSignIn(input: { challenge: $challenge, code: $code }) { ... on CompleteSignInPayload { session { viewer { email } } } } }';
    const done = await api.ask(complete, { challenge, code: code(0) });
    expect(done.data).toMatchObject({ completeSignIn: { session: { viewer: { email } } } });
  });

  test('a provider that does not answer is told of, and its name is not guessed at', async () => {
    const gone = await browser.go(`${api.url}/auth/gone/start`);
    expect([gone.status, gone.body]).toEqual([503, expect.stringContaining('Nobody does not answer')]);
    expect((await browser.go(`${api.url}/auth/elsewhere/start`)).status).toBe(404);
  });

  test('the API tells in which ways one can sign in', async () => {
    const asked = await api.ask('{ signInMethods { key name startUrl } }');
    expect(asked.data).toEqual({
      signInMethods: [
        { key: 'oidc', name: 'House', startUrl: `${api.url}/auth/oidc/start` },
        { key: 'gone', name: 'Nobody', startUrl: `${api.url}/auth/gone/start` },
      ],
    });
  });
});

describe('a session kept as a cookie', () => {
  const session = (method: string, headers: Record<string, string> = {}) =>
    browser.fetch(`${api.url}/auth/session`, { method, headers: { 'x-booky-hub': '1', ...headers } });

  test('is made of a token, and ends at once with it', async () => {
    const { token, email } = await api.signUp();
    expect((await session('POST', { authorization: `Bearer ${token}` })).status).toBe(204);
    expect((await viewer()).data).toMatchObject({ viewer: { email } });
    await api.ask('mutation { signOut }', {}, token);
    expect((await viewer()).data).toEqual({ viewer: null });
  });

  test('counts for nothing without the header that no foreign page can send', async () => {
    const { token } = await api.signUp();
    await session('POST', { authorization: `Bearer ${token}` });
    expect((await viewer({})).status).toBe(403);
    const got = await browser.fetch(`${api.url}/graphql?query=${encodeURIComponent(VIEWER)}`);
    expect(await got.json()).toMatchObject({ data: { viewer: null } });
  });

  test('signs out and is taken away', async () => {
    const { token } = await api.signUp();
    await session('POST', { authorization: `Bearer ${token}` });
    expect((await session('DELETE')).status).toBe(204);
    expect(browser.cookies(api.url).size).toBe(0);
    expect((await api.ask(VIEWER, {}, token)).data).toEqual({ viewer: null });
  });

  test('is not made of nothing, of a dead token or of an API key', async () => {
    for (const authorization of [undefined, 'Bearer dead', 'Bearer bh_key_0123456789']) {
      const response = await session('POST', authorization === undefined ? {} : { authorization });
      expect([response.status, response.headers.getSetCookie()]).toEqual([401, []]);
    }
  });

  test('follows a subscription by server-sent events', async () => {
    const { token } = await api.signUp();
    await session('POST', { authorization: `Bearer ${token}` });
    const response = await browser.fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-booky-hub': '1' },
      body: JSON.stringify({
        query: `subscription { orderStatus(orderId: "${globalId('Order', newId())}") { status } }`,
      }),
    });
    const text = await response.text();
    // A stranger would be told to sign in.
    expect(text).toContain('NOT_FOUND');
    expect(text).not.toContain('UNAUTHENTICATED');
  });
});
