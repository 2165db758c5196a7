import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { EnvError, envExample, envVariables, misspelt, parseEnv, publicUrl } from '../src/env.ts';

const names = envVariables.map(({ name }) => name);

function faultsOf(source: Record<string, string>): readonly string[] {
  try {
    parseEnv(source);
    return [];
  } catch (error) {
    if (error instanceof EnvError) return error.faults;
    throw error;
  }
}

describe('parseEnv', () => {
  test('needs nothing: an empty environment gives the defaults', () => {
    const env = parseEnv({});
    expect(env).toMatchObject({
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: 4000,
      REDIS_KEY_PREFIX: 'booky:',
      LOG_LEVEL: 'warn',
      STREAM_SHARDS: 1,
      DRAIN_TIMEOUT_MS: 25_000,
      UPLOAD_BYTES_MAX: 209_715_200,
      UPLOADS_PER_DAY_MAX: 200,
      UPLOAD_BYTES_PER_ACCOUNT_MAX: 10_737_418_240,
      CORS_ORIGINS: [],
      PAYMENT_GATEWAY: 'sandbox',
    });
    expect(env.DATABASE_URL).toBeUndefined();
    expect(isAbsolute(env.DATA_DIR)).toBe(true);
  });

  test('refuses a secret that repeats itself, and a previous one that is none, and repeats neither', () => {
    const secret = 'ab'.repeat(20);
    const previous = 'one that was used for a year until today';
    expect(faultsOf({ APP_SECRET: secret })).toEqual([expect.stringMatching(/^APP_SECRET: repeats itself/)]);
    expect(faultsOf({ APP_SECRET: previous, APP_SECRET_PREVIOUS: previous })).toEqual([
      expect.stringMatching(/^APP_SECRET_PREVIOUS: is the same/),
    ]);
    const alone = faultsOf({ APP_SECRET_PREVIOUS: previous });
    expect(alone).toEqual([expect.stringMatching(/^APP_SECRET_PREVIOUS: is of no use without/)]);
    expect(alone.join()).not.toContain(previous);
  });

  test('counts an empty value as not set', () => {
    expect(parseEnv({ PORT: '', DATABASE_URL: ' ', APP_SECRET: '' })).toEqual(parseEnv({}));
  });

  test('tells every fault at once', () => {
    const faults = faultsOf({
      NODE_ENV: 'production',
      PORT: '70000',
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      REDIS_URL: 'localhost:6379',
      STREAM_SHARDS: '0',
      HEALTH_CRON: 'hourly please',
      CORS_ORIGINS: 'https://ok.example, https://shop.example/path',
      S3_ACCESS_KEY_ID: 'key',
    });
    expect(faults).toEqual([
      'PORT: must be a whole number from 0 to 65535; it is "70000".',
      expect.stringMatching(/^CORS_ORIGINS: .*"https:\/\/shop.example\/path" is none/),
      'DATABASE_URL: must be a URL of the form postgres://… or postgresql://….',
      'REDIS_URL: must be a URL of the form redis://… or rediss://….',
      'STREAM_SHARDS: must be a whole number from 1 to 64; it is "0".',
      expect.stringMatching(/^HEALTH_CRON: must be a cron expression/),
      expect.stringMatching(/^APP_SECRET: is required in production/),
      expect.stringMatching(/^S3_ACCESS_KEY_ID: is of no use without/),
    ]);
  });

  test('never repeats a secret', () => {
    const secrets = { APP_SECRET: 'hunter2', DATABASE_URL: 'hunter2', SMTP_URL: 'hunter2', STORAGE_URL: 'hunter2' };
    const faults = faultsOf(secrets);
    expect(faults).toHaveLength(6);
    expect(faults.join('\n')).not.toContain('hunter2');
  });

  test.each([
    ['PORT', '4000.5'],
    ['PORT', '-1'],
    ['PORT', '0x10'],
    ['WORKER_BATCH_MAX', '1e3'],
    ['APP_SECRET', 'short'],
    ['SMTP_URL', 'http://mail.example'],
    ['STORAGE_URL', 's3://'],
    ['MAIL_FROM', 'nobody'],
    ['ADMIN_EMAIL', 'admin'],
    ['REDIS_KEY_PREFIX', 'a b'],
    ['PAYMENT_GATEWAY', 'paypal'],
    ['LOG_LEVEL', 'loud'],
    ['OPENAI_BASE_URL', 'api.example.org'],
  ])('refuses %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value }).some((fault) => fault.startsWith(`${name}: `))).toBe(true);
  });

  test('takes its own defaults as input', () => {
    const written = Object.fromEntries(envVariables.map((variable) => [variable.name, variable.default]));
    expect(parseEnv(written)).toEqual(parseEnv({}));
  });

  test('wants both keys with an s3:// address, and takes all three', () => {
    const storage = { STORAGE_URL: 's3://books?region=eu-central-1&endpoint=https://s3.example' };
    expect(faultsOf(storage)).toHaveLength(2);
    expect(faultsOf({ ...storage, S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' })).toEqual([]);
  });
});

test('derives the public address from host and port', () => {
  expect(publicUrl(parseEnv({}))).toBe('http://localhost:4000');
  expect(publicUrl(parseEnv({ PORT: '0' }), 51_234)).toBe('http://localhost:51234');
  expect(publicUrl(parseEnv({ HOST: '::ffff' }))).toBe('http://[::ffff]:4000');
  expect(publicUrl(parseEnv({ PUBLIC_URL: 'https://books.example/' }))).toBe('https://books.example');
});

test('points out a misspelt name, and no other', () => {
  expect(
    misspelt({ DATABSE_URL: 'x', REDIS_URI: 'y', HOME: '/', PATH: '/bin', TEST_DATABASE_URL: 'z', PORT: '1' }),
  ).toEqual([
    'DATABSE_URL is not a variable of Booky Hub; did you mean DATABASE_URL?',
    'REDIS_URI is not a variable of Booky Hub; did you mean REDIS_URL?',
  ]);
});

test('a faulty environment ends the program with exit code 1 and all faults on stderr', () => {
  const program = `await import(${JSON.stringify(new URL('../src/env.ts', import.meta.url).href)}).then((m) => m.loadEnv())`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], PORT: 'many', REDIS_URL: 'nowhere', DATABSE_URL: 'x' },
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/did you mean DATABASE_URL\?[^]*faults:[^]*PORT: [^]*REDIS_URL: /);
});

