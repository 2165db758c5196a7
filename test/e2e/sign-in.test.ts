/** Signing in by a real OpenID provider, in a real browser. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOpenIdProvider } from '../../src/ports/identity/openid.ts';
import { freePort } from '../faults/harness/servers.ts';
import { useApi } from '../schema/support/api.ts';
import { CLIENT, type OpenIdStandIn, startOpenIdProvider } from '../support/openid-provider.ts';
import { chromiumPath, openVisitor } from './browser.ts';

const port = await freePort();
const issuer = `http://localhost:${port}`;
const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, now: () => new Date() };
const api = useApi({ identityProviders: [createOpenIdProvider({ id: 'oidc', name: 'House', issuer, ...client })] });

let provider: OpenIdStandIn;
beforeAll(async () => {
  provider = await startOpenIdProvider({ port, redirectUri: `${api.url}/auth/oidc/callback` });
  provider.people.set('ada', { email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace' });
});
afterAll(() => provider.stop());

test.skipIf(chromiumPath === undefined)('whoever the provider knows comes back to the shop, signed in', async () => {
  const visitor = await openVisitor();
  const { page } = visitor;
  try {
    await page.goto(`${api.url}/auth/oidc/start?to=/app`);
    expect(page.url()).toContain(issuer);
    await page.getByLabel('Name').fill('ada');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${api.url}/app`);
    const ask = (headers: Record<string, string>) =>
      page.evaluate(async (more) => {
        const response = await fetch('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...more },
          body: '{"query":"{ viewer { email } }"}',
        });
        return [response.status, await response.text()];
      }, headers);
    expect(await ask({ 'x-booky-hub': '1' })).toEqual([200, expect.stringContaining('"ada@example.org"')]);
    expect(await ask({})).toEqual([403, expect.stringContaining('CSRF_HEADER_REQUIRED')]);
    // No script reads it.
    expect(await page.evaluate(() => document.cookie)).toBe('');
    await page.evaluate(() => fetch('/auth/session', { method: 'DELETE', headers: { 'x-booky-hub': '1' } }));
    expect(await ask({ 'x-booky-hub': '1' })).toEqual([200, expect.stringContaining('"viewer":null')]);
  } finally {
    await visitor.leave();
  }
});
