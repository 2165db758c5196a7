import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { memoryAttempts, redisAttempts } from '../../src/accounts/attempts.ts';
import { EmailTaken, TooManyAttempts, WrongCredentials } from '../../src/accounts/errors.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
let nowMs = Date.parse('2030-01-01T00:00:00Z');
const clock = { now: () => new Date(nowMs) };
const open = () =>
  createAccounts({
    db: database.current.db,
    secret: 'a secret of more than thirty-two characters',
    publicUrl: 'http://127.0.0.1:4000',
    now: clock.now,
  });
const somebody = () => ({
  name: 'Ada',
  email: `${randomUUID()}@example.org`,
  password: 'correct horse battery',
  address: 'a',
});

describe('a session', () => {
  test('is good for a week, by the clock that was given', async () => {
    const accounts = open();
    const { token, expiresAt } = await accounts.signUp(somebody());
    expect(expiresAt.getTime() - nowMs).toBe(7 * 24 * 3_600_000);
    expect(await accounts.viewerOf(token)).toMatchObject({ role: 'READER' });
    nowMs = expiresAt.getTime();
    expect(await accounts.viewerOf(token)).toBeNull();
  });
});

test('sign-up tells that an e-mail is taken sixty times an hour from one address, and no more', async () => {
  const accounts = open();
  const ada = somebody();
  await accounts.signUp(ada);
  for (let tries = 1; tries < 60; tries++) await expect(accounts.signUp(ada)).rejects.toThrow(EmailTaken);
  // Then nothing is told, taken or not.
  await expect(accounts.signUp(ada)).rejects.toThrow(TooManyAttempts);
  await expect(accounts.signUp(somebody())).rejects.toThrow(TooManyAttempts);
  await expect(accounts.signUp({ ...ada, address: 'b' })).rejects.toThrow(EmailTaken);
  nowMs += 3_600_000;
  await expect(accounts.signUp(ada)).rejects.toThrow(EmailTaken);
});

test('a password is tried a hundred times an hour from all addresses together, and no more', async () => {
  const accounts = open();
  const ada = somebody();
  await accounts.signUp(ada);
  const attack = (address: string) => accounts.signIn({ ...ada, password: 'not my password', address });
  const tries = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => attack(`${at % 10}`)));
  for (const one of tries) expect(one).toMatchObject({ reason: expect.any(WrongCredentials) });
  await expect(attack('11')).rejects.toThrow(TooManyAttempts);
  await expect(accounts.signIn({ ...ada, address: '12' })).rejects.toThrow(TooManyAttempts);
  nowMs += 3_600_000;
  await expect(accounts.signIn({ ...ada, address: '12' })).resolves.toMatchObject({ viewer: { email: ada.email } });
});

describe('the first admin', () => {
  test('is made once, however many processes start together, and can sign in', async () => {
    const accounts = open();
    const made = await Promise.all(
      Array.from({ length: 5 }, () => open().ensureFirstAdmin({ email: 'Boss@example.org' })),
    );
    const [account, ...others] = made.filter((one) => one !== null);
    expect(others).toEqual([]);
    if (!account) throw new Error('no admin was made');
    expect(account.password.length).toBeGreaterThanOrEqual(24);
    const { viewer } = await accounts.signIn({ ...account, address: 'a' });
    expect(viewer).toMatchObject({ email: 'boss@example.org', role: 'ADMIN' });
    expect(await accounts.ensureFirstAdmin({ email: 'other@example.org' })).toBeNull();
  });

  test('does not take over the account of somebody else', async () => {
    const accounts = open();
    const { viewer } = await accounts.signUp(somebody());
    await expect(accounts.ensureFirstAdmin(viewer)).rejects.toThrow('Set ADMIN_EMAIL to a different address');
  });
});

describe('attempts', () => {
  const limit = { max: 2, windowMs: 60_000 };
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.disconnect());

  test.each(['in memory', 'in Redis'])('are counted %s and refused with the time to wait', async (where) => {
    const attempts =
      where === 'in memory' ? memoryAttempts(clock) : redisAttempts(redis, `test:${randomUUID()}:`, clock);
    expect([await attempts.take('a', limit), await attempts.take('a', limit)]).toEqual([0, 0]);
    const waitMs = await attempts.take('a', limit);
    expect(waitMs).toBeGreaterThan(59_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await attempts.take('b', limit)).toBe(0);
  });

  test('begin anew when the window is over', async () => {
    const attempts = memoryAttempts(clock);
    for (let times = 0; times < 3; times++) await attempts.take('a', limit);
    nowMs += 60_000;
    expect(await attempts.take('a', limit)).toBe(0);
  });

  test('are counted by each process alone while Redis is away', async () => {
    const away = new Redis({ host: '127.0.0.1', port: 1, lazyConnect: true, retryStrategy: () => null });
    away.on('error', () => {});
    const attempts = redisAttempts(away, 'test:', clock);
    expect([await attempts.take('a', limit), await attempts.take('a', limit)]).toEqual([0, 0]);
    expect(await attempts.take('a', limit)).toBeGreaterThan(0);
  });
});
