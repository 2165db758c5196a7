import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { encodeId } from '../../src/schema/ids.ts';
import { PASSWORD, useApi } from './support/api.ts';
import { market } from './support/market.ts';

const api = useApi();

const SIGN_UP = `mutation ($input: SignUpInput!) { signUp(input: $input) { __typename
  ... on SignUpPayload { session { token expiresAt viewer { id name email role } } }
  ... on Error { code message } ... on ValidationError { fields { path message } } } }`;
const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename
  ... on SignInPayload { session { token viewer { email } } }
  ... on Error { code message } ... on OverloadedError { retryAfterMs } } }`;
const VIEWER = '{ viewer { id name email role } }';

describe('sign-up', () => {
  test('makes a reader, whose token answers to who they are', async () => {
    const input = { name: ' Ada ', email: 'Ada@Example.org', password: PASSWORD };
    const { data } = await api.ask(SIGN_UP, { input });
    expect(data).toMatchObject({
      signUp: { session: { viewer: { name: 'Ada', email: 'ada@example.org', role: 'READER' } } },
    });
    const { token } = await api.services.auth.signIn({ email: input.email, password: PASSWORD, address: 'a' });
    expect((await api.ask(VIEWER, {}, token)).data).toMatchObject({ viewer: { email: 'ada@example.org' } });
  });

  test('tells every fault of the input at once', async () => {
    const { data, errors } = await api.ask(SIGN_UP, { input: { name: '', email: 'nobody', password: 'short' } });
    expect(errors).toBeUndefined();
    expect(data?.['signUp']).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION' });
    expect(data?.['signUp']).toHaveProperty('fields.length', 3);
    expect(data).toMatchObject({
      signUp: {
        fields: expect.arrayContaining([
          { path: 'input.password', message: 'A password has 12 characters or more.' },
          { path: 'input.email', message: 'This is not an e-mail address.' },
        ]),
      },
    });
  });

  test('makes no second account for an e-mail, whatever its case', async () => {
    const { email } = await api.signUp();
    const input = { name: 'Eve', email: email.toUpperCase(), password: PASSWORD };
    expect((await api.ask(SIGN_UP, { input })).data).toMatchObject({ signUp: { code: 'CONFLICT' } });
  });

  test('keeps passwords only as hashes and gives ids in the order of time', async () => {
    const first = await api.signUp();
    const second = await api.signUp();
    expect(first.id < second.id).toBe(true);
    expect(first.id[14]).toBe('7');
    const rows = await api.db.execute<{ password: string }>(sql`select password from account`);
    for (const { password } of rows) expect(password).not.toContain(PASSWORD);
  });
});

describe('sign-in', () => {
  test('answers a wrong password and an unknown e-mail alike', async () => {
    const { email } = await api.signUp();
    const wrong = await api.ask(SIGN_IN, { input: { email, password: 'not my password' } });
    const unknown = await api.ask(SIGN_IN, { input: { email: 'no@example.org', password: 'not my password' } });
    expect(wrong.data).toMatchObject({ signIn: { code: 'INVALID_CREDENTIALS' } });
    expect(unknown.data).toEqual(wrong.data);
  });

  test('refuses an e-mail after ten tries, with the time to wait', async () => {
    const { email } = await api.signUp();
    for (let tries = 0; tries < 10; tries++) await api.ask(SIGN_IN, { input: { email, password: 'not my password' } });
    const { data } = await api.ask(SIGN_IN, { input: { email, password: PASSWORD } });
    expect(data).toMatchObject({ signIn: { code: 'OVERLOADED', retryAfterMs: expect.any(Number) } });
  });
});

describe('a session', () => {
  test('is good for nothing after sign-out', async () => {
    const { token } = await api.signUp();
    expect((await api.ask('mutation { signOut }', {}, token)).data).toEqual({ signOut: true });
    expect((await api.ask(VIEWER, {}, token)).data).toEqual({ viewer: null });
    expect((await api.ask('mutation { signOut }', {}, token)).errors?.[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test('ends when it expires', async () => {
    const { token } = await api.signUp();
    await api.db.execute(sql`update session set expires_at = now() - interval '1 second' where token = ${token}`);
    expect((await api.ask(VIEWER, {}, token)).data).toEqual({ viewer: null });
  });

  test('is not given by a token that is no token', async () => {
    for (const token of ['', ' ', "' or 1=1 --", 'x'.repeat(5_000)]) {
      expect(await api.services.auth.viewerOf(token)).toBeNull();
    }
  });
});

describe('becoming an author', () => {
  const BECOME = `mutation ($input: BecomeAuthorInput!) { becomeAuthor(input: $input) { __typename
    ... on BecomeAuthorPayload { viewer { role } } ... on ValidationError { fields { path message } } } }`;

  test('turns a reader into an author, once and for all', async () => {
    const { token } = await api.signUp();
    for (let times = 0; times < 2; times++) {
      const { data } = await api.ask(BECOME, { input: { acceptTerms: true } }, token);
      expect(data).toMatchObject({ becomeAuthor: { viewer: { role: 'AUTHOR' } } });
    }
  });

  test('needs the terms and somebody who is signed in', async () => {
    const { token } = await api.signUp();
    const { data } = await api.ask(BECOME, { input: { acceptTerms: false } }, token);
    expect(data).toMatchObject({ becomeAuthor: { fields: [{ path: 'input.acceptTerms' }] } });
    const nobody = await api.ask(BECOME, { input: { acceptTerms: true } });
    expect(nobody.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('never takes an admin down', async () => {
    const { token } = await api.signUp('ADMIN');
    const { data } = await api.ask(BECOME, { input: { acceptTerms: true } }, token);
    expect(data).toMatchObject({ becomeAuthor: { viewer: { role: 'ADMIN' } } });
  });
});

describe('other people', () => {
  const NODE = 'query ($id: ID!) { node(id: $id) { ... on User { name email role } } }';

  test('are unknown to others; admins see them', async () => {
    const [reader, other, admin] = [await api.signUp(), await api.signUp(), await api.signUp('ADMIN')];
    const id = encodeId('User', other.id);
    expect((await api.ask(NODE, { id }, reader.token)).data).toEqual({ node: null });
    expect((await api.ask(NODE, { id })).data).toEqual({ node: null });
    expect((await api.ask(NODE, { id }, admin.token)).data).toMatchObject({ node: { email: other.email } });
  });

  test('who sell books are shown by name only', async () => {
    const { author } = await market(api).onSale();
    const id = encodeId('User', author.id);
    expect((await api.ask(NODE, { id })).data).toEqual({ node: { name: 'Ada', email: null, role: null } });
  });
});
