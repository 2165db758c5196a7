import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { openSharedSandbox } from '../../../src/ports/payments/sandbox/shared.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let booksPath: string;
beforeEach(async () => {
  booksPath = await mkdtemp(join(tmpdir(), 'booky-hub-shared-'));
});
afterEach(() => rm(booksPath, { recursive: true, force: true }));

const authorize = (gateway: Awaited<ReturnType<typeof openSharedSandbox>>, idempotencyKey: string) =>
  gateway.authorize({
    idempotencyKey,
    amountMinor: 999,
    currency: 'EUR',
    paymentToken: 'tok_succeeds',
    reference: idempotencyKey,
  });

test('processes that start at once share one set of books', async () => {
  const gateways = await Promise.all(Array.from({ length: 4 }, () => openSharedSandbox({ booksPath, log })));
  const answers = await Promise.all(gateways.map((gateway) => authorize(gateway, 'one')));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect((await readSandboxBooks(booksPath)).authorizations).toHaveLength(1);
  await Promise.all(gateways.map((gateway) => gateway.stop()));
});

test('when the keeper is gone, another takes the books over at the same address', async () => {
  const first = await openSharedSandbox({ booksPath, log });
  const second = await openSharedSandbox({ booksPath, log });
  const asked = await first.authorize({
    idempotencyKey: 'ask',
    amountMinor: 1,
    currency: 'EUR',
    paymentToken: 'tok_requires_action',
    reference: 'ask',
  });
  await first.stop();
  await expect(authorize(second, 'two')).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
  expect(await authorize(second, 'two')).toMatchObject({ kind: 'AUTHORIZED' });
  const page = await fetch('actionUrl' in asked ? asked.actionUrl : '');
  expect(page.status).toBe(200);
  await second.stop();
});
