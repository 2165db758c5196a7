import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { CODE_MS, makeMailedCode, type MailedCodePurpose } from '../../src/db/mailed-codes.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { PASSWORD, useApi } from './support/api.ts';

let movedMs = 0;
const now = () => new Date(Date.now() + movedMs);
const api = useApi({ now });
const NEW_PASSWORD = 'another horse battery';
const VIEWER = '{ viewer { isEmailVerified } }';
const BAD_CODE = { code: 'INVALID_CODE' };

const mutate = async (name: string, payload: string, input: object, token?: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const text = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code message } ${payload} } }`;
  const { data, errors } = await api.ask(text, { input }, token);
  return errors ? { errors: errors.map(({ extensions }) => extensions?.['code']) } : data?.[name];
};
const mailed = async (purpose: MailedCodePurpose, email: string) => {
  const made = await makeMailedCode(api.services.db, { purpose, email, now: now() });
  if (!made) throw new Error('no code was made');
  return made.code;
};
const verify = (code: string, token: string) =>
  mutate('verifyEmail', '... on VerifyEmailPayload { isVerified }', { code }, token);
const reset = (code: string, newPassword = NEW_PASSWORD) =>
  mutate('resetPassword', '... on ResetPasswordPayload { isReset }', { code, newPassword });
const signIn = (email: string, password: string) => api.services.auth.signIn({ email, password, address: email });
const isSignedIn = async (token: string) => (await api.services.auth.viewerOf(token)) !== null;

describe('asking for a mail', () => {
  const requests = ['requestPasswordReset', 'requestEmailVerification'] as const;
  const written = async () => {
    const rows = await api.db.execute<{ type: string; keys: number }>(
      sql`select type, (select count(*)::int from jsonb_object_keys(payload)) as keys from event order by id`,
    );
    return [...rows];
  };

  test.each(requests)('%s answers and writes the same, whether or not there is such an account', async (name) => {
    const { email } = await api.signUp();
    const before = (await written()).length;
    const answers = [
      await mutate(name, '', { email }),
      await mutate(name, '', { email: `no-${email}` }),
      await mutate(name, '', { email: email.toUpperCase() }),
    ];
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const events = (await written()).slice(before);
    expect(events).toHaveLength(3);
    expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1);
    // Nothing is looked up or made before a worker does.
    expect([...(await api.db.execute(sql`select 1 from verification where value like ${`%${email}`}`))]).toEqual([]);
  });

  test('is refused for an e-mail after five times, known or not', async () => {
    const { email } = await api.signUp();
    for (const to of [email, `no-${email}`]) {
      for (let times = 0; times < 5; times++) {
        expect(await mutate('requestPasswordReset', '', { email: to })).not.toHaveProperty('code');
      }
      expect(await mutate('requestPasswordReset', '', { email: to })).toMatchObject({ code: 'OVERLOADED' });
    }
  });
});

describe('a code that was mailed', () => {
  test('proves an e-mail, once', async () => {
    const { email, token } = await api.signUp();
    expect((await api.ask(VIEWER, {}, token)).data).toEqual({ viewer: { isEmailVerified: false } });
    const code = await mailed('VERIFY_EMAIL', email);
    expect(await verify(code, token)).toMatchObject({ isVerified: true });
    expect((await api.ask(VIEWER, {}, token)).data).toEqual({ viewer: { isEmailVerified: true } });
    expect(await verify(code, token)).toMatchObject(BAD_CODE);
    const again = { purpose: 'VERIFY_EMAIL', email, now: now() } as const;
    expect(await makeMailedCode(api.services.db, again)).toBeNull();
  });

  test('proves nothing for an account that somebody else made with the e-mail of another', async () => {
    const [stranger, reader] = [await api.signUp(), await api.signUp()];
    const code = await mailed('VERIFY_EMAIL', stranger.email);
    expect(await verify(code, reader.token)).toMatchObject(BAD_CODE);
    expect((await api.ask(VIEWER, {}, stranger.token)).data).toEqual({ viewer: { isEmailVerified: false } });
  });

  test('is used by one of many who send it at the same time', async () => {
    const { email } = await api.signUp();
    const code = await mailed('RESET_PASSWORD', email);
    const answers = await Promise.all(Array.from({ length: 5 }, () => reset(code)));
    expect(answers.filter((answer) => JSON.stringify(answer).includes('isReset'))).toHaveLength(1);
  });

  test('is good for one purpose, for an hour, and until the next one is mailed', async () => {
    const { email } = await api.signUp();
    expect(await reset(await mailed('VERIFY_EMAIL', email))).toMatchObject(BAD_CODE);
    const first = await mailed('RESET_PASSWORD', email);
    const second = await mailed('RESET_PASSWORD', email);
    expect(await reset(first)).toMatchObject(BAD_CODE);
    movedMs += CODE_MS;
    expect(await reset(second)).toMatchObject(BAD_CODE);
    const third = await mailed('RESET_PASSWORD', email);
    movedMs += CODE_MS - 5_000;
    expect(await reset(third)).toMatchObject({ isReset: true });
  });

  test('sets the first password of an account that an identity provider made', async () => {
    const { email, id } = await api.signUp();
    await api.db.execute(sql`delete from account where user_id = ${id}`);
    expect(await reset(await mailed('RESET_PASSWORD', email))).toMatchObject({ isReset: true });
    const rows = await api.db.execute(sql`
      select provider_id, account_id, password is not null as has_password from account where user_id = ${id}`);
    expect([...rows]).toEqual([{ provider_id: 'credential', account_id: id, has_password: true }]);
  });

  test('is nothing for an e-mail that has changed since', async () => {
    const { email, id } = await api.signUp();
    const code = await mailed('RESET_PASSWORD', email);
    await api.db.execute(sql`update "user" set email = ${`new-${email}`} where id = ${id}`);
    expect(await reset(code)).toMatchObject(BAD_CODE);
  });

  test('is kept only as its hash', async () => {
    const { email } = await api.signUp();
    const code = await mailed('RESET_PASSWORD', email);
    const rows = [...(await api.db.execute(sql`select * from verification where value like ${`%${email}`}`))];
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(code);
  });
});

describe('a new password', () => {
  test('by a code ends every session, and the old password', async () => {
    const { email, token } = await api.signUp();
    const other = await signIn(email, PASSWORD);
    expect(await reset(await mailed('RESET_PASSWORD', email))).toMatchObject({ isReset: true });
    expect([await isSignedIn(token), await isSignedIn(other.token)]).toEqual([false, false]);
    await expect(signIn(email, PASSWORD)).rejects.toThrow('is not right');
    expect(await signIn(email, NEW_PASSWORD)).toMatchObject({ viewer: { email } });
  });

  test.each([
    { wasVerified: false, left: 0, name: 'ends API keys that whoever signed up unproven made' },
    { wasVerified: true, left: 1, name: 'leaves API keys of a proven account' },
  ])('by a code $name', async ({ wasVerified, left }) => {
    const { email, id, token } = await api.signUp();
    if (wasVerified) await verify(await mailed('VERIFY_EMAIL', email), token);
    const input = { name: 'A key', scopes: ['CATALOG_READ'] };
    expect(await mutate('createApiKey', '', input, token)).not.toHaveProperty('code');
    await reset(await mailed('RESET_PASSWORD', email));
    const keys = await api.db.execute(sql`select 1 from api_key where user_id = ${id} and revoked_at is null`);
    expect([...keys]).toHaveLength(left);
  });

  test('that is too short uses no code up', async () => {
    const { email } = await api.signUp();
    const code = await mailed('RESET_PASSWORD', email);
    expect(await reset(code, 'short')).toMatchObject({ code: 'VALIDATION' });
    expect(await reset(code)).toMatchObject({ isReset: true });
  });

  test('needs the present one, and ends the other sessions and every code that is out', async () => {
    const { email, token } = await api.signUp();
    const other = await signIn(email, PASSWORD);
    const code = await mailed('RESET_PASSWORD', email);
    const change = (password: string) =>
      mutate(
        'changePassword',
        '... on ChangePasswordPayload { viewer { email } }',
        { password, newPassword: NEW_PASSWORD },
        token,
      );
    expect(await change('not my password')).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await isSignedIn(other.token)).toBe(true);
    expect(await change(PASSWORD)).toMatchObject({ viewer: { email } });
    expect([await isSignedIn(token), await isSignedIn(other.token)]).toEqual([true, false]);
    expect(await reset(code, 'a third horse battery')).toMatchObject(BAD_CODE);
  });

  test('is tried ten times in a quarter of an hour', async () => {
    const { token } = await api.signUp();
    const input = { password: 'not my password', newPassword: NEW_PASSWORD };
    for (let tries = 0; tries < 10; tries++) await mutate('changePassword', '', input, token);
    expect(await mutate('changePassword', '', { ...input, password: PASSWORD }, token)).toMatchObject({
      code: 'OVERLOADED',
    });
  });
});

describe('my sessions', () => {
  const LIST = '{ mySessions(first: 10) { nodes { id isCurrent } } }';

  test('are listed with the one that asks; ended ones are good for nothing at once', async () => {
    const { email, token } = await api.signUp();
    const other = await signIn(email, PASSWORD);
    const { data } = await api.ask(LIST, {}, other.token);
    expect(data).toMatchObject({ mySessions: { nodes: [{ isCurrent: true }, { isCurrent: false }] } });
    const [row] = await api.db.execute<{ id: string }>(sql`select id from session where token = ${token}`);
    const id = encodeId('OpenSession', row?.id ?? '');
    expect(
      await mutate('revokeSession', '... on RevokeSessionPayload { sessionId }', { id }, other.token),
    ).toMatchObject({
      sessionId: id,
    });
    expect([await isSignedIn(token), await isSignedIn(other.token)]).toEqual([false, true]);
  });

  test('are ended by nobody else', async () => {
    const [mine, eve] = [await api.signUp(), await api.signUp()];
    const [row] = await api.db.execute<{ id: string }>(sql`select id from session where token = ${mine.token}`);
    const id = encodeId('OpenSession', row?.id ?? '');
    expect(await mutate('revokeSession', '', { id }, eve.token)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await isSignedIn(mine.token)).toBe(true);
  });

  test('are ended all together, with or without the one that asks', async () => {
    const { email, token } = await api.signUp();
    const other = await signIn(email, PASSWORD);
    const end = (keepThis: boolean) =>
      mutate('revokeSessions', '... on RevokeSessionsPayload { count }', { keepThis }, token);
    expect(await end(true)).toMatchObject({ count: 1 });
    expect([await isSignedIn(token), await isSignedIn(other.token)]).toEqual([true, false]);
    expect(await end(false)).toMatchObject({ count: 1 });
    expect(await isSignedIn(token)).toBe(false);
  });
});
