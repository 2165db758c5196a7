import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GatewayTimeoutError, GatewayUnavailableError } from '../../../src/ports/payments/gateway.ts';
import type { AuthorizeRequest, PaymentGateway } from '../../../src/ports/payments/gateway.ts';
import type { PaymentProvider } from '../../../src/ports/payments/provider.ts';
import { readSandboxBooks } from '../../../src/ports/payments/sandbox/books.ts';
import { createSandboxGatewayClient } from '../../../src/ports/payments/sandbox/client.ts';
import { listen } from '../../../src/ports/payments/sandbox/http.ts';
import { createSandboxNoticeReader, sandboxNoticeSecret } from '../../../src/ports/payments/sandbox/notices.ts';
import { startSandboxGateway } from '../../../src/ports/payments/sandbox/server.ts';
import { describePaymentGateway, type GatewayUnderTest } from './conformance.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const tempBooks = (): Promise<string> => mkdtemp(join(tmpdir(), 'booky-books-'));

function order(paymentToken: string): AuthorizeRequest {
  const id = randomUUID();
  return { idempotencyKey: `a-${id}`, amountMinor: 999, currency: 'EUR', reference: id, paymentToken };
}
/** What people do at the sandbox, by its control routes. */
function peopleAt(url: string): GatewayUnderTest['people'] {
  const post = async (path: string): Promise<Response> => {
    const answer = await fetch(new URL(path, url), { method: 'POST' });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer;
  };
  return {
    answerBank: async (ref, approves) => void (await post(`/actions/${ref}/${approves ? 'approve' : 'deny'}`)),
    completePayee: async (ref) => void (await post(`/payees/${ref}/complete`)),
    dispute: async (ref) =>
      z.object({ disputeRef: z.string() }).parse(await (await post(`/captures/${ref}/dispute`)).json()),
    endDispute: async (ref, isWon) => void (await post(`/disputes/${ref}/${isWon ? 'win' : 'lose'}`)),
    sendPayoutBack: async (ref) => void (await post(`/payouts/${ref}/fail`)),
    failRefund: async (ref) => void (await post(`/refunds/${ref}/fail`)),
  };
}
function captureOf(authorizationRef: string): Parameters<PaymentGateway['capture']>[0] {
  return { idempotencyKey: `c-${authorizationRef}`, authorizationRef, amountMinor: 999, currency: 'EUR' };
}

async function authorizeUntilAnswered(gateway: PaymentGateway, request: AuthorizeRequest): Promise<number> {
  for (let faults = 0; ; faults += 1) {
    try {
      await gateway.authorize(request);
      return faults;
    } catch (error) {
      if (!(error instanceof GatewayUnavailableError)) throw error;
    }
  }
}

describePaymentGateway('sandbox over HTTP', async () => {
  const booksPath = await tempBooks();
  const server = await startSandboxGateway({ booksPath, log });
  return {
    gateway: createSandboxGatewayClient({ url: server.url, timeoutMs: 5_000 }),
    tokens: { succeeds: 'tok_succeeds', declined: 'tok_declined', requiresAction: 'tok_requires_action' },
    people: peopleAt(server.url),
    async stop() {
      await server.stop();
      await rm(booksPath, { recursive: true });
    },
  };
});

