import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { allowedFields, LOG_FIELDS, maskText, openLog } from '../src/log.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));

function written(write: (log: ReturnType<typeof openLog>) => void): Record<string, unknown> {
  let line = '';
  write(openLog({ LOG_LEVEL: 'debug' }, { write: (text: string) => (line += text) }));
  return z.record(z.string(), z.unknown()).parse(JSON.parse(line));
}

test('a line holds the fields that are named, and no other', () => {
  const line = written((log) =>
    log.warn({ requestId: 'one', token: 'a', password: 'b', email: 'c', cookie: 'd', headers: {}, user: {} }, 'words'),
  );
  expect(Object.keys(line).sort()).toEqual(['level', 'msg', 'program', 'requestId', 'time']);
});

test.each([
  ['32 hex digits', '4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['anything else', 'bkh_Zk3v9QxT1mB7sD4fG8hJ2kL6', '[secret]'],
])('a trace is told as it is searched for, and nothing is hidden under its name: %s', (_what, traceId, told) => {
  expect(written((log) => log.warn({ traceId }, 'words'))['traceId']).toBe(told);
});

test('an error is told by its class, code and place, without the values of its statement', () => {
  const cause = Object.assign(new Error('duplicate key value violates unique constraint "user_email_key"'), {
    code: '23505',
    constraint_name: 'user_email_key',
    detail: 'Key (email)=(ada@example.org) already exists.',
  });
  const err = new Error('Failed query: insert into "user" values ($1)\nparams: ada@example.org,Ada', { cause });
  const line = JSON.stringify(written((log) => log.error({ err }, 'a request failed unexpectedly')));
  expect(line).not.toMatch(/ada@example|Ada\b|insert into|params/);
  expect(line).toContain('user_email_key');
  expect(line).toContain('log.test.ts');
});

test('what was to be JSON is not told when it is none', () => {
  let err: unknown;
  try {
    JSON.parse('hunter2');
  } catch (error) {
    err = error;
  }
  const line = JSON.stringify(written((log) => log.error({ err }, 'a request failed unexpectedly')));
  expect(line).not.toContain('hunter2');
  expect(line).toContain('SyntaxError');
});

test.each([
  ['sent to ada@example.org', 'sent to [e-mail]'],
  ['connect postgres://user:hunter2@db:5432/x', 'connect postgres://[credentials]@db:5432/x'],
  ['Authorization: Bearer abc.def', 'Authorization: Bearer [credential]'],
  ['GET /uploads/1?expires=5&signature=abcdef', 'GET /uploads/1?expires=5&signature=[secret]'],
  ['token 3f2a9c81b7d64e05a1b2c3d4e5f60718', 'token [secret]'],
  ['key bkh_Zk3v9QxT1mB7sD4fG8hJ2kL6', 'key [secret]'],
  ['run 0199aaaa-1234-7000-8000-0123456789ab', 'run 0199aaaa-1234-7000-8000-0123456789ab'],
  ['stage purchase.capture-payment of order.placed', 'stage purchase.capture-payment of order.placed'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
])('masks what is personal or secret in words, and nothing else: %s', (text, masked) => {
  expect(maskText(text)).toBe(masked);
});

test('every field that the source logs is one that may be logged', () => {
  const unknown: string[] = [];
  for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))) {
    const text = readFileSync(`${src}/${name}`, 'utf8');
    for (const [, fields = ''] of text.matchAll(/\blog\s*\.(?:debug|info|warn|error)\(\s*\{([^{}]*)\}/g)) {
      for (const part of fields.split(/,(?![^(]*\))/)) {
        const field = /^\s*(?:\.\.\.)?([\w$]+)/.exec(part)?.[1];
        if (field !== undefined && !LOG_FIELDS.has(field)) unknown.push(`${name}: ${field}`);
      }
    }
  }
  expect(unknown).toEqual([]);
});

test('a nested value is masked too', () => {
  expect(allowedFields({ lastLines: ['for ada@example.org', { of: 'bob@example.org' }] })).toEqual({
    lastLines: ['for [e-mail]', { of: '[e-mail]' }],
  });
});