test('.env.example lists every variable', async () => {
  await expect(envExample()).toMatchFileSnapshot('../.env.example');
});

describe('docker-compose.yml', () => {
  const text = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
  const service = z.object({ environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}) });
  const compose = z.object({ services: z.record(z.string(), service) }).parse(parse(text, { merge: true }));

  test('has PostgreSQL, Redis, api and worker', () => {
    expect(Object.keys(compose.services)).toEqual(['postgres', 'redis', 'api', 'worker']);
  });

  test('reads from its surroundings only variables that are explained', () => {
    const asked = [...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1]);
    const imageOwn = Object.keys(compose.services['postgres']?.environment ?? {});
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => name !== undefined && ![...names, ...imageOwn].includes(name))).toEqual([]);
  });

  test.each(['api', 'worker'])('gives %s only variables that are known, with values that are sound', (role) => {
    const { environment } = service.parse(compose.services[role]);
    expect(Object.keys(environment).filter((name) => !names.includes(name))).toEqual([]);
    const filled = Object.entries(environment).map(([name, value]) => [name, fillIn(String(value))]);
    expect(faultsOf(Object.fromEntries(filled))).toEqual([]);
  });
});

/** As Compose does: the default after `:-`, else what the reader was asked to set. */
function fillIn(value: string): string {
  return value.replaceAll(
    /\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_, fallback: string | undefined) => fallback ?? '0123456789abcdef'.repeat(2),
  );
}

describe('identity providers', () => {
  const keys = { OIDC_CLIENT_ID: 'the-shop', OIDC_CLIENT_SECRET: 'hunter2' };

  test('need their keys, which are of no use without them and are repeated in no fault', () => {
    expect(faultsOf({ OIDC_ISSUER: 'https://id.example.org' })).toHaveLength(2);
    expect(faultsOf(keys)).toHaveLength(2);
    expect(faultsOf(keys).join()).not.toContain('hunter2');
    expect(faultsOf({ OIDC_ISSUER: 'https://id.example.org', ...keys })).toEqual([]);
    expect(faultsOf({ GITHUB_CLIENT_ID: 'x' })).toEqual([expect.stringContaining('GITHUB_CLIENT_SECRET')]);
  });

  test('are reached by https, but for one beside us', () => {
    expect(faultsOf({ OIDC_ISSUER: 'http://id.example.org', ...keys })).toEqual([expect.stringContaining('https')]);
    expect(faultsOf({ OIDC_ISSUER: 'http://localhost:3000', ...keys })).toEqual([]);
  });
});

describe('payment gateway', () => {
  const keys = { STRIPE_SECRET_KEY: 'sk_test_12345678', STRIPE_WEBHOOK_SECRET: 'whsec_12345678' };

  test('stripe needs its key and the secret of its webhooks, which are of no use without it', () => {
    expect(faultsOf({ PAYMENT_GATEWAY: 'stripe' })).toHaveLength(2);
    expect(faultsOf({ ...keys })).toHaveLength(2);
    expect(faultsOf({ PAYMENT_GATEWAY: 'stripe', ...keys })).toEqual([]);
  });

  test('takes two webhook secrets, so that one can be replaced, and repeats none in a fault', () => {
    const two = { ...keys, PAYMENT_GATEWAY: 'stripe', STRIPE_WEBHOOK_SECRET: 'whsec_12345678,whsec_abcdefgh' };
    expect(faultsOf(two)).toEqual([]);
    const wrong = faultsOf({ ...two, STRIPE_SECRET_KEY: 'pk_live_hunter2', STRIPE_WEBHOOK_SECRET: 'hunter2' });
    expect(wrong).toHaveLength(2);
    expect(wrong.join()).not.toContain('hunter2');
  });
});