describe('sandbox gateway', () => {
  let booksPath: string;
  let server: Awaited<ReturnType<typeof startSandboxGateway>>;
  let gateway: PaymentProvider;

  async function start(): Promise<void> {
    server = await startSandboxGateway({ booksPath, log, slowMs: 50, hangMsMax: 5_000 });
    gateway = createSandboxGatewayClient({ url: server.url, timeoutMs: 300 });
  }
  beforeEach(async () => {
    booksPath = await tempBooks();
    await start();
  });
  afterEach(async () => {
    await server.stop();
    await rm(booksPath, { recursive: true });
  });

  async function authorized(paymentToken: string): Promise<string> {
    const answer = await gateway.authorize(order(paymentToken));
    if (answer.kind !== 'AUTHORIZED') throw new Error(answer.kind);
    return answer.authorizationRef;
  }
  async function script(rates: Record<string, number>, more: object = {}): Promise<void> {
    const body = JSON.stringify({ seed: 7, rates, ...more });
    expect((await fetch(`${server.url}/script`, { method: 'POST', body })).status).toBe(200);
  }

  it.each([
    ['tok_timeout_before_authorize', 0],
    ['tok_timeout_after_authorize', 1],
  ])('%s times out with %i in the books, then the repeat authorizes once', async (token, bookedMeanwhile) => {
    const request = order(token);
    await expect(gateway.authorize(request)).rejects.toThrow(GatewayTimeoutError);
    expect((await readSandboxBooks(booksPath)).authorizations).toHaveLength(bookedMeanwhile);
    expect(await gateway.authorize(request)).toMatchObject({ kind: 'AUTHORIZED' });
    expect((await readSandboxBooks(booksPath)).byReference(request.reference)).toHaveLength(1);
  });

  it.each([
    ['tok_timeout_before_capture', 0],
    ['tok_timeout_after_capture', 1],
  ])('%s times out with %i in the books, then the repeat captures once', async (token, bookedMeanwhile) => {
    const request = captureOf(await authorized(token));
    await expect(gateway.capture(request)).rejects.toThrow(GatewayTimeoutError);
    expect((await readSandboxBooks(booksPath)).captures).toHaveLength(bookedMeanwhile);
    expect(await gateway.capture(request)).toMatchObject({ kind: 'CAPTURED' });
    expect((await readSandboxBooks(booksPath)).captures).toHaveLength(1);
  });

  it('fails tok_error_500 twice with an unknown outcome, then authorizes', async () => {
    const request = order('tok_error_500');
    await expect(gateway.authorize(request)).rejects.toThrow(GatewayUnavailableError);
    await expect(gateway.authorize(request)).rejects.toMatchObject({ outcomeUnknown: true });
    expect(await gateway.authorize(request)).toMatchObject({ kind: 'AUTHORIZED' });
  });

  it('refuses the capture of tok_capture_refused because the authorization has expired', async () => {
    const authorizationRef = await authorized('tok_capture_refused');
    const answer = await gateway.capture(captureOf(authorizationRef));
    expect(answer).toMatchObject({ kind: 'REFUSED', reasonCode: 'authorization_expired' });
    expect(await gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'EXPIRED' });
  });

  it('declines tok_insufficient_funds with its own reason, and answers tok_slow late', async () => {
    expect(await gateway.authorize(order('tok_insufficient_funds'))).toMatchObject({
      reasonCode: 'insufficient_funds',
    });
    const begin = performance.now();
    await authorized('tok_slow');
    expect(performance.now() - begin).toBeGreaterThan(45);
  });

  it.each([
    ['approve', 'AUTHORIZED'],
    ['deny', 'DECLINED'],
  ])('lets the buyer %s a payment that needs an action, once; lookup then says %s', async (decision, kind) => {
    const request = order('tok_requires_action');
    const first = await gateway.authorize(request);
    if (first.kind !== 'REQUIRES_ACTION') throw new Error(first.kind);
    const capture = captureOf(first.authorizationRef);
    expect(await gateway.capture(capture)).toMatchObject({ kind: 'REFUSED', reasonCode: 'action_pending' });
    expect(await (await fetch(first.actionUrl)).text()).toContain(request.reference);
    expect((await fetch(`${first.actionUrl}/${decision}`, { method: 'POST' })).status).toBe(200);
    await fetch(`${first.actionUrl}?decision=${decision === 'deny' ? 'approve' : 'deny'}`);
    expect(await gateway.lookup({ idempotencyKey: request.idempotencyKey })).toMatchObject({ kind });
    expect((await gateway.capture(capture)).kind).toBe(kind === 'AUTHORIZED' ? 'CAPTURED' : 'REFUSED');
    expect(await gateway.authorize(request)).toEqual(first);
  });

  it('keeps its books over a restart, the faults played among them', async () => {
    const slow = order('tok_timeout_before_authorize');
    await expect(gateway.authorize(slow)).rejects.toThrow(GatewayTimeoutError);
    const request = order('tok_succeeds');
    const answer = await gateway.authorize(request);
    await server.stop();
    await start();
    expect(await gateway.authorize(request)).toEqual(answer);
    expect(await gateway.authorize(slow)).toMatchObject({ kind: 'AUTHORIZED' });
  });

  it('drops a last line that a kill cut short, and names a damaged line', async () => {
    await authorized('tok_succeeds');
    await server.stop();
    await appendFile(join(booksPath, 'journal.jsonl'), '{"type":"capt');
    await start();
    await authorized('tok_succeeds');
    expect((await readSandboxBooks(booksPath)).authorizations).toHaveLength(2);
    const damagedPath = await tempBooks();
    await writeFile(join(damagedPath, 'journal.jsonl'), 'nonsense\n');
    await expect(startSandboxGateway({ booksPath: damagedPath, log })).rejects.toThrow(/Line 1 of .*journal\.jsonl/);
    await rm(damagedPath, { recursive: true });
  });

  it('refuses a second gateway on the same books', async () => {
    await expect(startSandboxGateway({ booksPath, log })).rejects.toMatchObject({ code: 'SANDBOX_BOOKS_IN_USE' });
  });

  it('plays scripted faults by their seed, leaves each key alone in the end, and heals when told', async () => {
    await script({ cutBefore: 0.3, cutAfter: 0.3, error500: 0.2 });
    let faults = 0;
    for (let i = 0; i < 20; i += 1) {
      const request = { ...order('tok_succeeds'), idempotencyKey: `scripted-${i}` };
      faults += await authorizeUntilAnswered(gateway, request);
    }
    const books = await readSandboxBooks(booksPath);
    expect(books.authorizations).toHaveLength(20);
    expect(faults).toBe([...books.faultsByKey.values()].flat().length);
    // What seed 7 gives, on every machine.
    expect(faults).toBe(35);
    await script({ error500: 1 }, { operations: ['lookup'] });
    await expect(gateway.lookup({ idempotencyKey: 'scripted-1' })).rejects.toThrow(GatewayUnavailableError);
    await fetch(`${server.url}/script`, { method: 'DELETE' });
    expect(await gateway.lookup({ idempotencyKey: 'scripted-1' })).toMatchObject({ kind: 'AUTHORIZED' });
  });

  it.each([
    ['payout-waits', 'PROCESSING'],
    ['payout-refused', 'REFUSED'],
    ['author', 'PAID'],
  ])('answers a payout to %s@… with %s, and keeps it over a restart', async (email, kind) => {
    const asked = { idempotencyKey: 'payee', reference: 'ada', email: `${email}@example.org`, country: 'DE' };
    const { payeeRef } = await gateway.openPayee(asked);
    await peopleAt(server.url).completePayee(payeeRef);
    const request = { idempotencyKey: 'pay', payeeRef, amountMinor: 1, currency: 'EUR', reference: 'p' };
    const answer = await gateway.pay(request);
    expect(answer).toMatchObject({ kind });
    await server.stop();
    await start();
    expect(await gateway.pay(request)).toEqual(answer);
    const state = await gateway.lookupPayout({ idempotencyKey: 'pay' });
    expect(state.kind).toBe(kind === 'REFUSED' ? 'NOT_FOUND' : kind);
    if (kind !== 'PROCESSING' || !('payoutRef' in state)) return;
    await fetch(`${server.url}/payouts/${state.payoutRef}/settle`, { method: 'POST' });
    expect(await gateway.lookupPayout({ idempotencyKey: 'pay' })).toMatchObject({ kind: 'PAID' });
  });

  it('tells the shop, signed, when the buyer has answered the bank', async () => {
    const secret = sandboxNoticeSecret('of the shop');
    const reader = createSandboxNoticeReader(secret);
    const heard = Promise.withResolvers<unknown>();
    const shop = createServer((request, response) => {
      void buffer(request).then((body) => {
        const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': by } = request.headers;
        const headers = { 'webhook-id': String(id), 'webhook-timestamp': String(at), 'webhook-signature': String(by) };
        heard.resolve(reader.readNotice(body, headers));
        response.end();
      });
    });
    const url = await listen(shop, '127.0.0.1', 0);
    await server.stop();
    server = await startSandboxGateway({ booksPath, log, notices: { url, secret } });
    gateway = createSandboxGatewayClient({ url: server.url });
    const request = order('tok_requires_action');
    const asked = await gateway.authorize(request);
    if (asked.kind !== 'REQUIRES_ACTION') throw new Error(asked.kind);
    await fetch(`${asked.actionUrl}/approve`, { method: 'POST' });
    expect(await heard.promise).toMatchObject({
      kind: 'PAYMENT',
      ref: asked.authorizationRef,
      reference: request.reference,
    });
    shop.close();
  });

  it('gives up when the caller aborts, with the outcome unknown', async () => {
    const request = { ...order('tok_timeout_before_authorize'), signal: AbortSignal.timeout(20) };
    await expect(gateway.authorize(request)).rejects.toThrow(GatewayTimeoutError);
  });

  it('is unavailable, with the outcome unknown, when nothing listens', async () => {
    const nowhere = createSandboxGatewayClient({ url: 'http://127.0.0.1:1', timeoutMs: 300 });
    await expect(nowhere.checkHealth()).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE', outcomeUnknown: true });
  });
});

