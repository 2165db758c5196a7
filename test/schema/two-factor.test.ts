import { sql } from 'drizzle-orm';
import { URI } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CHALLENGE_MS } from '../../src/accounts/sign-in-challenges.ts';
import { makeMailedCode } from '../../src/db/mailed-codes.ts';
import { PASSWORD, useApi } from './support/api.ts';

const STEP_MS = 30_000;
const HOUR_MS = 3_600_000;
// In the middle of a step, so that none ends while a test runs.
let nowMs = Math.ceil(Date.now() / STEP_MS) * STEP_MS + STEP_MS / 2;
const now = () => new Date(nowMs);
const api = useApi({ now });
const BAD_CODE = { code: 'INVALID_CODE' };

const mutate = async (name: string, payload: string, input: object, token?: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const more = `... on TwoFactorRequired { challenge expiresAt } ... on ${type}Payload { ${payload} }`;
  const text = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on Error { code } ${
    name === 'signIn' ? more : `... on ${type}Payload { ${payload} }`
  } } }`;
  const { data, errors } = await api.ask(text, { input }, token);
  return errors ? { errors: errors.map(({ extensions }) => extensions?.['code']) } : data?.[name];
};
const enable = (token: string, password = PASSWORD) =>
  mutate('enableTwoFactor', 'secret uri backupCodes', { password }, token);
const confirm = (token: string, code: string) => mutate('confirmTwoFactor', 'isOn', { code }, token);
const disable = (token: string, code: string, password = PASSWORD) =>
  mutate('disableTwoFactor', 'isOn', { password, code }, token);
const SESSION = 'session { token viewer { id } }';
const signIn = (email: string) => mutate('signIn', SESSION, { email, password: PASSWORD });
const complete = (challenge: string, code: string) => mutate('completeSignIn', SESSION, { challenge, code });
const kit = z.object({
  secret: z.string(),
  uri: z.string(),
  backupCodes: z.tuple([z.string(), z.string()], z.string()),
});
const begin = async (token: string) => kit.parse(await enable(token));
const opened = z.object({ session: z.object({ token: z.string() }) });
const challengeOf = async (email: string): Promise<string> =>
  z.object({ challenge: z.string() }).parse(await signIn(email)).challenge;
const isSignedIn = async (token: string) => (await api.services.auth.viewerOf(token)) !== null;

/** As the authenticator of somebody would, whose address is given by the URI. */
const codeAt = (uri: string, steps = 0) => {
  const totp = URI.parse(uri);
  if (!('period' in totp)) throw new TypeError('not a TOTP');
  return totp.generate({ timestamp: nowMs + steps * STEP_MS });
};

/** Switched on by the code of the step before the present one. */
async function somebody() {
  const person = await api.signUp();
  const { uri, backupCodes } = await begin(person.token);
  expect(await confirm(person.token, codeAt(uri, -1))).toMatchObject({ isOn: true });
  return { ...person, uri, backupCodes };
}

describe('switching on', () => {
  test('needs the password, and asks nothing at sign-in before a code confirms it', async () => {
    const { token, email } = await api.signUp();
    expect(await enable(token, 'not the password')).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await confirm(token, '123456')).toMatchObject({ code: 'INVALID_STATE' });
    const first = await begin(token);
    const second = await begin(token);
    expect(second.uri).toContain(`secret=${second.secret}`);
    expect(await signIn(email)).toHaveProperty('session');
    expect(await confirm(token, codeAt(first.uri))).toMatchObject(BAD_CODE);
    expect(await confirm(token, codeAt(second.uri))).toMatchObject({ isOn: true });
    expect(await signIn(email)).toMatchObject({ __typename: 'TwoFactorRequired' });
    expect((await api.ask('{ viewer { isTwoFactorOn } }', {}, token)).data).toEqual({
      viewer: { isTwoFactorOn: true },
    });
    expect(await enable(token)).toMatchObject({ code: 'CONFLICT' });
    expect(await confirm(token, codeAt(second.uri, 1))).toMatchObject({ code: 'CONFLICT' });
  });

  test('ends every other session', async () => {
    const { token, email } = await api.signUp();
    const other = opened.parse(await signIn(email)).session.token;
    await confirm(token, codeAt((await begin(token)).uri));
    expect([await isSignedIn(token), await isSignedIn(other)]).toEqual([true, false]);
  });

  test('keeps neither the secret nor a backup code as it is', async () => {
    const { id, token } = await api.signUp();
    const { secret, backupCodes } = await begin(token);
    const rows = await api.db.execute(
      sql`select t.*, b.hash from two_factor t join two_factor_backup_code b using (user_id) where user_id = ${id}`,
    );
    expect([...rows]).toHaveLength(10);
    for (const shown of [secret, ...backupCodes]) expect(JSON.stringify([...rows])).not.toContain(shown);
  });
});

describe('signing in', () => {
  test('takes the code of the present step, of the one before and the one after, and of no other', async () => {
    for (const { steps, isGood } of [
      { steps: -2, isGood: false },
      { steps: -1, isGood: true },
      { steps: 0, isGood: true },
      { steps: 1, isGood: true },
      { steps: 2, isGood: false },
    ]) {
      const { id, email, uri } = await somebody();
      await api.db.execute(sql`update two_factor set last_step = null where user_id = ${id}`);
      const answer = await complete(await challengeOf(email), codeAt(uri, steps));
      expect(answer, `${steps}`).toMatchObject(isGood ? { session: {} } : BAD_CODE);
    }
  });

  test('leaves no session before the code, and gives one that works after it', async () => {
    const { id, email, uri } = await somebody();
    const sessions = async () => [...(await api.db.execute(sql`select 1 from session where user_id = ${id}`))].length;
    const challenge = await challengeOf(email);
    expect(await sessions()).toBe(1);
    const { session } = opened.parse(await complete(challenge, codeAt(uri)));
    expect(await sessions()).toBe(2);
    expect(await isSignedIn(session.token)).toBe(true);
  });

  test('takes a code once, and none of a step before it', async () => {
    const { email, uri } = await somebody();
    expect(await complete(await challengeOf(email), codeAt(uri))).toHaveProperty('session');
    expect(await complete(await challengeOf(email), codeAt(uri))).toMatchObject(BAD_CODE);
    expect(await complete(await challengeOf(email), codeAt(uri, -1))).toMatchObject(BAD_CODE);
    nowMs += STEP_MS;
    expect(await complete(await challengeOf(email), codeAt(uri))).toHaveProperty('session');
  });

  test('takes a code from one of many who send it at the same time', async () => {
    const { email, uri } = await somebody();
    const challenges = [await challengeOf(email), await challengeOf(email), await challengeOf(email)];
    const answers = await Promise.all(challenges.map((challenge) => complete(challenge, codeAt(uri))));
    expect(answers.filter((answer) => opened.safeParse(answer).success)).toHaveLength(1);
  });

  test('takes a backup code once, however it is written', async () => {
    const { email, backupCodes } = await somebody();
    const [first, second] = backupCodes;
    expect(await complete(await challengeOf(email), first)).toHaveProperty('session');
    expect(await complete(await challengeOf(email), first)).toMatchObject(BAD_CODE);
    const typed = second.toLowerCase().replaceAll('-', ' ');
    expect(await complete(await challengeOf(email), typed)).toHaveProperty('session');
  });

  test('takes a challenge once, within five minutes, after a wrong code too, and for its account alone', async () => {
    const [mine, other] = [await somebody(), await somebody()];
    const challenge = await challengeOf(mine.email);
    expect(await complete(challenge, codeAt(other.uri))).toMatchObject(BAD_CODE);
    expect(await complete(challenge, codeAt(mine.uri))).toMatchObject({ session: { viewer: {} } });
    nowMs += STEP_MS;
    expect(await complete(challenge, codeAt(mine.uri))).toMatchObject(BAD_CODE);
    const late = await challengeOf(mine.email);
    nowMs += CHALLENGE_MS;
    expect(await complete(late, codeAt(mine.uri))).toMatchObject(BAD_CODE);
    const inTime = await challengeOf(mine.email);
    nowMs += CHALLENGE_MS - 1;
    expect(await complete(inTime, codeAt(mine.uri))).toHaveProperty('session');
  });

  test('is refused after ten codes in an hour, right or wrong', async () => {
    const { email, uri } = await somebody();
    const challenge = await challengeOf(email);
    // Confirming was the first.
    for (let times = 1; times < 10; times++) expect(await complete(challenge, '000000')).toMatchObject(BAD_CODE);
    expect(await complete(challenge, codeAt(uri))).toMatchObject({ code: 'OVERLOADED' });
    nowMs += HOUR_MS;
    expect(await complete(await challengeOf(email), codeAt(uri))).toHaveProperty('session');
  });
});

describe('switching off', () => {
  test('needs the password and a code', async () => {
    const { token, email, uri } = await somebody();
    expect(await disable(token, codeAt(uri), 'not the password')).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await disable(token, '000000')).toMatchObject(BAD_CODE);
    expect(await disable(token, codeAt(uri))).toMatchObject({ isOn: false });
    expect((await api.ask('{ viewer { isTwoFactorOn } }', {}, token)).data).toEqual({
      viewer: { isTwoFactorOn: false },
    });
    expect(await signIn(email)).toHaveProperty('session');
    expect(await disable(token, codeAt(uri, 1))).toMatchObject({ code: 'INVALID_STATE' });
  });

  test.each([
    { wasVerified: false, name: 'comes with a reset by mail when whoever signed up had not proven the e-mail' },
    { wasVerified: true, name: 'does not come with a reset by mail of a proven account; an open sign-in ends' },
  ])('$name', async ({ wasVerified }) => {
    const { id, email, uri } = await somebody();
    await api.db.execute(sql`update "user" set email_verified = ${wasVerified} where id = ${id}`);
    const challenge = await challengeOf(email);
    const made = await makeMailedCode(api.services.db, { purpose: 'RESET_PASSWORD', email, now: now() });
    const reset = { code: made?.code, newPassword: PASSWORD };
    expect(await mutate('resetPassword', 'isReset', reset)).toMatchObject({ isReset: true });
    expect(await complete(challenge, codeAt(uri))).toMatchObject(BAD_CODE);
    const __typename = wasVerified ? 'TwoFactorRequired' : 'SignInPayload';
    expect(await signIn(email)).toMatchObject({ __typename });
  });
});
