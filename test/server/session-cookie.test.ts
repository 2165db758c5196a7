/** The session's cookie where users see https: what a browser is told of it, and what counts as it. */
import { expect, test } from 'vitest';
import { useApi } from '../schema/support/api.ts';

const PUBLIC_URL = 'https://books.example.org';
const NAME = '__Host-booky-hub-session';
const api = useApi({ publicUrl: PUBLIC_URL });

const keep = (token: string) =>
  fetch(`${api.url}/auth/session`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'x-booky-hub': '1', origin: PUBLIC_URL },
  });

async function viewerBy(cookie: string): Promise<unknown> {
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-booky-hub': '1', cookie },
    body: JSON.stringify({ query: '{ viewer { email } }' }),
  });
  const { data }: { data?: unknown } = await response.json();
  return data;
}

test('goes over TLS alone, and no other name of the domain can set it', async () => {
  const { token } = await api.signUp();
  const [line, ...more] = (await keep(token)).headers.getSetCookie();
  expect(more).toEqual([]);
  expect(line?.startsWith(`${NAME}=${token}; `)).toBe(true);
  const attributes = line?.split('; ').slice(1).toSorted();
  expect(attributes).toEqual([
    'HttpOnly',
    expect.stringMatching(/^Max-Age=60\d{4}$/),
    'Path=/',
    'SameSite=Lax',
    'Secure',
  ]);
});

test('counts by its whole name, wherever it stands among others', async () => {
  const { token, email } = await api.signUp();
  expect(await viewerBy(`a=b; ${NAME}=${token}; c=d`)).toEqual({ viewer: { email } });
  // Whoever has a sister domain can set one without the prefix.
  for (const cookie of [`booky-hub-session=${token}`, `x${NAME}=${token}`, `${NAME}=; ${NAME}=${token}`]) {
    expect(await viewerBy(cookie)).toEqual({ viewer: null });
  }
});

test('holds what a token can be, and nothing that could be more of a header', async () => {
  for (const value of ['', 'a b', '"quoted"', 'Bearer', 'x'.repeat(201)]) {
    expect(await viewerBy(`${NAME}=${value}`)).toEqual({ viewer: null });
  }
});

test('is looked for in so many characters and no more', async () => {
  const { token, email } = await api.signUp();
  const padded = (chars: number) => `a=${'x'.repeat(chars)}; ${NAME}=${token}`;
  expect(await viewerBy(padded(7_000))).toEqual({ viewer: { email } });
  expect(await viewerBy(padded(8_192))).toEqual({ viewer: null });
});

test('an Authorization header comes before it', async () => {
  const [one, other] = [await api.signUp(), await api.signUp()];
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-booky-hub': '1',
      authorization: `Bearer ${one.token}`,
      cookie: `${NAME}=${other.token}`,
    },
    body: JSON.stringify({ query: '{ viewer { email } }' }),
  });
  expect(await response.json()).toMatchObject({ data: { viewer: { email: one.email } } });
});