describe('sandbox gateway under kill -9', () => {
  it('has every answer it gave in its books, and goes on with them', async () => {
    const booksPath = await tempBooks();
    const answered = new Map<string, string>();
    const changed: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'gateway-process.ts'), booksPath], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line]: unknown[] = await once(child.stdout, 'data');
      const gateway = createSandboxGatewayClient({ url: String(line).trim(), timeoutMs: 2_000 });
      const exited = once(child, 'exit');
      const work = Array.from({ length: 60 }, async (_, i) => {
        const key = `k-${i}`;
        const request = { idempotencyKey: key, amountMinor: 1, currency: 'EUR', paymentToken: 'tok', reference: key };
        const answer = await gateway.authorize(request).catch(() => null);
        if (answer?.kind === 'AUTHORIZED') {
          if ((answered.get(key) ?? answer.authorizationRef) !== answer.authorizationRef) changed.push(key);
          answered.set(key, answer.authorizationRef);
          if (answered.size === 10 * (round + 1)) child.kill('SIGKILL');
        }
      });
      await Promise.all(work);
      child.kill('SIGKILL');
      await exited;
    }
    const books = await readSandboxBooks(booksPath);
    expect(changed).toEqual([]);
    for (const [key, ref] of answered) expect(books.byKey(key)?.authorizationRef).toBe(ref);
    expect(new Set(books.authorizations.map((entry) => entry.idempotencyKey)).size).toBe(books.authorizations.length);
    await rm(booksPath, { recursive: true });
  });
});
