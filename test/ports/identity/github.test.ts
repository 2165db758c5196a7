/** The GitHub adapter over real HTTP, against a server that answers as GitHub's documentation says. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createGithubProvider } from '../../../src/ports/identity/github.ts';

const USER = { id: 583231, login: 'octocat', name: 'Ada Lovelace' };
const EMAILS = [
  { email: 'other@example.org', primary: false, verified: true, visibility: null },
  { email: 'ada@example.org', primary: true, verified: true, visibility: 'private' },
];
let answers: Record<string, { status?: number; body: unknown }>;
let asked: { path: string; authorization: string | undefined; body: string }[];
beforeEach(() => {
  asked = [];
  answers = {
    '/login/oauth/access_token': { body: { access_token: 'gho_x', scope: 'user:email', token_type: 'bearer' } },
    '/user': { body: USER },
    '/user/emails': { body: EMAILS },
  };
});

const server = createServer((request, response) => {
  const path = request.url ?? '';
  void text(request).then((body) => {
    asked.push({ path, authorization: request.headers.authorization, body });
    const { status = 200, body: answer } = answers[path] ?? { status: 404, body: { message: 'Not Found' } };
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(answer));
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => server.close());
const address = server.address();
const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
const github = createGithubProvider({ clientId: 'the-shop', clientSecret: 'shh', webUrl: url, apiUrl: url });

const REDIRECT = 'https://books.example.org/auth/github/callback';
async function comeBack(params: Record<string, string> = {}) {
  const { url: to, kept } = await github.begin(REDIRECT);
  const callback = new URL(`${REDIRECT}?${new URLSearchParams({ code: 'c', state: kept.state, ...params })}`);
  return { to: new URL(to), kept, finish: () => github.finish(callback, kept) };
}

test('asks who it was and which e-mail is proven', async () => {
  const { to, kept, finish } = await comeBack();
  expect(to.pathname).toBe('/login/oauth/authorize');
  expect(Object.fromEntries(to.searchParams)).toMatchObject({
    client_id: 'the-shop',
    redirect_uri: REDIRECT,
    scope: 'read:user user:email',
    code_challenge_method: 'S256',
  });
  expect(await finish()).toEqual({
    issuer: url,
    subject: '583231',
    email: 'ada@example.org',
    isEmailVerified: true,
    name: 'Ada Lovelace',
  });
  const [exchange] = asked;
  expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toMatchObject({
    client_secret: 'shh',
    code: 'c',
    code_verifier: kept.codeVerifier,
    redirect_uri: REDIRECT,
  });
  expect(asked.slice(1).map(({ authorization }) => authorization)).toEqual(['Bearer gho_x', 'Bearer gho_x']);
});

test('takes no e-mail that is not the main one, and says when that is not proven', async () => {
  answers['/user/emails'] = { body: [{ email: 'ada@example.org', primary: true, verified: false }] };
  expect(await (await comeBack()).finish()).toMatchObject({ isEmailVerified: false });
  answers['/user/emails'] = { body: [{ email: 'other@example.org', primary: false, verified: true }] };
  expect(await (await comeBack()).finish()).toMatchObject({ email: null, isEmailVerified: false });
});

test('says whether it was refused, does not fit or is away', async () => {
  const refused = await comeBack({ error: 'access_denied' });
  await expect(refused.finish()).rejects.toMatchObject({ name: 'IdentityRefusedError' });
  const foreign = await comeBack({ state: 'another' });
  await expect(foreign.finish()).rejects.toMatchObject({ name: 'IdentityInvalidError' });
  // It tells of a bad code with status 200.
  for (const status of [200, 400]) {
    answers['/login/oauth/access_token'] = { status, body: { error: 'bad_verification_code' } };
    await expect((await comeBack()).finish()).rejects.toMatchObject({ name: 'IdentityInvalidError' });
  }
  answers['/login/oauth/access_token'] = { status: 503, body: {} };
  await expect((await comeBack()).finish()).rejects.toMatchObject({ name: 'IdentityUnavailableError' });
});
