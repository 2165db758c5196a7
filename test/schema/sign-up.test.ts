import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { CODE_MS } from '../../src/db/mailed-codes.ts';
import { makeSignUpCode } from '../../src/db/sign-ups.ts';
import { PASSWORD, useApi } from './support/api.ts';

let movedMs = 0;
const now = () => new Date(Date.now() + movedMs);
const api = useApi({ now, signsUpByMail: true });
const OTHER_PASSWORD = 'another horse battery';
const NO_CODE = { code: 'INVALID_CODE' };

const mutate = async (name: 'SignUp' | 'CompleteSignUp', input: object) => {
  const field = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  const { data, errors } = await api.ask(
    `mutation ($input: ${name}Input!) { result: ${field}(input: $input) { __typename ... on Error { code message }
      ... on ${name}Payload { session { token viewer { name email role isEmailVerified } } } } }`,
    { input },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data?.['result'];
};
const signUp = (email: string, password = PASSWORD) => mutate('SignUp', { name: 'Grace', email, password });
const complete = (code: string, password = PASSWORD) => mutate('CompleteSignUp', { code, password });
const anyEmail = () => `${randomUUID()}@example.org`;
const people = async () => [...(await api.db.execute<{ email: string }>(sql`select email from "user" order by email`))];

/** What the worker does with the newest sign-up with this e-mail. */
async function mailed(email: string): Promise<string> {
  const [asked] = await api.db.execute<{ askId: string }>(sql`
    select payload->>'askId' as "askId" from event
    where type = 'account-mail.asked' and payload->>'email' = ${email} order by id desc limit 1`);
  const made = await makeSignUpCode(api.services.db, { askId: asked?.askId ?? '', email, now: now() });
  if (!made || !('code' in made)) throw new Error('no code was made');
  return made.code;
}

describe('sign-up by mail', () => {
  test('answers and writes the same, whether or not the e-mail has an account, and makes none', async () => {
    const { email: taken } = await api.signUp();
    const known = await people();
    const free = anyEmail();
    const answers = [await signUp(taken), await signUp(free), await signUp(taken.toUpperCase())];
    expect(answers[0]).toMatchObject({ __typename: 'EmailConfirmationRequired', code: 'EMAIL_CONFIRMATION_REQUIRED' });
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await people()).toEqual(known);
    const written = await api.db.execute<{ email: string }>(sql`
      select payload->>'email' as email, payload->>'purpose' as purpose,
        v.value::jsonb->>'email' as "keptEmail", v.value::jsonb->>'name' as name
      from event join verification v on v.id = (payload->>'askId')::uuid
      where payload->>'email' in (${taken}, ${free}) order by event.id`);
    expect([...written]).toEqual(
      [taken, free, taken].map((email) => ({ email, purpose: 'SIGN_UP', keptEmail: email, name: 'Grace' })),
    );
  });

  test('keeps no password, only its hash', async () => {
    const email = anyEmail();
    await signUp(email);
    const rows = await api.db.execute(sql`
      select value from verification union all select payload::text from event where payload->>'email' = ${email}`);
    expect(JSON.stringify([...rows])).not.toContain(PASSWORD);
  });

  test('makes a proven account by the code with the password, and signs in', async () => {
    const email = anyEmail();
    await signUp(email.toUpperCase());
    const code = await mailed(email);
    const viewer = { name: 'Grace', email, role: 'READER', isEmailVerified: true };
    expect(await complete(code)).toMatchObject({ session: { viewer } });
    expect(await api.services.auth.signIn({ email, password: PASSWORD, address: email })).toMatchObject({
      viewer: { email },
    });
    expect(await complete(code)).toMatchObject(NO_CODE);
  });

  test('makes none for who opens the link and does not know the password: a stranger may have signed up', async () => {
    const email = anyEmail();
    await signUp(email, OTHER_PASSWORD);
    const code = await mailed(email);
    expect(await complete(code)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(await people()).not.toContainEqual({ email });
    expect(await complete(code, OTHER_PASSWORD)).toMatchObject({ session: { viewer: { email } } });
  });

  test('makes one account of many codes and many who send them', async () => {
    const email = anyEmail();
    await signUp(email);
    const first = await mailed(email);
    await signUp(email, OTHER_PASSWORD);
    const second = await mailed(email);
    const answers = await Promise.all([complete(first), complete(first), complete(second, OTHER_PASSWORD)]);
    expect(answers.filter((answer) => JSON.stringify(answer).includes('token'))).toHaveLength(1);
    expect(answers.filter((answer) => JSON.stringify(answer).includes('INVALID_CODE'))).toHaveLength(2);
    expect((await people()).filter((one) => one.email === email)).toHaveLength(1);
  });

  test('holds for an hour after its mail, which a worker may send a day late, by its newest code', async () => {
    const email = anyEmail();
    await signUp(email);
    movedMs += 23 * CODE_MS;
    const replaced = await mailed(email);
    const code = await mailed(email);
    expect(await complete(replaced)).toMatchObject(NO_CODE);
    movedMs += CODE_MS;
    expect(await complete(code)).toMatchObject(NO_CODE);
    await expect(mailed(email)).rejects.toThrow('no code was made');
    // And what is over does not stay for ever: the next code takes it along.
    await signUp(anyEmail());
    await mailed(email).catch(() => {});
    const over = await api.db.execute(sql`select id from verification where expires_at <= ${now().toISOString()}`);
    expect([...over]).toEqual([]);
  });

  test('is refused for an e-mail after five times in an hour, taken or not', async () => {
    const { email } = await api.signUp();
    for (const to of [email, anyEmail()]) {
      for (let times = 0; times < 5; times++) {
        expect(await signUp(to)).toMatchObject({ code: 'EMAIL_CONFIRMATION_REQUIRED' });
      }
      expect(await signUp(to)).toMatchObject({ code: 'OVERLOADED' });
    }
  });
});
